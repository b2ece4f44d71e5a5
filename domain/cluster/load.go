package cluster

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ticksPerSecond is the unit in which Linux tells programs about the processors' time.
const ticksPerSecond = 100

// Meter measures how busy this process is. The zero value is ready. It is safe for
// concurrent use.
type Meter struct {
	mu      sync.Mutex
	last    time.Time
	seconds float64
}

// Read returns the load of the process; its connections are for the caller to fill in.
func (m *Meter) Read() Load {
	l := Load{Goroutines: runtime.NumGoroutine()}
	if fields := procFields("/proc/self/statm"); len(fields) > 1 {
		pages, _ := strconv.ParseUint(fields[1], 10, 64)
		l.Resident = pages * uint64(os.Getpagesize()) //nolint:gosec // a page size is positive
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now, seconds := time.Now(), processorSeconds()
	if past := now.Sub(m.last).Seconds(); !m.last.IsZero() && past > 0 {
		l.CPU = max(0, (seconds-m.seconds)/past)
	}
	m.last, m.seconds = now, seconds
	return l
}

// processorSeconds is the processors' time that the process has used, 0 without /proc.
func processorSeconds() float64 {
	const user, system = 11, 12 // counted behind the program's name
	fields := procFields("/proc/self/stat")
	if len(fields) <= system {
		return 0
	}
	a, _ := strconv.ParseFloat(fields[user], 64)
	b, _ := strconv.ParseFloat(fields[system], 64)
	return (a + b) / ticksPerSecond
}

// procFields are the fields of a file of /proc, behind a name in parentheses if there is one.
func procFields(path string) []string {
	text, err := os.ReadFile(path) //nolint:gosec // a file of /proc, named here
	if err != nil {
		return nil
	}
	line := string(text)
	return strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
}
