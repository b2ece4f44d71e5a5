// Package storagetest is the contract of a storage backend: what every implementation
// of the Store ports must do, as tests. It is an ordinary package, so that a backend
// anywhere can import it:
//
//	func TestContract(t *testing.T) { storagetest.Run(t, open) }
//
// Every case is a named function in the table of Run. All share one Set, run at the
// same time and tell their data apart by random ids, so one database can serve all,
// also one that holds other data.
package storagetest
