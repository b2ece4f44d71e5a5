package sio

import "syscall"

// awaitInput returns when there is something to read on a connection, its end included, or
// its read deadline has passed, which is the error. A goroutine that waits so needs so
// little of its stack that the smallest one is enough; one that waits within a read needs
// twice that, and buffers besides.
func awaitInput(raw syscall.RawConn) error {
	looked := false
	return raw.Read(func(fd uintptr) bool {
		if looked {
			return true
		}
		looked = true
		return readable(fd)
	})
}
