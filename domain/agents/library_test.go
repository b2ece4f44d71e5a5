package agents_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/agents"
)

// shelf makes folders with character files, and a library of the folder characters.
func shelf(t *testing.T) (agents.Library, string) {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{
		"home/characters/ann.json":       `{"name":"Ann","bio":"x"}`,
		"home/characters/deep/bob.json":  `{"name":"Bob","bio":"x"}`,
		"home/characters/plain":          `{"name":"Plain","bio":"x"}`,
		"home/characters/broken.json":    `{"name":`,
		"home/characters/wrong.json":     `{"name":"Wrong"}`,
		"home/secret.json":               `{"name":"Secret","bio":"x"}`,
		"home/characters-too/carl.json":  `{"name":"Carl","bio":"x"}`,
		"home/characters/eliza.json":     `{"name":"Own Eliza","bio":"x"}`,
		"home/a/b/c/nothing.txt":         ``,
		"home/characters/large.json":     strings.Repeat(" ", 5<<20),
		"home/characters/sub.json/x.txt": ``,
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	home := filepath.Join(root, "home")
	for link, to := range map[string]string{
		"characters/out.json": "../secret.json", "characters/within.json": "deep/bob.json",
		"characters/absolute.json": filepath.Join(home, "secret.json"), "characters/up": "..",
	} {
		if err := os.Symlink(to, filepath.Join(home, link)); err != nil {
			t.Fatal(err)
		}
	}
	return agents.Library{Dirs: []string{filepath.Join(home, "characters"), filepath.Join(home, "absent")}, Cwd: home}, home
}

func TestCharacterFilesAreFound(t *testing.T) {
	library, home := shelf(t)
	deeper := library
	deeper.Cwd = filepath.Join(home, "a", "b")
	tests := []struct {
		name    string
		library agents.Library
		path    string
		// want is the character's name, or else a part of the error.
		want string
	}{
		{"from the working directory", library, "./characters/ann.json", "Ann"},
		{"without .json", library, "characters/ann", "Ann"},
		{"of a file without .json", library, "characters/plain", "Plain"},
		{"by its name alone", library, "ann", "Ann"},
		{"in a folder below", library, "deep/bob.json", "Bob"},
		{"by an absolute path", library, filepath.Join(home, "characters", "ann.json"), "Ann"},
		{"from two folders below", deeper, "characters/ann.json", "Ann"},
		{"by a way around", library, "characters/../characters/ann.json", "Ann"},
		{"by a link that stays within", library, "characters/within.json", "Bob"},
		{"instead of the program's own", library, "characters/eliza.json", "Own Eliza"},
		{"of the program", library, "./characters/example.json", "Juniper"},
		{"of the program, without .json", library, "characters/example", "Juniper"},
		{"of the program, by its name alone", library, "example.json", "Juniper"},
		{"of the program, by an absolute path", library, filepath.Join(home, "characters", "example.json"), "Juniper"},
		{"of the program, without folders", agents.Library{}, "characters/eliza.json", "Eliza"},
		{"outside", library, "secret.json", "not found"},
		{"outside, by an absolute path", library, filepath.Join(home, "secret.json"), "not found"},
		{"outside, by ..", library, "characters/../secret.json", "not found"},
		{"outside, by .. that a link hides", library, "characters/up/secret.json", "not found"},
		{"outside, by a link", library, "characters/out.json", "not found"},
		{"outside, by an absolute link", library, "characters/absolute.json", "not found"},
		{"outside, in a folder of a similar name", library, "characters-too/carl.json", "not found"},
		{"a folder", library, "characters", "not found"},
		{"a folder of a file's name", library, "characters/sub.json", "not found"},
		{"one too large", library, "characters/large.json", "cannot be read"},
		{"a broken one", library, "characters/broken.json", "Character validation failed: expected one JSON object (line 1, column 8"},
		{"a wrong one", library, "characters/wrong.json", "Character validation failed: bio: Invalid input: Expected string or array, received undefined"},
		{"nothing", library, "nobody", "Character 'nobody' not found"},
		{"a long path", library, strings.Repeat("x/", 3000), "is not a path"},
		{"NUL", library, "characters/ann.json\x00", "is not a path"},
		{"an address", library, "HTTPS://example.com/ann.json", "ALLOW_REMOTE_CHARACTERS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := tt.library.Find(t.Context(), tt.path)
			if err != nil {
				if domain.AsError(err).Code == domain.Internal || !strings.Contains(domain.AsError(err).Message, tt.want) ||
					strings.Contains(domain.AsError(err).Message, "Secret") {
					t.Fatalf("err = %v", err)
				}
				return
			}
			if c.Name != tt.want {
				t.Errorf("found %s", c.Name)
			}
		})
	}
}

// web serves characters over https.
func web(t *testing.T) (server *httptest.Server, trust *tls.Config) {
	t.Helper()
	mux := http.NewServeMux()
	text := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	text("/one.json", `{"name":"One","bio":"x"}`)
	text("/list.json", `[{"name":"First","bio":"x"},{"name":"Second","bio":"x"}]`)
	text("/empty.json", `[]`)
	text("/page.html", `<html>`)
	text("/wrong.json", `{"name":"Wrong"}`)
	text("/large.json", strings.Repeat(" ", 5<<20))
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/one.json", http.StatusFound) })
	mux.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/one.json", http.StatusFound)
	})
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	server = httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return server, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func TestCharactersAreFetched(t *testing.T) {
	server, trust := web(t)
	tests := []struct{ name, address, want string }{
		{"one", server.URL + "/one.json", "One"},
		{"the first of a list", server.URL + "/list.json", "First"},
		{"after a redirect", server.URL + "/moved", "One"},
		{"an empty list", server.URL + "/empty.json", "No characters found"},
		{"a page", server.URL + "/page.html", "Character validation failed: expected one JSON object"},
		{"a wrong one", server.URL + "/wrong.json", "Character validation failed: bio: Invalid input: Expected string or array, received undefined"},
		{"one too large", server.URL + "/large.json", "the character is too large"},
		{"none", server.URL + "/none.json", "HTTP error 404"},
		{"redirects without end", server.URL + "/round", "too many redirects"},
		{"another scheme", "ftp://example.com/x", "only https"},
		{"with a password", strings.Replace(server.URL, "https://", "https://user:hush@", 1) + "/one.json", "not an address of a file"},
	}
	fetcher := agents.NewFetcher(agents.FetcherOptions{Trusted: true, TLS: trust})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all, err := fetcher.Fetch(t.Context(), tt.address)
			if err != nil {
				if !domain.IsCode(err, domain.Invalid) || !strings.Contains(domain.AsError(err).Message, tt.want) ||
					strings.Contains(domain.AsError(err).Message, "hush") {
					t.Errorf("err = %v", err)
				}
				return
			}
			if all[0].Name != tt.want {
				t.Errorf("got %+v", all)
			}
		})
	}
}

func TestAddressesInsideAreNotFetched(t *testing.T) {
	server, trust := web(t)
	fetcher := agents.NewFetcher(agents.FetcherOptions{TLS: trust})
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "https://"), ":")
	for _, address := range []string{server.URL + "/one.json", "https://localhost:" + port + "/one.json", "https://[::1]:" + port + "/", "https://[::ffff:127.0.0.1]:" + port + "/"} {
		_, err := fetcher.Fetch(t.Context(), address)
		if !domain.IsCode(err, domain.Invalid) || !strings.Contains(domain.AsError(err).Message, "not public") &&
			!strings.Contains(domain.AsError(err).Message, "cannot be reached") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := fetcher.Fetch(t.Context(), strings.Replace(server.URL, "https", "http", 1)+"/one.json"); !domain.IsCode(err, domain.Invalid) {
		t.Errorf("without TLS: %v", err)
	}
	trusted := agents.NewFetcher(agents.FetcherOptions{Trusted: true, TLS: trust})
	if _, err := trusted.Fetch(t.Context(), server.URL+"/plain"); err == nil {
		t.Error("a TLS server answered without TLS")
	}
}

func TestOnlyPublicAddressesArePublic(t *testing.T) {
	for _, text := range []string{"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
		"255.255.255.255", "240.0.0.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::7f00:1"} {
		if agents.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is said to be public", text)
		}
	}
	for _, text := range []string{"1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8"} {
		if !agents.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is said to be inside", text)
		}
	}
}

func TestCharactersAreLoadedAtTheStart(t *testing.T) {
	h := newHouse(t)
	library, home := shelf(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/two.json" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(`[{"name":"First","bio":"x"},{"name":"Second","bio":"x"}]`))
	}))
	t.Cleanup(server.Close)
	var log strings.Builder
	load := func() {
		err := agents.NewImporter(agents.ImporterOptions{
			Agents: h.agents, Dirs: []string{library.Dirs[0], filepath.Join(home, "absent")},
			URLs:   []domain.Secret{domain.Secret(server.URL + "/two.json"), domain.Secret(server.URL + "/none.json?token=hush")},
			Logger: zerolog.New(zerolog.SyncWriter(&log)),
		}).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
	}
	load()
	for _, name := range []string{"Ann", "First", "Second", "Own Eliza"} {
		if h.get(domain.StringToUUID[domain.AgentID](name)).Status != agents.Active {
			t.Errorf("%s does not run", name)
		}
	}
	if _, err := h.agents.Halt(t.Context(), admin, agents.GetRequest{AgentID: domain.StringToUUID[domain.AgentID]("Ann")}); err != nil {
		t.Fatal(err)
	}
	load()
	if h.get(domain.StringToUUID[domain.AgentID]("Ann")).Status != agents.Inactive {
		t.Error("who was stopped runs again")
	}
	if text := log.String(); !strings.Contains(text, "wrong.json") || !strings.Contains(text, "HTTP error 404") || strings.Contains(text, "hush") {
		t.Errorf("log %s", text)
	}
}
