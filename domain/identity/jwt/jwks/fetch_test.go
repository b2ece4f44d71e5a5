package jwks_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/domain/identity/jwt/jwks"
)

func TestAddressesThatKeysMayBeReadFrom(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://id.example/.well-known/jwks.json": true, "https://id.example:8443/keys?x=1": true,
		"http://127.0.0.1:9000/keys": true, "http://localhost/keys": true, "http://[::1]:9/keys": true,
		"http://id.example/keys": false, "http://localhost.evil.example/keys": false, "http://10.0.0.1/keys": false,
		"ftp://id.example/keys": false, "file:///etc/passwd": false, "id.example": false, "": false,
		"https://user:pass@id.example/keys": false, "https://id.example/#x": false, "https://": false, "http://127.0.0.1.evil.example": false,
	} {
		if err := jwks.CheckURL(address); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
		if fetch, err := jwks.New(address); (err == nil) != ok || (fetch != nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			_, _ = w.Write([]byte(`{"keys":[]}`))
		case "/large":
			_, _ = w.Write([]byte(strings.Repeat(" ", 300<<10)))
		case "/moved":
			http.Redirect(w, r, "/good", http.StatusFound)
		case "/slow":
			<-release
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	defer close(release)
	for path, want := range map[string]string{"/good": "", "/large": "larger than", "/moved": "not followed", "/slow": "deadline", "/broken": "500"} {
		fetch, err := jwks.New(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		timeout := time.Minute
		if path == "/slow" {
			timeout = 20 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		data, err := fetch(ctx)
		cancel()
		if want == "" && (err != nil || string(data) != `{"keys":[]}`) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %q, %v", path, data, err)
		}
	}
}
