// Package play carries out a script on one server and notes what came of each step.
package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/cmd/parleydiff/internal/diff"
	"parley/cmd/parleydiff/internal/script"
)

// The waits of a step: for the events that it names, and then for quiet.
const (
	patience = 6 * time.Second
	quiet    = 250 * time.Millisecond
)

// Player is a script under way on one server.
type Player struct {
	url     string
	saved   map[string]string
	sockets map[string]*socket
	heard   *inbox
	http    *http.Client
}

// New returns a player for the server at url.
func New(url string) *Player {
	return &Player{url: url, saved: maps.Clone(script.Known), sockets: map[string]*socket{}, heard: newInbox(),
		http: &http.Client{Timeout: 40 * time.Second}}
}

// Close ends the sockets.
func (p *Player) Close() error {
	var errs []error
	for _, s := range p.sockets {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// Play carries out a step. It fails only if the step could not be carried out at all.
func (p *Player) Play(ctx context.Context, step script.Step) (diff.Answer, error) {
	var answer diff.Answer
	var err error
	switch {
	case step.Connect != "":
		err = p.connect(ctx, step.Connect)
	case step.Socket != "":
		err = p.emit(step)
	default:
		answer, err = p.request(ctx, step)
	}
	if err != nil {
		return answer, fmt.Errorf("step %s: %w", step.Name, err)
	}
	names := p.names()
	for _, e := range p.heard.take(step.Await) {
		answer.Events = append(answer.Events, diff.Event{Socket: e.socket, Name: e.name, Payload: diff.Normal(e.payload, names)})
	}
	slices.SortStableFunc(answer.Events, func(a, b diff.Event) int { return strings.Compare(a.Socket, b.Socket) })
	answer.Body = diff.Normal(answer.Body, names)
	if step.ShapeOnly {
		answer.Body = nil
	}
	return answer, nil
}

// names maps the ids that are known by now to their names.
func (p *Player) names() diff.Names {
	names := diff.Names{}
	for name, id := range p.saved {
		names[id] = name
	}
	return names
}

// fill puts what was saved into a text.
func (p *Player) fill(text string) string {
	return os.Expand(text, func(name string) string {
		if value, ok := p.saved[name]; ok {
			return value
		}
		return "unknown-" + name
	})
}

// request sends a request and reads the reply.
func (p *Player) request(ctx context.Context, step script.Step) (diff.Answer, error) {
	body, kind, err := p.body(step)
	if err != nil {
		return diff.Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, step.Method, p.url+p.fill(step.Path), body)
	if err != nil {
		return diff.Answer{}, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := p.http.Do(req)
	if err != nil {
		return diff.Answer{}, err
	}
	raw, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return diff.Answer{}, err
	}
	answer := diff.Answer{Status: resp.StatusCode, Body: decode(raw)}
	for name, path := range step.Save {
		if value, ok := lookup(answer.Body, path).(string); ok {
			p.saved[name] = strings.ToLower(value)
		}
	}
	return answer, nil
}

// body is the body of a request with its Content-Type.
func (p *Player) body(step script.Step) (io.Reader, string, error) {
	if step.File == "" {
		if step.Body == "" {
			return nil, "", nil
		}
		kind := step.Type
		if kind == "" {
			kind = "application/json"
		}
		return strings.NewReader(p.fill(step.Body)), kind, nil
	}
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="` + step.FileField + `"; filename="` + step.FileName + `"`},
		"Content-Type":        {step.FileType},
	})
	if err == nil {
		_, err = io.WriteString(part, step.File)
	}
	return &buf, form.FormDataContentType(), errors.Join(err, form.Close())
}

// decode reads JSON with its numbers as they are, or a text.
func decode(raw []byte) any {
	if len(raw) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil {
		return string(raw)
	}
	return value
}

// lookup follows a path of fields and indexes.
func lookup(value any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}
