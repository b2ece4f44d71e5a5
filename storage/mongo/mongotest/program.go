package mongotest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

// program builds the server, unless it was built from the same sources before, and returns
// its path. It stays in the user's cache folder: linking it takes longer than most tests.
var program = sync.OnceValues(func() (string, error) {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return "", fmt.Errorf("the sources of FerretDB's program are not there")
	}
	source := filepath.Join(filepath.Dir(here), "..", "ferretdb")
	state, err := digest(source)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "parley-tests")
	bin := filepath.Join(dir, "ferretdb-"+state)
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	// Several test binaries may build at once: each moves what is complete into its place.
	built := fmt.Sprintf("%s.%d", bin, os.Getpid())
	build := exec.Command("go", "build", "-trimpath", "-tags", "ferretdb_sqlite", "-o", built, ".") //nolint:gosec // fixed but for the file's name
	build.Dir = source
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build FerretDB: %w\n%s", err, out)
	}
	return bin, os.Rename(built, bin)
})

// digest tells states of the sources and of the compiler apart.
func digest(dir string) (string, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintln(sum, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("find the sources of FerretDB's program in %s: %w", dir, fs.ErrNotExist)
	}
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // our own sources
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", filepath.Base(file), len(text), text)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:8]), nil
}
