//go:build !race

package sio

// raceEnabled says that the race detector is on.
const raceEnabled = false
