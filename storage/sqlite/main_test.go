//go:build unix

package sqlite_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"
)

// roleVariable makes the test program play a part in the test of another process.
const roleVariable = "PARLEY_SQLITE_TEST_ROLE"

// TestMain runs the tests and looks for goroutines that they left behind.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := roles()[role](os.Getenv(roleVariable + "_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// child returns this program as another process that plays a role on a folder.
func child(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, roleVariable+"_DIR="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}
