package dashboard_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/cmd/internal/app"
	"parley/cmd/internal/config"
	"parley/cmd/internal/dashboard"
	"parley/domain"
	"parley/storage/redis/redistest"
)

// board is what is essential of a dashboard.
type board struct {
	Title, UID    string
	SchemaVersion int
	Panels        []panel
	Templating    struct{ List []variable }
}

// panel is one of its panels.
type panel struct {
	ID          int
	Type, Title string
	Description string
	Datasource  source
	GridPos     struct{ X, Y, W, H int }
	Targets     []target
	FieldConfig struct{ Defaults struct{ Unit string } }
}

// source is where its data is from.
type source struct{ Type, UID string }

// target is a query.
type target struct {
	RefID, Expr string
	Datasource  source
}

// variable is what its reader chooses.
type variable struct {
	Name, Type, Definition string
	Multi, IncludeAll      bool
}

// load reads the dashboard.
func load(t *testing.T) board {
	t.Helper()
	var b board
	if err := json.Unmarshal([]byte(dashboard.Grafana()), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheDashboardIsOneThatGrafanaShows(t *testing.T) {
	b := load(t)
	if b.Title == "" || b.UID == "" || b.SchemaVersion < 36 || len(b.Panels) < 20 {
		t.Errorf("%s %s, schema %d, %d panels", b.Title, b.UID, b.SchemaVersion, len(b.Panels))
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range b.Panels {
		if ids[p.ID] || p.ID <= 0 || p.Title == "" {
			t.Errorf("panel %q: id %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		at := p.GridPos
		if at.X < 0 || at.W <= 0 || at.X+at.W > 24 || at.H <= 0 {
			t.Errorf("panel %q stands outside of the grid: %+v", p.Title, at)
		}
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("panel %q stands on %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || !slices.Contains([]string{"stat", "timeseries"}, p.Type) {
			t.Errorf("panel %q: %d queries, described as %q in %q", p.Title, len(p.Targets), p.Description, p.FieldConfig.Defaults.Unit)
		}
		refs := map[string]bool{}
		for _, q := range p.Targets {
			if refs[q.RefID] || q.RefID == "" || q.Datasource != (source{"prometheus", "${datasource}"}) {
				t.Errorf("panel %q: query %+v", p.Title, q)
			}
			refs[q.RefID] = true
		}
	}
}

func TestTheReaderChoosesTheReplicas(t *testing.T) {
	b := load(t)
	names := map[string]variable{}
	for _, v := range b.Templating.List {
		names[v.Name] = v
	}
	if v := names["instance"]; !v.Multi || !v.IncludeAll || !strings.Contains(v.Definition, "instance") || names["datasource"].Type != "datasource" {
		t.Errorf("variables: %+v", b.Templating.List)
	}
	selector := regexp.MustCompile(`\{[^}]*\}`)
	for _, p := range b.Panels {
		for _, q := range p.Targets {
			for _, s := range selector.FindAllString(q.Expr, -1) {
				if !strings.Contains(s, `job=~"$job",instance=~"$instance"`) {
					t.Errorf("panel %q is not about the chosen replicas: %s", p.Title, q.Expr)
				}
			}
			if strings.Count(q.Expr, "(") != strings.Count(q.Expr, ")") || strings.Contains(strings.ReplaceAll(q.Expr, "[$__rate_interval]", ""), "[") {
				t.Errorf("panel %q: malformed query %s", p.Title, q.Expr)
			}
		}
	}
}

// metricName matches the metrics of a query: what stands before a selector.
var metricName = regexp.MustCompile(`([a-z_]+)\{`)

func TestEveryMetricOfTheDashboardIsServed(t *testing.T) {
	served := metricsOf(t)
	asked := 0
	for _, p := range load(t).Panels {
		for _, q := range p.Targets {
			for _, match := range metricName.FindAllStringSubmatch(q.Expr, -1) {
				asked++
				if name := match[1]; !slices.Contains(served, name) {
					t.Errorf("panel %q asks for %s, which /metrics does not have", p.Title, name)
				}
			}
		}
	}
	if asked < 40 {
		t.Errorf("only %d metrics were found in the queries", asked)
	}
}

// metricsOf runs a replica in which an agent has answered, and returns what its /metrics has.
func metricsOf(t *testing.T) []string {
	t.Helper()
	cfg := config.Default()
	cfg.Port, cfg.DataDir, cfg.WorkDir, cfg.LogLevel, cfg.BuiltinPace = 0, t.TempDir(), t.TempDir(), "error", 0
	cfg.RedisURL = domain.Secret(redistest.Start(t).URL()) // a server alone has no metrics of a cluster
	a, err := app.New(t.Context(), cfg, app.Options{Version: "test", Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(t.Context()) }() // until the test's context ends, before its clean-ups
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	const question = `{"author_id":"aaaaaaaa-1111-4111-8111-111111111111","server_id":"` + string(domain.DefaultServer) + `","content":"Hello",
		"metadata":{"isDm":true,"targetUserId":"b850bc30-45f8-0041-a00a-83df46d8555d"}}`
	reply, err := http.Post("http://"+a.Addr()+"/api/messaging/central-channels/cccccccc-1111-4111-8111-111111111111/messages",
		"application/json", bytes.NewReader([]byte(question)))
	if err != nil {
		t.Fatal(err)
	}
	_ = reply.Body.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		names := namesIn(t, "http://"+a.Addr()+"/metrics")
		if slices.Contains(names, "parley_agent_turn_seconds_count") && slices.Contains(names, "parley_model_call_seconds_count") {
			return names
		}
		if time.Now().After(deadline) {
			t.Fatalf("no agent has answered (%d): %v", reply.StatusCode, names)
		}
	}
}

// namesIn returns the names of the series at an address.
func namesIn(t *testing.T, url string) []string {
	t.Helper()
	reply, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if end := strings.IndexAny(line, "{ "); end > 0 && line[0] != '#' && !slices.Contains(names, line[:end]) {
			names = append(names, line[:end])
		}
	}
	return names
}
