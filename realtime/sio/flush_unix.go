//go:build unix

package sio

import (
	"errors"
	"syscall"
)

// once makes one attempt; it always returns true, which means not to wait.
func (w *rawWriter) once(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), w.data)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return true
		case err != nil:
			w.err = err
			return true
		}
		w.n = n
		return true
	}
}
