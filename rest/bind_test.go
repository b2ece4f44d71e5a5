package rest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/identity"
	"parley/domain/op"
	"parley/rest"
)

// words is a request with as many parameters as a route here has segments.
type words struct {
	A string `json:"a"`
	B string `json:"b"`
	C string `json:"c"`
	D string `json:"d"`
}

// routed tells which operation was called, and with what.
type routed struct {
	Op string
	words
}

// handlerOf returns a door to one operation per route, which answers with the route.
func handlerOf(routes ...string) (http.Handler, error) {
	auth, err := identity.New(identity.Options{})
	if err != nil {
		return nil, err
	}
	r := op.NewRegistry(op.Options{})
	for i, route := range routes {
		op.Define(r, op.Spec{Name: fmt.Sprintf("routes:r%d", i), Help: "Answers with its route.", Routes: []string{route}},
			func(_ context.Context, _ domain.Actor, w words) (routed, error) { return routed{route, w}, nil })
	}
	return rest.New(rest.Options{Registry: r, Identity: auth})
}

// get returns the body of a GET.
func get(h http.Handler, path string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Body.String()
}

func TestRoutesThatMeet(t *testing.T) {
	h, err := handlerOf("GET /api/agents/:a", "GET /api/agents/worlds", "GET /api/agents/:b/worlds", "GET /api/agents/:c/logs/:d",
		"GET /api/agents/worlds/:a", "GET /api/agents/groups/:a/memories", "GET /api/agents/:a/:b/memories", "DELETE /api/agents/:d")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/api/agents/worlds":            `{"Op":"GET /api/agents/worlds","a":"","b":"","c":"","d":""}`,
		"/api/agents/world":             `{"Op":"GET /api/agents/:a","a":"world","b":"","c":"","d":""}`,
		"/api/agents/worldsx":           `{"Op":"GET /api/agents/:a","a":"worldsx","b":"","c":"","d":""}`,
		"/api/agents/x/worlds":          `{"Op":"GET /api/agents/:b/worlds","a":"","b":"x","c":"","d":""}`,
		"/api/agents/worlds/worlds":     `{"Op":"GET /api/agents/worlds/:a","a":"worlds","b":"","c":"","d":""}`,
		"/api/agents/worlds/logs/9":     `{"Op":"GET /api/agents/:c/logs/:d","a":"","b":"","c":"worlds","d":"9"}`,
		"/api/agents/groups/1/memories": `{"Op":"GET /api/agents/groups/:a/memories","a":"1","b":"","c":"","d":""}`,
		"/api/agents/group/1/memories":  `{"Op":"GET /api/agents/:a/:b/memories","a":"group","b":"1","c":"","d":""}`,
		"/api/agents/a%2Fb":             `{"Op":"GET /api/agents/:a","a":"a/b","b":"","c":"","d":""}`,
		"/api/agents/a+b%20c":           `{"Op":"GET /api/agents/:a","a":"a+b c","b":"","c":"","d":""}`,
		"/api/agents/a%2Fb+c/worlds":    `{"Op":"GET /api/agents/:b/worlds","a":"","b":"a/b+c","c":"","d":""}`,
	} {
		if got := get(h, path); got != `{"success":true,"data":`+want+`}` {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestRouteClaimedTwiceIsRefused(t *testing.T) {
	for _, routes := range [][]string{
		{"GET /api/x/:a", "GET /api/x/:b"}, {"GET /api/x", "GET /api/x"}, {"BREW /api/x"},
	} {
		if _, err := handlerOf(routes...); err == nil || !strings.Contains(err.Error(), "routes:r") {
			t.Errorf("%v: %v", routes, err)
		}
	}
}

// match is the rule that routing must follow: among the routes that fit, the one
// with a literal where they first differ.
func match(routes []string, path string) string {
	asked, best := strings.Split(path, "/"), ""
	var bestSegments []string
	for _, route := range routes {
		segments := strings.Split(strings.TrimPrefix(route, "GET "), "/")
		if len(segments) != len(asked) || !fits(segments, asked) {
			continue
		}
		if best == "" || before(segments, bestSegments) {
			best, bestSegments = route, segments
		}
	}
	return best
}

// fits reports whether a route fits the path.
func fits(segments, asked []string) bool {
	for i, s := range segments {
		if !strings.HasPrefix(s, ":") && s != asked[i] || asked[i] == "" && s != "" {
			return false
		}
	}
	return true
}

// before reports whether a wins over b.
func before(a, b []string) bool {
	for i := range a {
		if literal := !strings.HasPrefix(a[i], ":"); literal != !strings.HasPrefix(b[i], ":") {
			return literal
		}
	}
	return false
}

func TestTwoHundredRandomRoutesFollowTheRule(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"all", "al", "alls", "b", "bc", "search", "s"}
	values := []string{"a", "all-", "allsx", "bcd", "bb", "sear", "searchx", "se", "x", "11111111-1111-4111-8111-111111111111"}
	segment := func(position int, params bool) string {
		if !params && random.IntN(2) == 0 {
			return values[random.IntN(len(values))]
		}
		if params && random.IntN(3) == 0 {
			return ":" + string("abcd"[(position+random.IntN(2))%4])
		}
		return names[random.IntN(len(names))]
	}
	for range 6 {
		taken, routes := map[string]bool{}, []string{}
		for len(routes) < 200 {
			parts, shape, used := []string{"/api"}, []string{}, map[string]bool{}
			for i := range 1 + random.IntN(4) {
				s := segment(i, true)
				for used[s] && strings.HasPrefix(s, ":") {
					s = ":" + string("abcd"[random.IntN(4)])
				}
				used[s] = true
				parts = append(parts, s)
				if strings.HasPrefix(s, ":") {
					s = ":"
				}
				shape = append(shape, s)
			}
			if key := strings.Join(shape, "/"); !taken[key] {
				taken[key] = true
				routes = append(routes, "GET "+strings.Join(parts, "/"))
			}
		}
		h, err := handlerOf(routes...)
		if err != nil {
			t.Fatal(err)
		}
		for range 500 {
			path := "/api"
			for i := range 1 + random.IntN(4) {
				path += "/" + segment(i, false)
			}
			want := match(routes, path)
			got := get(h, path)
			if want == "" && !strings.Contains(got, "API endpoint not found") || want != "" && !strings.Contains(got, `"Op":"`+want+`"`) {
				t.Errorf("%s goes to %.90s, want %s", path, got, want)
			}
		}
	}
}
