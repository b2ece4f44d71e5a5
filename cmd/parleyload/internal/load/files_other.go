//go:build !unix

package load

// allowFiles does nothing where there is no such limit.
func allowFiles(uint64) error { return nil }
