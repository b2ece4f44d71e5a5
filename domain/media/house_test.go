package media_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/media"
	"parley/domain/messaging"
	"parley/domain/op"
	"parley/storage"
	"parley/storage/files"
	"parley/storage/sqlite"
)

// The agent, the channels and the users of the tests.
const (
	agentID domain.AgentID   = "b850bc30-45f8-0041-a00a-83df46d8555d"
	channel domain.ChannelID = "11111111-1111-4111-8111-111111111111"
	other   domain.ChannelID = "33333333-3333-4333-8333-333333333333"
	ann     domain.EntityID  = "22222222-2222-4222-8222-222222222222"
	bob     domain.EntityID  = "44444444-4444-4444-8444-444444444444"
)

// admin may do everything.
var admin = domain.Actor{Role: domain.Admin}

// house is a service of files over real stores, with messaging on top.
type house struct {
	*testing.T
	dir       string
	set       *storage.Set
	blobs     *files.Store
	media     *media.Service
	messaging *messaging.Service
	// now is what the service takes for the present; zero is the real one.
	now time.Time
	// fault is what the next step of a name answers.
	fault map[string]error
	// dies is the step at which the process kills itself, "" for none.
	dies string
}

// newHouse opens the stores in a folder.
func newHouse(t *testing.T, dir string) *house {
	t.Helper()
	h := &house{T: t, dir: dir, fault: map[string]error{}}
	var err error
	if h.set, err = sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Logger: zerolog.Nop()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.set.Close() })
	if h.blobs, err = files.Open(files.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.blobs.Close() })
	kinds, err := media.UploadKinds([]string{"text"})
	if err != nil {
		t.Fatal(err)
	}
	h.media = media.New(media.Options{Store: h.set.Files, Blobs: h.blobs, Messages: h.set.Messaging, Kinds: kinds,
		Now: h.clock, Logger: zerolog.Nop(), Alone: true, OnStep: h.step})
	h.messaging = messaging.New(messaging.Options{Store: h.media.Noting(h.set.Messaging), Announcer: quiet{}, Signals: quiet{},
		Duties: quiet{}, Now: time.Now})
	h.media.SetMembers(h.messaging)
	if _, err := h.messaging.EnsureDefaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []domain.ChannelID{channel, other} {
		if _, err := h.messaging.EnsureChannel(t.Context(), messaging.Channel{ID: id, ServerID: domain.DefaultServer, Name: "c",
			Type: messaging.TypeGroup, Participants: []domain.EntityID{ann}}); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *house) step(step string) error {
	if h.dies == step {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		select {} // until it has arrived
	}
	return h.fault[step]
}

func (h *house) clock() time.Time {
	if h.now.IsZero() {
		return time.Now()
	}
	return h.now
}

// file is an uploaded file.
func file(name, kind, content string) *op.File {
	return &op.File{Name: name, Type: kind, Size: int64(len(content)), Content: bytes.NewReader([]byte(content))}
}

// upload takes a text in for a channel.
func (h *house) upload(id domain.ChannelID) media.Uploaded {
	h.Helper()
	up, err := h.media.UploadToChannel(h.Context(), admin, media.ChannelUploadRequest{ChannelID: id, File: file("a.txt", "text/plain", "hello")})
	if err != nil {
		h.Fatal(err)
	}
	return up
}

// post sends a message that shows files.
func (h *house) post(id domain.ChannelID, urls ...string) domain.MessageID {
	h.Helper()
	list := []string{}
	for _, url := range urls {
		list = append(list, `{"id":"x","url":"`+url+`","contentType":"document"}`)
	}
	answers := make(chan error, 1)
	var out domain.MessageID
	h.messaging.Send(h.Context(), admin, messaging.SendRequest{ChannelID: id, ServerID: domain.DefaultServer, AuthorID: ann, Text: "look",
		Attachments: []byte("[" + strings.Join(list, ",") + "]")}, func(p messaging.Posted, err error) {
		out = p.ID
		answers <- err
	})
	if err := <-answers; err != nil {
		h.Fatal(err)
	}
	return out
}

// onDisk lists the contents that the disk holds.
func onDisk(t *testing.T, dir string) (names []string) {
	t.Helper()
	for _, area := range []string{"uploads", "generated", "tmp"} {
		err := filepath.WalkDir(filepath.Join(dir, area), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				names = append(names, filepath.Base(path))
			}
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	slices.Sort(names)
	return names
}

// rows lists the names of the stored rows, and counts those that are half there.
func (h *house) rows() (names []string, unfinished int) {
	h.Helper()
	list, _, err := h.set.Files.Files(h.Context(), media.Query{Limit: 1000})
	if err != nil {
		h.Fatal(err)
	}
	for _, f := range list {
		names = append(names, f.Filename)
	}
	slices.Sort(names)
	half, err := h.set.Files.UnfinishedFiles(h.Context(), time.Now().Add(time.Hour), 1000)
	if err != nil {
		h.Fatal(err)
	}
	return names, len(half)
}

// wantFiles ends the test unless rows and disk hold as many files, the same ones, and
// nothing else.
func (h *house) wantFiles(n int) {
	h.Helper()
	rows, unfinished := h.rows()
	disk := onDisk(h.T, h.dir)
	if len(rows) != n || unfinished != 0 || !slices.Equal(rows, disk) {
		h.Fatalf("rows %v and %d unfinished, on disk %v; want %d", rows, unfinished, disk, n)
	}
}

// quiet hears everything around messaging and does nothing.
type quiet struct{}

func (quiet) Announce(e messaging.Event) {
	if e.Delivered != nil {
		e.Delivered()
	}
}
func (quiet) Completed(messaging.Completion)                         {}
func (quiet) ReadMoved(messaging.ReadSet)                            {}
func (quiet) ChannelUpdated(messaging.ChannelRow, []domain.EntityID) {}
func (quiet) MessageGone(domain.ChannelID, domain.MessageID)         {}
func (quiet) ChannelDeleted(domain.ChannelID)                        {}
func (quiet) Hint(messaging.Message)                                 {}
func (quiet) Withdraw(domain.ChannelID, int64, int64)                {}
func (quiet) Awaiting(_ context.Context, _ messaging.Channel, _ messaging.Message) []domain.AgentID {
	return nil
}
