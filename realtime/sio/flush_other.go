//go:build !unix

package sio

// once writes nothing, so that the connection's own goroutine writes all.
func (w *rawWriter) once(uintptr) bool { return true }
