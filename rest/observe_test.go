package rest_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"parley/domain/identity"
	"parley/rest"
)

func TestRequestsAreObservedByTheirRoute(t *testing.T) {
	auth, err := identity.New(identity.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var seen []rest.Observation
	handler, err := rest.New(rest.Options{Registry: chat(t), Identity: auth, Observe: func(o rest.Observation) { seen = append(seen, o) }})
	if err != nil {
		t.Fatal(err)
	}
	channel := "/api/messaging/central-channels/" + strings.Repeat("1", 8) + "-1111-4111-8111-111111111111/messages"
	for _, tc := range []struct {
		method, path, seenMethod, route string
		status                          int
	}{
		{"GET", channel, "GET", "/api/messaging/central-channels/:channelId/messages", 200},
		{"HEAD", channel + "?limit=2", "HEAD", "/api/messaging/central-channels/:channelId/messages", 200},
		{"GET", "/api/messaging/central-channels/x/messages", "GET", "/api/messaging/central-channels/:channelId/messages", 400},
		{"GET", "/api/nothing/" + strings.Repeat("x", 20), "GET", "unknown", 404},
		{"GET", "/some/page", "GET", "other", 403},
		{"BREW", "/api/pot", "other", "unknown", 404},
	} {
		seen = nil
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(tc.method, tc.path, nil))
		if !slices.ContainsFunc(seen, func(o rest.Observation) bool {
			return o.Method == tc.seenMethod && o.Route == tc.route && o.Status == tc.status && o.Duration > 0
		}) || len(seen) != 1 {
			t.Errorf("%s %s is seen as %+v", tc.method, tc.path, seen)
		}
	}
}
