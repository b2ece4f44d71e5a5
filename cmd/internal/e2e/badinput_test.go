package e2e_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// maxResident bounds the server's memory under everything a bad client does, in MB.
const maxResident = 400

// TestBadInputGetsTheDocumentedErrorAndTroublesNobody runs over both transports.
func TestBadInputGetsTheDocumentedErrorAndTroublesNobody(t *testing.T) {
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			scenario(t, inSoak, func(t *testing.T, on topology) {
				c := on.start(t)
				node(t, "badinput.mjs", c.url, transport)
				for _, p := range c.replicas {
					peak, err := peakResident(p.cmd.Process.Pid)
					if err != nil {
						t.Fatal(err)
					}
					t.Logf("the server's peak resident memory was %d MB", peak)
					if peak > maxResident {
						t.Errorf("the server took %d MB, more than %d", peak, maxResident)
					}
				}
			})
		})
	}
}

// peakResident is a process's largest resident memory so far, in MB.
func peakResident(pid int) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.Fields(value)[0])
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmHWM for process %d", pid)
}
