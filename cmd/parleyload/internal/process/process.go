// Package process reads what a process of this machine has used, from Linux's /proc.
// Elsewhere every read fails, and the callers say that it was not measured.
package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// Usage is what a process has used so far.
type Usage struct {
	// CPU is user and system time of all its threads, without its child processes.
	CPU time.Duration
	// Resident is its resident memory in bytes.
	Resident int64
}

// Read returns the usage of the process now.
func Read(pid int) (Usage, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return Usage{}, fmt.Errorf("read CPU time: %w", err)
	}
	cpu, err := parseStat(stat)
	if err != nil {
		return Usage{}, err
	}
	statm, err := os.ReadFile(dir + "/statm")
	if err != nil {
		return Usage{}, fmt.Errorf("read memory: %w", err)
	}
	pages, err := parseStatm(statm)
	if err != nil {
		return Usage{}, err
	}
	return Usage{CPU: cpu, Resident: pages * int64(os.Getpagesize())}, nil
}

// parseStat returns user plus system time from the text of /proc/<pid>/stat.
func parseStat(stat []byte) (time.Duration, error) {
	// The name in parentheses may hold anything, even spaces and parentheses.
	end := bytes.LastIndexByte(stat, ')')
	fields := strings.Fields(string(stat[end+1:]))
	const user, system = 11, 12 // fields 14 and 15 of the whole line
	if end < 0 || len(fields) <= system {
		return 0, fmt.Errorf("read CPU time: %d fields in stat", len(fields))
	}
	u, errU := strconv.ParseInt(fields[user], 10, 64)
	s, errS := strconv.ParseInt(fields[system], 10, 64)
	if errU != nil || errS != nil {
		return 0, fmt.Errorf("read CPU time: %q and %q are no numbers", fields[user], fields[system])
	}
	return time.Duration(u+s) * tick, nil
}

// parseStatm returns the resident pages from the text of /proc/<pid>/statm.
func parseStatm(statm []byte) (int64, error) {
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0, fmt.Errorf("read memory: %d fields in statm", len(fields))
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	return pages, nil
}
