package media_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/media"
	"parley/domain/messaging"
)

// remove deletes a message and tells of it.
func (h *house) remove(id domain.ChannelID, message domain.MessageID) {
	h.Helper()
	if _, err := h.messaging.Delete(h.Context(), admin, messaging.DeleteRequest{ChannelID: id, MessageID: message}); err != nil {
		h.Fatal(err)
	}
	if err := h.media.MessageDeleted(h.Context(), id, message); err != nil {
		h.Fatal(err)
	}
}

func TestFilesGoWithTheOnlyMessageThatShowsThem(t *testing.T) {
	h := newHouse(t, t.TempDir())
	shared, alone, unused, elsewhere := h.upload(channel), h.upload(channel), h.upload(channel), h.upload(other)
	inAgent, err := h.media.UploadToAgent(t.Context(), admin, media.AgentUploadRequest{AgentID: agentID, File: file("a.txt", "text/plain", "x")})
	if err != nil {
		t.Fatal(err)
	}
	first := h.post(channel, shared.URL, "http://host:3000"+alone.URL, inAgent.URL, "https://example.com/a.png", "::", "/media/uploads/channels/x/..")
	second := h.post(channel, shared.URL, shared.URL, elsewhere.URL)
	h.wantFiles(5)
	h.remove(channel, first)
	h.wantFiles(4)
	h.remove(channel, first)
	h.wantFiles(4)
	h.remove(channel, second)
	h.wantFiles(2)
	for _, id := range []domain.FileID{unused.ID, inAgent.ID} {
		if _, err := h.media.Get(t.Context(), admin, media.GetRequest{ID: id}); err != nil {
			t.Error(err)
		}
	}
}

func TestClearTakesFilesOfClearedMessages(t *testing.T) {
	h := newHouse(t, t.TempDir())
	a, b, c := h.upload(channel), h.upload(channel), h.upload(channel)
	h.post(channel, a.URL, b.URL)
	h.post(other, b.URL)
	if _, err := h.messaging.Clear(t.Context(), admin, messaging.ChannelRequest{ChannelID: channel}); err != nil {
		t.Fatal(err)
	}
	h.post(channel, c.URL)
	for range 2 {
		if err := h.media.ChannelCleared(t.Context(), channel, time.Now()); err != nil {
			t.Fatal(err)
		}
		h.wantFiles(2)
	}
}

func TestChannelTakesItsFilesWithIt(t *testing.T) {
	h := newHouse(t, t.TempDir())
	ours, theirs, kept := h.upload(channel), h.upload(other), h.upload(other)
	h.post(channel, ours.URL, theirs.URL, kept.URL)
	h.post(other, ours.URL, kept.URL)
	for range 150 {
		h.upload(channel)
	}
	if _, err := h.messaging.DeleteChannel(t.Context(), admin, messaging.ChannelRequest{ChannelID: channel}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.media.ChannelDeleted(t.Context(), channel); err != nil {
			t.Fatal(err)
		}
		h.wantFiles(1)
	}
	if _, err := h.media.Get(t.Context(), admin, media.GetRequest{ID: kept.ID}); err != nil {
		t.Error(err)
	}
	if err := h.media.ServerDeleted(t.Context(), domain.DefaultServer); err != nil {
		t.Error(err)
	}
}

func TestAgentTakesItsFilesWithIt(t *testing.T) {
	h := newHouse(t, t.TempDir())
	for range 3 {
		if _, err := h.media.UploadToAgent(t.Context(), admin, media.AgentUploadRequest{AgentID: agentID, File: file("a.txt", "text/plain", "x")}); err != nil {
			t.Fatal(err)
		}
	}
	h.upload(channel)
	for range 2 {
		if err := h.media.AgentDeleted(t.Context(), agentID); err != nil {
			t.Fatal(err)
		}
		h.wantFiles(1)
	}
}

// TestMessagesThatNeverCameToBeKeepNoFile lets appends fail after their files were noted.
func TestMessagesThatNeverCameToBeKeepNoFile(t *testing.T) {
	h := newHouse(t, t.TempDir())
	up := h.upload(channel)
	real := h.post(channel, up.URL)
	noting := h.media.Noting(refusing{h.set.Messaging})
	err := noting.Append(t.Context(), messaging.Message{ID: domain.NewID[domain.MessageID](), ChannelID: channel,
		Metadata: domain.Metadata{"attachments": []byte(`[{"url":"` + up.URL + `"}]`)}}, nil)
	if !errors.Is(err, errRefused) {
		t.Fatal(err)
	}
	h.remove(channel, real)
	h.wantFiles(1) // the message may still be on its way
	second := h.post(channel, up.URL)
	h.now = time.Now().Add(time.Hour)
	h.remove(channel, second)
	h.wantFiles(0)
}

// errRefused is what refusing answers.
var errRefused = errors.New("refused")

// refusing is a log that appends nothing.
type refusing struct{ messaging.Store }

func (refusing) Append(context.Context, messaging.Message, func(messaging.Appended, error)) error {
	return errRefused
}

func TestEditsMoveFiles(t *testing.T) {
	h := newHouse(t, t.TempDir())
	before, kept, after := h.upload(channel), h.upload(channel), h.upload(channel)
	message := h.post(channel, before.URL, kept.URL)
	edit := func(metadata domain.Metadata) {
		t.Helper()
		if _, err := h.messaging.Edit(t.Context(), admin, messaging.EditRequest{MessageID: message, Content: new("x"), Metadata: metadata}); err != nil {
			t.Fatal(err)
		}
	}
	edit(nil)
	h.wantFiles(3)
	edit(domain.Metadata{"attachments": []byte(`[{"url":"` + kept.URL + `"},{"url":"` + after.URL + `"}]`)})
	h.wantFiles(2)
	h.remove(channel, message)
	h.wantFiles(0)
}

func TestRunSweepsAtTheStart(t *testing.T) {
	dir := t.TempDir()
	h := newHouse(t, dir)
	h.upload(channel)
	f := media.File{ID: domain.NewID[domain.FileID](), Owner: media.Owner{Kind: media.OfChannel, ID: string(channel)}, Filename: "1-1.txt",
		CreatedAt: time.Now().Add(-time.Second), State: media.Arriving}
	if err := h.set.Files.AddFile(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.media.Run(ctx) }()
	for deadline := time.Now().Add(time.Minute); ; {
		if _, unfinished := h.rows(); unfinished == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was swept")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	h.wantFiles(1)
}
