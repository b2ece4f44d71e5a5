//go:build race

package e2e_test

// underRace says that the tests run with the race detector; then the server does too.
const underRace = true
