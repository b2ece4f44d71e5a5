// Package domain holds the words that every part of Parley shares: typed IDs,
// the Actor who calls, the one error table, metadata and the clock.
//
// # Why it is so
//
// It imports nothing of ours, so that any package may import it. Business rules
// live in its sub-packages (messaging, agents, ...), each of which owns the ports
// it needs; adapters (storage, rest, realtime) implement or call them and are
// joined only in cmd/internal/app.
package domain
