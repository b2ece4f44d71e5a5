package badinput_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/domain/op"
)

// boundary is that of the forms here.
const boundary = "xyz"

// png is the head of a picture.
const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"

// part is a part of a form with a file.
func part(name, filename, kind, content string) string {
	return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + filename + "\"\r\nContent-Type: " + kind + "\r\n\r\n" + content + "\r\n"
}

// textPart is a part of a form with a text.
func textPart(name, text string) string {
	return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + text + "\r\n"
}

// closing ends a form.
const closing = "--" + boundary + "--\r\n"

// badForms are forms that no upload takes, and the codes of which one says so.
func badForms() map[string]struct {
	body  string
	codes []string
} {
	type form = struct {
		body  string
		codes []string
	}
	file := part("file", "a.png", "image/png", png)
	malformed := []string{"INVALID_REQUEST"}
	kinds := []string{"INVALID_FILE_TYPE", "UNSUPPORTED_MEDIA_TYPE"}
	return map[string]form{
		"nothing":               {"", malformed},
		"no end":                {file, malformed},
		"no file":               {textPart("a", "b") + closing, malformed},
		"a file without a byte": {part("file", "", "application/octet-stream", "") + closing, malformed},
		"two files":             {file + file + closing, malformed},
		"a wrong name":          {part("image", "a.png", "image/png", png) + closing, malformed},
		"a name of 1 MB":        {part(strings.Repeat("x", 1<<20), "a.png", "image/png", png) + closing, malformed},
		"no name":               {"--xyz\r\nContent-Disposition: form-data; filename=\"a.png\"\r\n\r\n" + png + "\r\n" + closing, malformed},
		"no disposition":        {"--xyz\r\nContent-Type: image/png\r\n\r\n" + png + "\r\n" + closing, malformed},
		"10,000 parts":          {strings.Repeat(textPart("a", "b"), 10_000) + file + closing, malformed},
		"an endless head":       {"--xyz\r\nX-A: " + strings.Repeat("a", 1<<20), malformed},
		"endless heads":         {"--xyz\r\n" + strings.Repeat("X-A: aaaaaaaa\r\n", 100_000), malformed},
		"an endless beginning":  {strings.Repeat("x", 1<<20) + "\r\n" + file + closing, malformed},
		"a field of 1 MB":       {textPart("a", strings.Repeat("b", 1<<20)) + file + closing, []string{"PAYLOAD_TOO_LARGE"}},
		"another boundary":      {strings.ReplaceAll(file+closing, boundary, "abc"), malformed},
		"line feeds alone":      {strings.ReplaceAll("--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.exe\"\r\n\r\nMZ\x90\r\n"+closing, "\r\n", "\n"), append(kinds, malformed...)},
		"a page":                {part("file", "a.html", "text/html", "<!doctype html><script>alert(1)</script>") + closing, kinds},
		"a page as a picture":   {part("file", "a.png", "image/png", "<!doctype html><script>alert(1)</script>") + closing, kinds},
		"a drawing":             {part("file", "a.svg", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`) + closing, kinds},
		"a program":             {part("file", "a.exe", "application/x-msdownload", "MZ\x90\x00") + closing, kinds},
		"a form in a form":      {part("file", "a", "multipart/mixed; boundary=abc", "--abc\r\n\r\n--abc--\r\n") + closing, kinds},
		"a type with a line":    {part("file", "a.html", "text/html\r\nX-Evil: 1", "<script>") + closing, kinds},
		"a type that is none":   {part("file", "a", strings.Repeat(";", 1000), "\x00\x01") + closing, kinds},
	}
}

// form sends a form to a path.
func (s *server) form(path, kind string, body io.Reader) (answer, error) {
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, body)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", kind)
	w, err := s.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = w.Body.Close() }()
	a := answer{status: w.StatusCode, kind: w.Header.Get("Content-Type")}
	a.body, err = io.ReadAll(w.Body)
	return a, err
}

// uploads are the operations that take a file, with their first path and ids in it: of the
// agent that every server has, and of nothing.
func (s *server) uploads() map[*op.Op]string {
	const eliza = "b850bc30-45f8-0041-a00a-83df46d8555d"
	paths := map[*op.Op]string{}
	for _, o := range s.Registry().Ops() {
		if _, path, ok := pathOf(o); ok && o.Files() {
			if strings.Contains(o.Routes[0], ":agentId") {
				path = strings.Replace(path, stranger, eliza, 1)
			}
			paths[o] = path
		}
	}
	if len(paths) == 0 {
		s.t.Fatal("nothing takes a file")
	}
	return paths
}

func TestFormsThatAreNoneAreRefused(t *testing.T) {
	s := serve(t)
	s.quiet()
	before := s.state()
	forms := badForms()
	for o, path := range s.uploads() {
		for name, form := range forms {
			a, err := s.form(path, "multipart/form-data; boundary="+boundary, strings.NewReader(form.body))
			s.refusedBy(o.Name+": "+name, a, err, form.codes...)
		}
		for _, kind := range []string{"multipart/form-data", "multipart/form-data; boundary=" + strings.Repeat("x", 5000), `multipart/form-data; boundary=""`,
			"multipart/form-data; boundary=a; boundary=b", "multipart/mixed; boundary=xyz", "application/json", "text/plain"} {
			a, err := s.form(path, kind, strings.NewReader(part("file", "a.png", "image/png", png)+closing))
			s.refusedBy(fmt.Sprintf("%s: a form as %.60s", o.Name, kind), a, err, "INVALID_REQUEST", "INVALID_CONTENT_TYPE")
		}
	}
	if changed := changes(before, s.state()); len(changed) > 0 {
		t.Errorf("a form that was refused has changed %v", changed)
	}
}

// refusedBy wants an answer with one of the codes.
func (s *server) refusedBy(what string, a answer, err error, codes ...string) {
	s.t.Helper()
	var out outcome
	if err == nil {
		out, err = a.read(false)
	}
	if err != nil || !slices.Contains(codes, out.code) {
		s.t.Errorf("%s: %s, %v; want %v", what, a, err, codes)
	}
}

// zeros is an endless file.
type zeros struct{}

// Read fills p.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestAFileOf51MegabytesLeavesNothing(t *testing.T) {
	s := serve(t)
	s.quiet()
	before := s.state()
	for o, path := range s.uploads() {
		head, tail, _ := strings.Cut(part("file", "a.png", "image/png", png+"CUT"), "CUT")
		body := io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, 51<<20), strings.NewReader(tail+closing))
		a, err := s.form(path, "multipart/form-data; boundary="+boundary, body)
		s.refusedBy(o.Name, a, err, "FILE_TOO_LARGE")
		break // it is the same reader for all
	}
	if changed := changes(before, s.state()); len(changed) > 0 {
		t.Errorf("it has changed %v", changed)
	}
}

// served is where an uploaded file is found again.
var served = regexp.MustCompile(`"url":"/media/uploads/(agents|channels)/[0-9a-f-]{36}/[0-9]+-[0-9]+\.png"`)

// TestNamesOfFilesLeadNowhere uploads pictures under names that would lie elsewhere, and wants
// them refused or stored under a name of the server's own.
func TestNamesOfFilesLeadNowhere(t *testing.T) {
	s := serve(t)
	for o, path := range s.uploads() {
		for _, name := range []string{"../../etc/passwd.png", `..\..\a.png`, "/etc/cron.d/a.png", "a\x00.png", "..", ".", "", "....//a.png", "a.png/../../b.png", ".htaccess", "con.png",
			"a.png%00.html", "a%2f..%2fb.png", "a\\\"; filename=b.png", "ünï.png", strings.Repeat("a", 7000) + ".png", "a.php.png", "\u202egnp.exe", "a.png\r\nX-Evil: 1"} {
			a, err := s.form(path, "multipart/form-data; boundary="+boundary, strings.NewReader(part("file", name, "image/png", png)+closing))
			var out outcome
			if err == nil {
				out, err = a.read(true)
			}
			if err != nil || out.success && !served.Match(a.body) {
				t.Errorf("%s: %q: %s, %v", o.Name, name, a, err)
			}
		}
	}
	stored := 0
	for path := range s.state() {
		if strings.Contains(path, "/") && !strings.HasPrefix(path, s.dirs[0]+"/uploads/") {
			t.Errorf("a file lies at %s", path)
		} else if strings.Contains(path, "/") {
			stored++
		}
	}
	if stored == 0 {
		t.Error("nothing was stored")
	}
}
