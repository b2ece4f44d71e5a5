package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"parley/storage/sqlite/sqlitetest"
)

// estate is what a deletion is tried on: an agent, a server with a channel, and a message
// that the agent has answered and that shows a picture.
type estate struct {
	*cluster
	agent, server, channel, message, user string
	db                                    *sqlitetest.Watch
}

// must ends the test on an error.
func (e *estate) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// newEstate populates a server.
func newEstate(t *testing.T, p *cluster) *estate {
	t.Helper()
	e := &estate{cluster: p, user: uuid.NewString()}
	var err error
	e.db, err = sqlitetest.Open(filepath.Join(p.replicas[0].dir, "data"))
	e.must(err)
	t.Cleanup(func() { _ = e.db.Close() })
	var made struct {
		ID     string
		Server struct{ ID string }
	}
	make := func(path string, body any) string {
		t.Helper()
		made.ID = ""
		e.must(p.call(t.Context(), http.MethodPost, path, body, &made))
		return made.ID
	}
	e.agent = make("/api/agents", map[string]any{"characterJson": map[string]any{"name": "Anna " + e.user[:8], "bio": []string{"I am Anna."}}})
	e.must(p.call(t.Context(), http.MethodPost, "/api/agents/"+e.agent+"/start", nil, &struct{}{}))
	make("/api/messaging/servers", map[string]any{"name": "estate", "sourceType": "test"})
	e.server = made.Server.ID
	e.must(p.call(t.Context(), http.MethodPost, "/api/messaging/servers/"+e.server+"/agents", map[string]any{"agentId": e.agent}, &struct{}{}))
	e.channel = make("/api/messaging/central-channels", map[string]any{"name": "room", "server_id": e.server, "type": "DM",
		"participantCentralUserIds": []string{e.user, e.agent}, "metadata": map[string]any{"isDm": true}})
	e.message = make("/api/messaging/central-channels/"+e.channel+"/messages", map[string]any{"author_id": e.user, "server_id": e.server,
		"content": "remember zebrafish", "source_type": "client_chat", "metadata": map[string]any{
			"attachments": []any{map[string]any{"url": e.upload()}}}})
	eventually(t, "the answer, written down", func() error {
		counts, err := e.db.Counts()
		if err == nil && (counts["duties"] > 0 || counts["messages"] < 2 || counts["memories"] < 2 || counts["agent_logs"] < 2) {
			err = fmt.Errorf("rows are %v", counts)
		}
		return err
	})
	return e
}

// upload uploads a picture to the channel and returns its URL.
func (e *estate) upload() string {
	e.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="a.png"`},
		"Content-Type": {"image/png"}})
	e.must(err)
	_, err = part.Write([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"))
	e.must(errors.Join(err, form.Close()))
	return e.post(e.url+"/api/messaging/channels/"+e.channel+"/upload-media", form.FormDataContentType(), &body)
}

// gone fails if one of the texts is in a column beside those where it must stay.
func (e *estate) gone(texts []string, stays ...string) error {
	for _, text := range texts {
		found, err := e.db.Find(text)
		if err != nil {
			return err
		}
		for column := range found {
			if !slices.Contains(stays, column) {
				return fmt.Errorf("%s is in %s", text, column)
			}
		}
	}
	return nil
}

// unfiled fails while a picture is on the disk.
func (e *estate) unfiled() error {
	found, err := filepath.Glob(filepath.Join(e.replicas[0].dir, "data", "*", "*", "*", "*.png"))
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("%v is on the disk", found)
	}
	return err
}

// TestADeletionIsFinishedAfterAKillInTheMiddleOfIt kills the server between any two parts
// that hear of a deletion, and looks after a restart, without anybody's repeating it,
// whether it has reached all of them.
func TestADeletionIsFinishedAfterAKillInTheMiddleOfIt(t *testing.T) {
	tombstone := []string{"messages.id", "messages.dedupe"}
	cases := map[string]struct {
		method, path string
		body         any
		is           func(e *estate) error
	}{
		"edit": {http.MethodPatch, "/api/messaging/messages/MESSAGE", map[string]any{"content": "remember cuttlefish"}, func(e *estate) error {
			return e.gone([]string{"zebrafish"}, "agent_logs.body", "messages.content")
		}},
		"message": {http.MethodDelete, "/api/messaging/channels/CHANNEL/messages/MESSAGE", nil, func(e *estate) error {
			return errors.Join(e.unfiled(), e.gone([]string{e.message}, append(tombstone, "messages.in_reply_to")...))
		}},
		"clear": {http.MethodDelete, "/api/messaging/channels/CHANNEL/messages", nil, func(e *estate) error {
			return errors.Join(e.unfiled(), e.gone([]string{e.message, "zebrafish"}, tombstone...))
		}},
		"channel": {http.MethodDelete, "/api/messaging/channels/CHANNEL", nil, func(e *estate) error {
			return errors.Join(e.unfiled(), e.gone([]string{e.message, e.channel, "zebrafish"}))
		}},
		"server": {http.MethodDelete, "/api/messaging/servers/SERVER", nil, func(e *estate) error {
			return errors.Join(e.unfiled(), e.gone([]string{e.message, e.channel, e.server, "zebrafish"}))
		}},
		"agent": {http.MethodDelete, "/api/agents/AGENT", nil, func(e *estate) error {
			return e.gone([]string{e.agent}, "messages.author", "messages.metadata")
		}},
	}
	steps := []string{"deletion 0", "deletion 1", "deletion 2", "deletion 3"}
	if testing.Short() {
		steps = steps[1:2]
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		for _, step := range steps {
			t.Run(name+" at "+step, func(t *testing.T) {
				p := one.start(t)
				p.arm(self, killAt+"="+step)
				e := newEstate(t, p)
				path := c.path
				for word, id := range map[string]string{"MESSAGE": e.message, "CHANNEL": e.channel, "SERVER": e.server, "AGENT": e.agent} {
					path = string(bytes.ReplaceAll([]byte(path), []byte(word), []byte(id)))
				}
				if err := p.call(t.Context(), c.method, path, c.body, &struct{}{}); err == nil {
					t.Error("the server answered all the same")
				}
				if ended, _ := p.ends(patience); !ended {
					t.Fatal("the server lives")
				}
				p.launch()
				eventually(t, "the rest is done", func() error { return c.is(e) })
			})
		}
	}
}

// TestALongChannelIsGoneAfterKillsWhileItIsErased kills the server at random moments of
// the deletion of a channel with thousands of messages.
func TestALongChannelIsGoneAfterKillsWhileItIsErased(t *testing.T) {
	messages := 5000
	if testing.Short() {
		messages = 1500
	}
	p := one.start(t, "RATE_LIMIT_API=0")
	e := newEstate(t, p)
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := w; i < messages; i += 8 {
				err := p.call(t.Context(), http.MethodPost, "/api/messaging/central-channels/"+e.channel+"/messages", map[string]any{
					"author_id": e.agent, "server_id": e.server, "content": fmt.Sprint("number ", i), "source_type": "agent_response"}, &struct{}{})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	kills := 0
	for ; kills < 20; kills++ {
		answered := make(chan error, 1)
		go func() {
			answered <- p.call(context.Background(), http.MethodDelete, "/api/messaging/channels/"+e.channel, nil, &struct{}{})
		}()
		// A random moment, not a wait; later ones are tried when a busy machine has not begun.
		time.Sleep(rand.N(time.Duration(kills+1) * 60 * time.Millisecond))
		p.kill()
		if err := <-answered; err == nil {
			t.Log("the deletion was answered before the kill")
		}
		p.launch()
		if expectStatus(p.url+"/api/messaging/channels/"+e.channel, http.StatusNotFound) == nil {
			break // the deletion had begun
		}
	}
	eventually(t, "the channel is gone", func() error {
		counts, err := e.db.Counts()
		if err == nil && (counts["messages"] > 0 || counts["remains"] > 0 || counts["turns"] > 0 || counts["memories"] > 0) {
			err = fmt.Errorf("rows are %v", counts)
		}
		return errors.Join(err, e.unfiled(), e.gone([]string{e.channel}))
	})
	t.Logf("%d messages were gone after %d kills", messages, kills+1)
}

// post sends a body that must be accepted, and returns the URL in its answer.
func (e *estate) post(url, contentType string, body *bytes.Buffer) string {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.t.Context(), http.MethodPost, url, body)
	e.must(err)
	req.Header.Set("Content-Type", contentType)
	res, err := e.client().Do(req)
	e.must(err)
	defer func() { _ = res.Body.Close() }()
	var answer struct{ Data struct{ URL string } }
	e.must(json.NewDecoder(res.Body).Decode(&answer))
	if answer.Data.URL == "" {
		e.t.Fatalf("the upload was answered with %d", res.StatusCode)
	}
	return answer.Data.URL
}
