//go:build !race

package badinput_test

// underRace says that the tests run with the race detector.
const underRace = false
