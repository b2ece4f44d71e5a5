package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// errHeld says that another process holds the lock.
var errHeld = errors.New("the file is locked")

// folderLock is the right of one process to use a data folder. The system takes it
// back when the process ends, however it does.
type folderLock struct {
	file *os.File
	// crashed says that the last holder did not give the lock back itself.
	crashed bool
}

// lockFolder takes the lock on the file at path, which holds the owner's process id.
// If another process has it, the error names that one.
func lockFolder(dir, path string) (*folderLock, error) {
	file, err := openLocked(path)
	if errors.Is(err, errHeld) {
		return nil, fmt.Errorf("data folder %s is in use by %s; stop it or choose another folder", dir, owner(path))
	}
	if err != nil {
		return nil, fmt.Errorf("lock data folder %s: %w", dir, err)
	}
	before, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the lock of data folder %s: %w", dir, err), file.Close())
	}
	// The process id is for people: on a full disk the lock holds without it.
	if file.Truncate(0) == nil {
		_, _ = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &folderLock{file: file, crashed: len(before) > 0}, nil
}

// release gives the lock back. The file stays: removing it would let two processes
// lock two files of the same name.
func (l *folderLock) release() error {
	return errors.Join(l.file.Truncate(0), l.file.Close())
}

// owner describes the process that the lock file at path names.
func owner(path string) string {
	data, err := os.ReadFile(path) //nolint:gosec // The path is ours, below the data folder.
	pid := strings.TrimSpace(string(data))
	if err != nil || pid == "" {
		return "another process"
	}
	return "process " + pid
}
