package realtime

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"parley/domain"
	"parley/domain/system"
	"parley/realtime/sio"
)

// Vault keeps sessions where all replicas find them, each under a key and with the
// generation of who has it. Its types are the standard library's and the domain's, so that a
// store can implement it. Times are spans, for clocks differ. Safe for concurrent use.
type Vault interface {
	// Save keeps data for ttl, in place of what was there. kept is false, and nothing
	// changed, if there is something of a higher generation.
	Save(ctx context.Context, key, identity, owner string, generation int64, ttl time.Duration, data []byte) (kept bool, err error)
	// Look tells who has what is under a key, the last to save or take it, and its
	// generation, if that is of identity.
	Look(ctx context.Context, key, identity string) (owner string, generation int64, found bool, err error)
	// Take returns what is under a key and how long ago it was saved, if it is of identity
	// and of the generation. In the same step the generation is raised, and it is owner's.
	Take(ctx context.Context, key, identity, owner string, generation int64) (data []byte, age time.Duration, found bool, err error)
	// Drop forgets what is under a key, unless it is of a higher generation.
	Drop(ctx context.Context, key string, generation int64) error
}

var _ Sessions = (*VaultSessions)(nil)

// VaultSessions keeps sessions in a Vault.
type VaultSessions struct {
	vault   Vault
	replica string
	now     domain.Clock
}

// NewVaultSessions returns the sessions of a vault, as the replica of that name sees them.
func NewVaultSessions(v Vault, replica string, now domain.Clock) *VaultSessions {
	return &VaultSessions{vault: v, replica: replica, now: now}
}

// vaultKey is the name of a session in the vault. Who can read names there must not be able
// to come back as somebody else.
func vaultKey(pid string) string {
	sum := sha256.Sum256([]byte(pid))
	return hex.EncodeToString(sum[:16])
}

// sessionCode is the form of a session in a vault.
type sessionCode struct {
	SocketID string             `json:"socketId"`
	Rooms    []SavedRoom        `json:"rooms,omitempty"`
	Gone     []domain.ChannelID `json:"gone,omitempty"`
	Agents   []domain.AgentID   `json:"agents,omitempty"`
	Logs     *system.Filter     `json:"logs,omitempty"`
	Trail    *sio.Trail         `json:"trail,omitempty"`
}

// Save is part of Sessions.
func (v *VaultSessions) Save(ctx context.Context, s SavedSession) error {
	data, err := json.Marshal(sessionCode{SocketID: s.SocketID, Rooms: s.Rooms, Gone: s.Gone, Agents: s.Agents, Logs: s.Logs, Trail: s.Trail})
	if err != nil {
		return fmt.Errorf("encode a session: %w", err)
	}
	ttl := s.Until.Sub(v.now())
	if ttl <= 0 {
		return nil
	}
	kept, err := v.vault.Save(ctx, vaultKey(s.PID), s.Identity, v.replica, s.Generation, ttl, data)
	if err == nil && !kept {
		err = domain.Errorf(domain.Conflict, "The session was taken over by another connection")
	}
	return err
}

// Look is part of Sessions.
func (v *VaultSessions) Look(ctx context.Context, pid, identity string) (Place, bool, error) {
	owner, generation, found, err := v.vault.Look(ctx, vaultKey(pid), identity)
	return Place{Owner: owner, Generation: generation}, found, err
}

// Take is part of Sessions. Ended is when the session was saved, by this process's clock, and
// Began the same: of when a connection to another replica began nothing can be said.
func (v *VaultSessions) Take(ctx context.Context, pid, identity string, generation int64) (SavedSession, bool, error) {
	data, age, found, err := v.vault.Take(ctx, vaultKey(pid), identity, v.replica, generation)
	if err != nil || !found {
		return SavedSession{}, false, err
	}
	var code sessionCode
	if err := json.Unmarshal(data, &code); err != nil {
		return SavedSession{}, false, fmt.Errorf("decode a session: %w", err)
	}
	now := v.now()
	return SavedSession{PID: pid, Identity: identity, SocketID: code.SocketID, Generation: generation + 1, Ended: now.Add(-age),
		Until: now.Add(recoverFor - age), Rooms: code.Rooms, Gone: code.Gone, Agents: code.Agents, Logs: code.Logs, Trail: code.Trail}, true, nil
}

// Drop is part of Sessions.
func (v *VaultSessions) Drop(ctx context.Context, s SavedSession) error {
	return v.vault.Drop(ctx, vaultKey(s.PID), s.Generation)
}

// Shared is part of Sessions.
func (v *VaultSessions) Shared() bool { return true }
