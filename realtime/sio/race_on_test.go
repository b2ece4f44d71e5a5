//go:build race

package sio

// raceEnabled says that the race detector is on: tests are smaller then, and leave out
// the stock server, whose races are known.
const raceEnabled = true
