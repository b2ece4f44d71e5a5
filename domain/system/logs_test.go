package system_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain/system"
)

// only returns the one entry of l as its JSON object.
func only(t *testing.T, l *system.Logs) map[string]any {
	t.Helper()
	entries := l.Entries()
	if len(entries) != 1 {
		t.Fatalf("%d entries", len(entries))
	}
	data, err := json.Marshal(entries[0])
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func TestZerologLinesBecomeEntries(t *testing.T) {
	for level, want := range map[zerolog.Level]float64{zerolog.TraceLevel: 10, zerolog.DebugLevel: 20, zerolog.InfoLevel: 30,
		zerolog.WarnLevel: 40, zerolog.ErrorLevel: 50, zerolog.FatalLevel: 60, zerolog.NoLevel: 30} {
		l := system.NewLogs()
		log := zerolog.New(l).Level(zerolog.TraceLevel)
		log.WithLevel(level).Time("time", time.UnixMilli(1795521690123).UTC().Truncate(time.Second)).Str("agentName", "Eliza").
			Str("agentId", "a").Str("roomId", "r").Int("n", 7).Msg("it <happened>")
		got := only(t, l)
		if got["level"] != want || got["time"] != 1795521690000.0 || got["msg"] != "it <happened>" || got["agentName"] != "Eliza" ||
			got["agentId"] != "a" || got["roomId"] != "r" || got["n"] != 7.0 || got["message"] != nil {
			t.Errorf("level %v: %v", level, got)
		}
	}
}

func TestLinesOfEveryShape(t *testing.T) {
	tests := []struct {
		line, msg   string
		level, time float64
	}{
		{`{"level":"success","time":1795521690,"message":"x"}`, "x", 27, 1795521690000},
		{`{"level":"progress","time":1795521690123,"msg":"x"}`, "x", 28, 1795521690123},
		{`{"level":"LOG","time":"2026-11-24T12:01:30Z","message":"x"}`, "x", 29, 1795521690000},
		{`{"level":35,"time":1795521690123,"message":"x"}`, "x", 35, 1795521690123},
		{`{"level":"odd","time":1795521690123}`, "", 30, 1795521690123},
		{`panic: plain text` + "\n", "panic: plain text", 30, 0},
		{`null`, "null", 30, 0},
		{"\xff\xfe", "\uFFFD", 30, 0},
	}
	for _, tt := range tests {
		l := system.NewLogs()
		if n, err := l.Write([]byte(tt.line)); n != len(tt.line) || err != nil {
			t.Errorf("%s: wrote %d, %v", tt.line, n, err)
		}
		got := only(t, l)
		if got["msg"] != tt.msg || got["level"] != tt.level || tt.time != 0 && got["time"] != tt.time || got["time"].(float64) < 1e12 {
			t.Errorf("%q: %v", tt.line, got)
		}
	}
}

func TestCredentialsAreRedacted(t *testing.T) {
	l := system.NewLogs()
	log := zerolog.New(l)
	log.Info().Str("apiKey", "hunter2").Str("X-API-KEY", "hunter2").Str("Authorization", "Bearer hunter2").
		Str("set_cookie", "hunter2").Strs("tokens", []string{"hunter2"}).Str("clientSecret", "hunter2").
		Interface("nested", map[string]any{"list": []any{map[string]any{"password": "hunter2", "fine": "shown"}}}).
		Interface("secrets", map[string]string{"K": "hunter2"}).
		Int("prompt_tokens", 12).Bool("hasToken", true).Msg("hello")
	data, err := json.Marshal(only(t, l))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(data); strings.Contains(text, "hunter2") || !strings.Contains(text, "shown") ||
		!strings.Contains(text, `"prompt_tokens":12`) || !strings.Contains(text, `"hasToken":true`) {
		t.Fatal(text)
	}
}

func TestBufferKeepsTheNewestWithinItsBounds(t *testing.T) {
	l := system.NewLogs()
	for i := range 2500 {
		fmt.Fprintf(l, `{"message":"%d"}`, i)
	}
	entries := l.Entries()
	if len(entries) != 1000 || entries[0].Msg != "1500" || entries[999].Msg != "2499" {
		t.Fatalf("%d entries from %s", len(entries), entries[0].Msg)
	}
	big := `{"level":"warn","message":"` + strings.Repeat("é", 10_000) + `","field":"` + strings.Repeat("x", 10_000) + `"}`
	for range 300 {
		_, _ = l.Write([]byte(big))
	}
	entries = l.Entries()
	last := entries[len(entries)-1]
	if len(entries) > 300 || len(last.Msg) > 8192 || last.Level != 40 || last.Fields["truncated"] != true || strings.Contains(last.Msg, "\uFFFD") {
		t.Fatalf("%d entries, message of %d bytes", len(entries), len(last.Msg))
	}
}

func TestSlowWatcherLosesEntriesAndDelaysNobody(t *testing.T) {
	l := system.NewLogs()
	slow, cancelSlow := l.Subscribe(2)
	quick, cancelQuick := l.Subscribe(100)
	defer cancelQuick()
	for i := range 50 {
		fmt.Fprintf(l, `{"message":"%d"}`, i)
	}
	if len(slow) != 2 || len(quick) != 50 || (<-slow).Msg != "0" {
		t.Fatalf("slow has %d, quick %d", len(slow), len(quick))
	}
	cancelSlow()
	cancelSlow()
	<-slow
	if _, open := <-slow; open {
		t.Fatal("the channel is not closed")
	}
	fmt.Fprint(l, `{"message":"on"}`)
	if len(quick) != 51 {
		t.Fatal("the other watcher stopped too")
	}
}

func TestWritersAndWatchersAtOnce(t *testing.T) {
	l := system.NewLogs()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				_, cancel := l.Subscribe(1)
				fmt.Fprint(l, `{"message":"x","token":"y"}`)
				_ = l.Entries()
				cancel()
			}
		})
	}
	wg.Wait()
	if len(l.Entries()) != 1000 {
		t.Fatal("entries are missing")
	}
}

func TestFilters(t *testing.T) {
	tests := []struct {
		filter string
		entry  system.Entry
		want   bool
	}{
		{`{}`, system.Entry{Level: 10}, true},
		{`{"agentName":"all","level":"all"}`, system.Entry{Level: 10}, true},
		{`{"agentName":"Eliza"}`, system.Entry{AgentName: "Eliza"}, true},
		{`{"agentName":"Eliza"}`, system.Entry{AgentName: "eliza"}, false},
		{`{"agentName":"Eliza"}`, system.Entry{}, false},
		{`{"level":"warn"}`, system.Entry{Level: 40}, true},
		{`{"level":"WARN"}`, system.Entry{Level: 50}, true},
		{`{"level":"warn"}`, system.Entry{Level: 30}, false},
		{`{"level":"progress"}`, system.Entry{Level: 27}, false},
		{`{"level":"nonsense"}`, system.Entry{Level: 60}, false},
		{`{"level":35}`, system.Entry{Level: 35}, true},
		{`{"level":35.5}`, system.Entry{Level: 34}, false},
		{`{"level":1e300}`, system.Entry{Level: 60}, false},
		{`{"level":-1e300}`, system.Entry{Level: 10}, true},
		{`{"level":null}`, system.Entry{Level: 10}, true},
	}
	for _, tt := range tests {
		var f system.Filter
		if err := json.Unmarshal([]byte(tt.filter), &f); err != nil {
			t.Fatalf("%s: %v", tt.filter, err)
		}
		if got := f.Match(tt.entry); got != tt.want {
			t.Errorf("%s on %+v: %v", tt.filter, tt.entry, got)
		}
	}
}

func TestFiltersMergeAndReadBackAsGiven(t *testing.T) {
	var f system.Filter
	for _, update := range []string{`{"level":"Warn"}`, `{"agentName":"Eliza"}`} {
		if err := json.Unmarshal([]byte(update), &f); err != nil {
			t.Fatal(err)
		}
	}
	data, err := json.Marshal(f)
	if err != nil || string(data) != `{"agentName":"Eliza","level":"Warn"}` {
		t.Fatalf("%s, %v", data, err)
	}
	if data, _ := json.Marshal(system.Filter{}); string(data) != `{}` {
		t.Errorf("empty: %s", data)
	}
	for _, bad := range []string{`{"level":true}`, `{"level":{}}`, `{"level":[]}`, `{"agentName":5}`} {
		if json.Unmarshal([]byte(bad), &f) == nil {
			t.Errorf("%s passed", bad)
		}
	}
}

// FuzzLogs checks that any line becomes an entry that can be encoded.
func FuzzLogs(f *testing.F) {
	f.Add([]byte(`{"level":"info","time":"2026-11-24T12:01:30Z","message":"x","apiKey":"hunter2"}`))
	f.Add([]byte(`{"time":1e999,"level":-1,"a":[{"b":{}}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		l := system.NewLogs()
		if n, err := l.Write(line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
		if _, err := json.Marshal(l.Entries()[0]); err != nil {
			t.Fatal(err)
		}
	})
}
