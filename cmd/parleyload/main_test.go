package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/cmd/internal/fakeserver"
	"parley/cmd/parleyload/internal/load"
)

// TestWrongCommandLinesAreRefused with the exit code of usage and the fault by name.
func TestWrongCommandLinesAreRefused(t *testing.T) {
	for line, part := range map[string]string{
		"shout":                               "no command",
		"-sockets 0":                          "sockets must",
		"run -transport pigeon":               "transport must",
		"run -size 3":                         "size must",
		"run -url nowhere":                    "url must",
		"run -colour red":                     "colour",
		"run left over":                       "unexpected argument",
		"bench -rates 2,1":                    "rates must",
		"bench -rates x":                      "no rate",
		"idle -transports pigeon":             "transports must",
		"idle -rest -1s":                      "rest must",
		"replicas -rounds 0":                  "rounds must",
		"replicas -rates 0":                   "rates must",
		"bench -reference http://127.0.0.1:1": "reference-pid must",
	} {
		var out, progress bytes.Buffer
		if code := start(strings.Fields(line), &out, &progress); code != exitUsage || !strings.Contains(progress.String(), part) {
			t.Errorf("%q: code %d, %q", line, code, progress.String())
		}
	}
}

// TestHelpIsNoFault for the program and for each command.
func TestHelpIsNoFault(t *testing.T) {
	for _, line := range []string{"help", "-h", "run -h", "bench -h", "idle -h", "replicas -h"} {
		var out, progress bytes.Buffer
		if code := start(strings.Fields(line), &out, &progress); code != exitOK || out.Len()+progress.Len() == 0 {
			t.Errorf("%q: code %d and %d bytes", line, code, out.Len()+progress.Len())
		}
	}
}

// TestARunWritesItsReports and its exit code tells whether something was lost.
func TestARunWritesItsReports(t *testing.T) {
	dir := t.TempDir()
	reportFile, chartFile := filepath.Join(dir, "run.json"), filepath.Join(dir, "run.svg")
	run := func(o fakeserver.Options, more ...string) int {
		args := append([]string{"-url", fakeserver.New(t, o).URL, "-sockets", "4", "-channels", "2", "-rate", "50",
			"-duration", "1s", "-warmup", "0s", "-drain", "3s", "-json", reportFile, "-chart", chartFile}, more...)
		var out, progress bytes.Buffer
		code := start(args, &out, &progress)
		if !strings.Contains(out.String(), "deliveries") {
			t.Errorf("no report in %q; %q", out.String(), progress.String())
		}
		return code
	}
	if code := run(fakeserver.Options{}); code != exitOK {
		t.Errorf("a healthy server: code %d", code)
	}
	mute := fakeserver.Options{Deliver: func(int, string) []string { return nil }}
	if code := run(mute); code != exitFaults {
		t.Errorf("all lost: code %d", code)
	}
	if code := run(mute, "-allow-loss"); code != exitOK {
		t.Errorf("all lost, and allowed: code %d", code)
	}
	text, err := os.ReadFile(reportFile)
	if err != nil {
		t.Fatal(err)
	}
	var report load.Report
	if err := json.Unmarshal(text, &report); err != nil || report.Lost != 100 || report.Sent != 50 {
		t.Errorf("%v: %d of %d lost, want all 100", err, report.Lost, report.Expected)
	}
	if svg, err := os.ReadFile(chartFile); err != nil || !bytes.HasPrefix(svg, []byte("<svg")) {
		t.Errorf("chart: %v, %.20s", err, svg)
	}
}

// TestAServerThatIsNotThereIsAFault and not a crash.
func TestAServerThatIsNotThereIsAFault(t *testing.T) {
	var out, progress bytes.Buffer
	code := start([]string{"-url", "http://127.0.0.1:1", "-sockets", "2", "-channels", "1"}, &out, &progress)
	if code != exitFaults || !strings.Contains(progress.String(), "could not connect") {
		t.Errorf("code %d, %q", code, progress.String())
	}
}
