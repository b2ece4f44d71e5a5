// Package badinput holds tests that send a whole server what no client should: for every
// operation of the registry, through both doors, each field missing, of each wrong type,
// malformed, too long, out of range; and to the doors themselves requests and packets that
// are none. Each must be answered as the contract says, tell nothing of the inside, change
// nothing and trouble nobody else.
//
// The trials are made from the request types, so an operation that is added is tried
// without a line here. What differs for a good reason stands in exceptions_test.go with the
// reason; an exception that is no longer needed fails the test.
package badinput
