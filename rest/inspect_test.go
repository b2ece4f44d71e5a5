package rest_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"parley/rest"
)

func TestSuspiciousRequestsAreLoggedAndServed(t *testing.T) {
	for name, tt := range map[string]struct {
		path, agent, want string
	}{
		"a plain one":              {"/api/things?text=select+a+table+for+two", "curl/8", ""},
		"a path that leads up":     {"/api/things/..%2f..%2fetc", "", "path traversal"},
		"a query that leads up":    {"/api/things?text=../../x", "", "path traversal"},
		"a script in the query":    {"/api/things?text=%3Cscript%3Ealert(1)", "", "script"},
		"a script as a program":    {"/api/things", "<script>", "script"},
		"SQL":                      {"/api/things?text=1+UNION+SELECT+x", "", "SQL"},
		"SQL with quotes":          {"/api/things?text='+or+'1'='1", "", "SQL"},
		"outside the API":          {"/public?text=../..", "", ""},
		"a query with a key in it": {"/api/things?apiKey=s3cret&text=../..", "", "path traversal"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			server := serve(t, rest.Options{Logger: zerolog.New(&log)})
			resp, _ := exchange{method: "GET", path: tt.path, header: map[string]string{"User-Agent": tt.agent}}.do(t, server)
			if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusBadRequest {
				t.Errorf("status %d", resp.StatusCode)
			}
			line := log.String()
			if tt.want == "" && line != "" || tt.want != "" && !strings.Contains(line, `"looksLike":"`+tt.want+`"`) || strings.Contains(line, "s3cret") {
				t.Errorf("logged %s", line)
			}
		})
	}
}
