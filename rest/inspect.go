package rest

import (
	"net/http"
	"net/url"
	"regexp"

	"github.com/gin-gonic/gin"
)

// maxLoggedPath is how much of a suspicious path is logged, in bytes.
const maxLoggedPath = 200

// suspicion is something that attacks look like.
type suspicion struct {
	name    string
	pattern *regexp.Regexp
}

// suspicions are what is looked for in URLs and names of programs.
var suspicions = []suspicion{
	{"path traversal", regexp.MustCompile(`\.\.[/\\]`)},
	{"script", regexp.MustCompile(`(?i)<\s*script|javascript:|\bon(load|error|click)\s*=`)},
	{"SQL", regexp.MustCompile(`(?i)\bunion\s+(all\s+)?select\b|\b(drop|truncate)\s+table\b|\binsert\s+into\b|'\s*or\s+'?1'?\s*=\s*'?1`)},
}

// inspect notes requests that look like an attack. It never refuses one: a text may hold
// these words for good reasons, and what is safe does not depend on them. Of the URL only
// the path is logged, because a query may hold a key.
func (d *door) inspect(c *gin.Context) {
	if isAPI(c.Request.URL.Path) {
		if found := suspect(c.Request); found != "" {
			path := c.Request.URL.EscapedPath()
			d.log.Warn().Str("looksLike", found).Str("path", path[:min(len(path), maxLoggedPath)]).
				Str("remote", d.visit(c).credentials.Remote).Str("requestId", c.Writer.Header().Get(requestID)).
				Msg("suspicious request")
		}
	}
	c.Next()
}

// suspect names what a request looks like, "" for nothing.
func suspect(r *http.Request) string {
	query, err := url.QueryUnescape(r.URL.RawQuery)
	if err != nil {
		query = r.URL.RawQuery
	}
	for _, s := range suspicions {
		for _, text := range []string{r.URL.Path, query, r.UserAgent()} {
			if s.pattern.MatchString(text) {
				return s.name
			}
		}
	}
	return ""
}
