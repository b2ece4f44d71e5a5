// Package blobtest is the contract of blob.Store as a test suite: an ordinary package, so
// that a backend anywhere can run it.
package blobtest
