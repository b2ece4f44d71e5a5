// Package storage joins the stores of one backend to a Set, so that wiring and tests
// can treat every backend alike.
//
// A backend is a subpackage. It implements the Store ports that the domain packages
// declare, translates its driver's errors into domain errors at its edge, and passes
// storage/storagetest, which is the contract in full.
//
// # Why it is so
//
// What a backend can do is told by Caps and never by its type: a caller that asks for
// the type would have to be changed for each new backend.
package storage
