// Package netfault is the network between two programs of one machine, for tests: it can
// be slow, be cut, and fall silent.
//
// Why it is so: the faults that matter are few, and to have them within the test's own
// process needs no privileges (as network namespaces would) and no other program.
package netfault
