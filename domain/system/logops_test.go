package system_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/op"
	"parley/domain/system"
)

// noon is what the clocks of these tests show.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// logged returns a registry over a log with the lines, and the log. Each line is written
// as "<minutes before noon> <level> <agent name or -> <message>".
func logged(t *testing.T, lines ...string) (*op.Registry, *system.Logs) {
	t.Helper()
	logs := system.NewLogs()
	for _, line := range lines {
		var ago int
		var level, agent, text string
		if _, err := fmt.Sscan(line, &ago, &level, &agent, &text); err != nil {
			t.Fatal(err)
		}
		fields := map[string]any{"level": level, "time": noon.Add(-time.Duration(ago) * time.Minute), "message": text}
		if agent != "-" {
			fields["agentName"], fields["agentId"] = agent, "id-"+agent
		}
		data, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = logs.Write(data)
	}
	r := op.NewRegistry(op.Options{})
	system.Ops(r, system.New(system.Options{Agents: fake{}, Store: fake{}, Logs: logs, Now: func() time.Time { return noon }}))
	return r, logs
}

// list calls system:logs with a query and returns the messages of the result beside it.
func list(t *testing.T, r *op.Registry, query string) ([]string, system.LogList) {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	res, failure := r.Lookup("system:logs").Call(t.Context(), admin, op.Input{REST: true, Query: values})
	if failure != nil {
		t.Fatalf("%s: %v", query, failure)
	}
	found, _ := res.(system.LogList)
	messages := []string{}
	for _, e := range found.Logs {
		messages = append(messages, e.Msg)
	}
	return messages, found
}

func TestLogsAreFilteredToTheLetter(t *testing.T) {
	r, _ := logged(t, "90 info - old", "50 debug - a", "40 success - b", "30 progress - c", "20 log - d", "10 info - e", "5 warn - f", "4 error - g", "3 fatal - h", "2 trace - i")
	for _, tc := range []struct{ query, want string }{
		{"", "a b c d e f g h i"},
		{"level=all", "a b c d e f g h i"},
		{"level=", "a b c d e f g h i"},
		{"level=info", "e"},
		{"level=INFO", "e"},
		{"level=nonsense", "e"},
		{"level=30", "e"},
		{"level=panic", "e"},
		{"level=success", "b"},
		{"level=progress", "c"},
		{"level=log", "d"},
		{"level=trace", "i"},
		{"level=fatal", "h"},
		{"limit=2", "h i"},
		{"limit=0", "a b c d e f g h i"},
		{"limit=-3", "i"},
		{"limit=99999999999999999999", "a b c d e f g h i"},
		{"since=0", "old a b c d e f g h i"},
		{"since=" + fmt.Sprint(noon.Add(-10*time.Minute).UnixMilli()), "e f g h i"},
		{"since=2026-11-24T11:56:00Z", "g h i"},
		{"since=", "a b c d e f g h i"},
		{"since=99999999999999", ""},
		{"level=warn&limit=1&agentName=all&agentId=all", "f"},
	} {
		got, found := list(t, r, tc.query)
		if strings.Join(got, " ") != tc.want || found.Count != len(got) || found.Total != 10 {
			t.Errorf("%s gives %v of %d, want %s", tc.query, got, found.Total, tc.want)
		}
	}
	_, found := list(t, r, "level=WARN&agentName=Eliza")
	levels := []string{"fatal", "error", "warn", "info", "log", "progress", "success", "debug", "trace"}
	if found.RequestedLevel != "warn" || found.AgentName != "Eliza" || found.AgentID != "all" || !reflect.DeepEqual(found.Levels, levels) || found.Accepted != nil {
		t.Errorf("%+v", found)
	}
	if total, known := found.TotalCount(); total != 10 || !known {
		t.Errorf("the total is %d", total)
	}
}

func TestFewNamesLetNamelessEntriesPass(t *testing.T) {
	lines := []string{"9 info Eliza named"}
	for i := range 9 {
		lines = append(lines, fmt.Sprintf("8 info - n%d", i))
	}
	exact, _ := logged(t, lines...) // one of ten is not fewer than a tenth
	for _, query := range []string{"agentName=Eliza", "agentId=id-Eliza"} {
		if got, _ := list(t, exact, query); strings.Join(got, " ") != "named" {
			t.Errorf("%s of ten gives %v", query, got)
		}
	}
	few, _ := logged(t, append(lines, "7 info - n9")...)
	for query, want := range map[string]int{"agentName=Eliza": 11, "agentId=id-Eliza": 11, "agentName=Other": 10, "agentId=id-Eliza&agentName=Other": 10} {
		if got, _ := list(t, few, query); len(got) != want {
			t.Errorf("%s of eleven gives %v", query, got)
		}
	}
}

func TestEntriesAreSubmitted(t *testing.T) {
	r, logs := logged(t)
	body := `{"level":"warn","logs":[{"level":"success","message":"done","source":"ui"},
		{"message":"at info"},{"level":40,"message":"w ?apiKey=hunter2","metadata":{"agentName":"Eliza","token":"hunter2","n":1}}]}`
	watched, cancel := logs.Subscribe(10)
	defer cancel()
	res, failure := r.Lookup("system:logs").Call(t.Context(), admin, op.Input{Body: []byte(body)})
	if failure != nil {
		t.Fatal(failure)
	}
	found, _ := res.(system.LogList)
	if found.Accepted == nil || *found.Accepted != 3 || *found.Received != 3 || found.Total != 3 || found.Count != 1 || len(watched) != 3 {
		t.Fatalf("%+v, %d watched", found, len(watched))
	}
	data, err := json.Marshal(logs.Entries())
	if err != nil {
		t.Fatal(err)
	}
	entries := logs.Entries()
	if strings.Contains(string(data), "hunter2") || entries[0].Level != 27 || entries[0].Fields["source"] != "ui" || entries[1].Level != 30 ||
		entries[2].AgentName != "Eliza" || entries[2].Time != noon.UnixMilli() || entries[2].Fields["submitted"] != true {
		t.Errorf("%s", data)
	}
	for name, entries := range map[string]string{
		"no message": `[{"level":"info"}]`, "blank message": `[{"message":" "}]`, "unknown level": `[{"message":"x","level":"loud"}]`,
		"level of the wrong kind": `[{"message":"x","level":true}]`, "level out of range": `[{"message":"x","level":101}]`,
		"too long": `[{"message":"` + strings.Repeat("x", 5000) + `"}]`, "too much beside it": `[{"message":"x","metadata":{"a":"` + strings.Repeat("x", 17000) + `"}}]`,
		"too many": "[" + strings.Repeat(`{"message":"x"},`, 100) + `{"message":"x"}]`, "no list": `{"message":"x"}`, "one of two": `[{"message":"x"},{}]`,
	} {
		_, failure := r.Lookup("system:logs").Call(t.Context(), admin, op.Input{Body: []byte(`{"logs":` + entries + `}`)})
		if failure == nil || failure.WireCode() != "INVALID_REQUEST" {
			t.Errorf("%s: %v", name, failure)
		}
	}
	if len(logs.Entries()) != 3 {
		t.Error("something wrong was appended")
	}
	if res, failure := r.Lookup("system:logs").Call(t.Context(), admin, op.Input{Body: []byte(`{"logs":[]}`)}); failure != nil || *res.(system.LogList).Accepted != 0 {
		t.Errorf("an empty list: %v, %v", res, failure)
	}
}

func TestLogsAreCleared(t *testing.T) {
	r, logs := logged(t, "1 info - a", "1 info - b")
	res, failure := r.Lookup("system:clear-logs").Call(t.Context(), admin, op.Input{})
	if want := (system.Cleared{Status: "success", Message: "Logs cleared successfully", Count: 2}); failure != nil || res != want || len(logs.Entries()) != 0 {
		t.Fatalf("%v, %v, %d left", res, failure, len(logs.Entries()))
	}
	_, _ = logs.Write([]byte(`{"message":"next"}`))
	if got, _ := list(t, r, "since=0"); strings.Join(got, " ") != "next" {
		t.Errorf("afterwards: %v", got)
	}
}

// events is an op.Sink for tests: it calls back for each event.
type events func(event string, data any) error

// Send calls back.
func (e events) Send(event, _ string, data any) error { return e(event, data) }

func TestLogIsFollowed(t *testing.T) {
	for _, tc := range []struct{ query, want string }{
		{"", "open:0 live new"},
		{"replay=2", "open:2 f g live new"},
		{"replay=100000&level=warn", "open:2 f g live"},
		{"level=fatal&replay=-1", "open:0"},
		{"level=nonsense&replay=9", "open:0"},
		{"level=40&replay=9", "open:2 f g live"},
		{"agentName=Eliza&replay=9", "open:1 g live"},
		{"agentId=id-Eliza&replay=9", "open:1 g live"},
		{"agentName=Nobody&replay=9", "open:0"},
		{"agentName=all&agentId=all&level=all&replay=1", "open:1 g live new"},
	} {
		r, logs := logged(t, "50 debug - a", "5 warn - f", "4 error Eliza g")
		query, err := url.ParseQuery(tc.query)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var got []string
		take := events(func(event string, data any) error {
			text, err := json.Marshal(data)
			var fields struct {
				Msg    string
				Replay int
			}
			if err := errors.Join(err, json.Unmarshal(text, &fields)); err != nil {
				return err
			}
			if event == "open" {
				got = append(got, fmt.Sprintf("open:%d", fields.Replay))
				for _, line := range []string{`{"level":"warn","message":"live","agentName":"Eliza","agentId":"id-Eliza"}`, `{"level":"info","message":"new"}`} {
					_, _ = logs.Write([]byte(line))
				}
				if !strings.Contains(tc.want, "new") && !strings.Contains(tc.want, "live") {
					cancel()
				}
				return nil
			}
			got = append(got, fields.Msg)
			if strings.HasSuffix(tc.want, fields.Msg) {
				cancel()
			}
			return nil
		})
		streamed, failure := r.Lookup("system:follow-logs").Stream(ctx, admin, op.Input{REST: true, Query: query}, false, take)
		cancel()
		if !streamed || failure != nil || strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %v, want %s (%v %v)", tc.query, got, tc.want, streamed, failure)
		}
	}
}

func TestFollowingEndsWithItsCaller(t *testing.T) {
	r, logs := logged(t)
	gone := errors.New("gone")
	_, failure := r.Lookup("system:follow-logs").Stream(t.Context(), admin, op.Input{}, true, events(func(string, any) error { return gone }))
	if failure == nil || !errors.Is(failure, gone) {
		t.Errorf("%v", failure)
	}
	for range 1000 {
		_, _ = logs.Write([]byte(`{"message":"x"}`))
	}
	if logs.Dropped() != 0 {
		t.Error("the subscription outlived its caller")
	}
	res, failure := r.Lookup("system:follow-logs").Call(t.Context(), admin, op.Input{Body: []byte(`{"format":"json","replay":3}`)})
	if replayed, _ := res.(system.Replayed); failure != nil || replayed.Count != 3 {
		t.Errorf("without a stream: %+v, %v", res, failure)
	}
	if _, failure := r.Lookup("system:follow-logs").Call(t.Context(), admin, op.Input{Body: []byte(`{"format":"xml"}`)}); failure == nil {
		t.Error("an unknown format passed")
	}
}

func TestLogIsForAdministrators(t *testing.T) {
	r, logs := logged(t, "1 info - a")
	for _, name := range []string{"system:logs", "system:clear-logs", "system:follow-logs"} {
		for role, code := range map[domain.Role]domain.Code{domain.Guest: domain.Unauthenticated, domain.Member: domain.Forbidden} {
			if _, failure := r.Lookup(name).Call(t.Context(), domain.Actor{Role: role}, op.Input{}); failure == nil || failure.Code != code {
				t.Errorf("%s for role %d: %v", name, role, failure)
			}
		}
	}
	if len(logs.Entries()) != 1 {
		t.Error("somebody else changed the log")
	}
}

func TestCredentialsInTextsAreRedacted(t *testing.T) {
	var out strings.Builder
	w := system.NewScrubber(&out, "the-server-key", `quo"ted-key`, "abc")
	logs := system.NewLogs()
	for _, text := range []string{
		"GET /api/server/logs/stream?apiKey=hunter2&level=info", "url=https://x.example/?a=1&token=hunter2#f", "X-API-KEY: hunter2",
		"Authorization: Bearer hunter2hunter2", `headers {"authorization":"Bearer hunter2hunter2","a":1}`, "mongodb://user:hunter2@db:27017/x", "Cookie: parley_session=hunter2",
		"bearer hunter2hunter2.x", "dial redis://:hunter2@cache: refused",
	} {
		line, err := json.Marshal(map[string]any{"level": "info", "clientSecret": "hunter2", "tokens": 7, "message": text, "url": text, "list": []any{text, []any{text}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := logs.Write(line); err != nil {
			t.Fatal(err)
		}
		if n, err := w.Write(line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	data, err := json.Marshal(logs.Entries())
	if err != nil || strings.Contains(string(data), "hunter2") || !strings.Contains(string(data), "level=info") || !strings.Contains(string(data), "db:27017") {
		t.Errorf("the buffer holds %s", data)
	}
	if strings.Contains(out.String(), "hunter2") {
		t.Errorf("written: %s", &out)
	}
	out.Reset()
	_, _ = w.Write([]byte(`{"message":"key the-server-key and quo\"ted-key, abc stays","err":"x"}`))
	if got := out.String(); got != `{"message":"key *** and ***, abc stays","err":"x"}` {
		t.Errorf("known secrets: %s", got)
	}
	out.Reset()
	const plain = `{"level":"info","message":"Eliza: what is 2 = 2? bob & alice agree"}`
	_, _ = w.Write([]byte(plain))
	if out.String() != plain {
		t.Errorf("an innocent line became %s", &out)
	}
	failing := system.NewScrubber(brokenWriter{})
	if _, err := failing.Write([]byte("x")); err == nil {
		t.Error("a failure is hidden")
	}
}

// brokenWriter fails.
type brokenWriter struct{}

// Write fails.
func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

// FuzzLogQuery checks that any query is answered within its bounds, or refused.
func FuzzLogQuery(f *testing.F) {
	f.Add("level=warn&since=0&limit=5&agentName=Eliza&agentId=x")
	f.Add("since=2026-11-24T11:56:00Z&limit=1e9&level=%00")
	f.Fuzz(func(t *testing.T, raw string) {
		query, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		r, _ := logged(t, "90 info - old", "50 debug Eliza a", "5 warn - f", "4 error Eliza g")
		res, failure := r.Lookup("system:logs").Call(t.Context(), admin, op.Input{REST: true, Query: query})
		if failure != nil {
			if failure.Code != domain.Invalid {
				t.Fatalf("%q: %v", raw, failure)
			}
			return
		}
		found, _ := res.(system.LogList)
		if found.Count != len(found.Logs) || found.Count > 4 || found.Total < 4 {
			t.Fatalf("%q: %+v", raw, found)
		}
		for i := 1; i < found.Count; i++ {
			if found.Logs[i].Time < found.Logs[i-1].Time {
				t.Fatalf("%q: not oldest first", raw)
			}
		}
	})
}
