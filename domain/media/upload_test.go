package media_test

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"parley/domain"
	"parley/domain/blob"
	"parley/domain/media"
	"parley/domain/op"
)

// png is a picture of 3 by 2 points.
const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x03\x00\x00\x00\x02\x08\x02\x00\x00\x00\x12\x16\xf1M"

func TestUploadAnswersAsTheReferenceAndMore(t *testing.T) {
	h := newHouse(t, t.TempDir())
	up, err := h.media.UploadToAgent(t.Context(), domain.Actor{Role: domain.Admin, Entity: ann},
		media.AgentUploadRequest{AgentID: agentID, File: file("C:\\photos\\Zoë.PNG", "image/png", png), Metadata: domain.Metadata{"a": []byte("1")}})
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^\d{13}-\d{1,9}\.png$`).MatchString(up.Filename) {
		t.Errorf("filename %s", up.Filename)
	}
	want := media.Uploaded{URL: "/media/uploads/agents/" + string(agentID) + "/" + up.Filename, Type: "image", Filename: up.Filename,
		OriginalName: "Zoë.PNG", Size: int64(len(png)), ID: up.ID, MIMEType: "image/png", Width: 3, Height: 2,
		SHA256: up.SHA256}
	if up != want || len(up.SHA256) != 64 {
		t.Errorf(" got %+v\nwant %+v", up, want)
	}
	got, err := h.media.Get(t.Context(), admin, media.GetRequest{ID: up.ID})
	if err != nil || got.File.Owner != (media.Owner{Kind: media.OfAgent, ID: string(agentID)}) || got.File.Type != media.Image ||
		!reflect.DeepEqual(got.File.Metadata, domain.Metadata{"a": []byte("1")}) || !strings.HasSuffix(got.File.CreatedAt, "Z") {
		t.Errorf("row %+v, %v", got.File, err)
	}
	inChannel, err := h.media.UploadToChannel(t.Context(), admin, media.ChannelUploadRequest{ChannelID: channel, File: file("a", "text/plain; charset=utf-8", "x")})
	if err != nil || inChannel.Type != "text/plain" || !strings.HasSuffix(inChannel.Filename, ".txt") {
		t.Errorf("in a channel: %+v, %v", inChannel, err)
	}
	h.wantFiles(2)
}

func TestContentsComeBack(t *testing.T) {
	h := newHouse(t, t.TempDir())
	up := h.upload(channel)
	got, err := h.media.Get(t.Context(), admin, media.GetRequest{ID: up.ID, Content: true})
	if err != nil {
		t.Fatal(err)
	}
	d, err := got.OpenFile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Content.Close() }()
	data, err := io.ReadAll(d.Content)
	if err != nil || string(data) != "hello" || d.Name != "a.txt" || !d.Inline || d.Type != "text/plain; charset=utf-8" {
		t.Errorf("%q, %v, %+v", data, err, d)
	}
	if got, _ := h.media.Get(t.Context(), admin, media.GetRequest{ID: up.ID}); got.File.ID == "" {
		t.Error("no row")
	} else if d, err := got.OpenFile(t.Context()); d != nil || err != nil {
		t.Errorf("opened %v, %v", d, err)
	}
}

func TestBadUploadsAreRefusedAndLeaveNothing(t *testing.T) {
	h := newHouse(t, t.TempDir())
	tests := []struct {
		name string
		req  media.ChannelUploadRequest
		code string
	}{
		{"no file", media.ChannelUploadRequest{}, "INVALID_REQUEST No media file provided"},
		{"empty file", media.ChannelUploadRequest{File: file("a.txt", "text/plain", "")}, "INVALID_REQUEST The file is empty"},
		{"no name", media.ChannelUploadRequest{File: file("", "text/plain", "x")}, "INVALID_REQUEST Invalid filename detected"},
		{"name of dots", media.ChannelUploadRequest{File: file("..", "text/plain", "x")}, "INVALID_REQUEST Invalid filename detected"},
		{"name with a line break", media.ChannelUploadRequest{File: file("a\nb.txt", "text/plain", "x")}, "INVALID_REQUEST Invalid filename detected"},
		{"name with NUL", media.ChannelUploadRequest{File: file("a.txt\x00.png", "text/plain", "x")}, "INVALID_REQUEST Invalid filename detected"},
		{"long name", media.ChannelUploadRequest{File: file(strings.Repeat("é", 256), "text/plain", "x")}, "INVALID_REQUEST Invalid filename detected"},
		{"much metadata", media.ChannelUploadRequest{File: file("a", "text/plain", "x"),
			Metadata: domain.Metadata{"a": []byte(`"` + strings.Repeat("a", 17<<10) + `"`)}}, "INVALID_REQUEST The metadata is too long"},
		{"unknown type", media.ChannelUploadRequest{File: file("a.zip", "application/zip", "PK\x03\x04")},
			"UNSUPPORTED_MEDIA_TYPE Unsupported media MIME type: application/zip"},
		{"no type", media.ChannelUploadRequest{File: file("a", "", "\x00\x01\x02")}, "UNSUPPORTED_MEDIA_TYPE Unsupported media MIME type: unknown"},
		{"page as a picture", media.ChannelUploadRequest{File: file("a.png", "image/png", "<!DOCTYPE html><p>")},
			"UNSUPPORTED_MEDIA_TYPE The file is not what it is said to be: image/png"},
		{"large", media.ChannelUploadRequest{File: large()}, "FILE_TOO_LARGE File too large (max 50MB)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.req.ChannelID = channel
			_, err := h.media.UploadToChannel(t.Context(), admin, tt.req)
			failure := domain.AsError(err)
			if failure == nil || failure.WireCode()+" "+failure.Message != tt.code {
				t.Fatalf("err = %v, want %s", err, tt.code)
			}
		})
	}
	for _, name := range []string{"../a.txt", "a/b.txt", `a\b.txt`, "a..b.txt"} {
		_, err := h.media.UploadByMessaging(t.Context(), admin, media.ChannelUploadRequest{ChannelID: channel, File: file(name, "text/plain", "x")})
		if failure := domain.AsError(err); failure == nil || failure.Message != "Invalid filename detected" {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.wantFiles(0)
}

func large() (f *op.File) {
	f = file("a.mp4", "video/mp4", "x")
	f.Size = media.MaxFile + 1
	return f
}

func TestNamesAreCutAndReadable(t *testing.T) {
	h := newHouse(t, t.TempDir())
	for name, want := range map[string]string{"../../etc/passwd": "passwd", `C:\a\b.txt`: "b.txt", "Zo\xeb.txt": "Zoë.txt", "a..b.txt": "a..b.txt", "  a .txt": "  a .txt"} {
		up, err := h.media.UploadToChannel(t.Context(), admin, media.ChannelUploadRequest{ChannelID: channel, File: file(name, "text/plain", "x")})
		if err != nil || up.OriginalName != want || !strings.HasSuffix(up.Filename, ".txt") {
			t.Errorf("%q: %+v, %v", name, up, err)
		}
	}
}

func TestFaultsOfTheStoresLeaveNothing(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, step := range []string{"row", "contents", "keep", "answer"} {
		t.Run(step, func(t *testing.T) {
			h := newHouse(t, t.TempDir())
			h.fault[step] = broken
			_, err := h.media.UploadToChannel(t.Context(), admin, media.ChannelUploadRequest{ChannelID: channel, File: file("a.txt", "text/plain", "x")})
			if !errors.Is(err, broken) {
				t.Fatalf("err = %v", err)
			}
			h.wantFiles(0)
		})
	}
	for _, step := range []string{"leave", "delete", "forget"} {
		t.Run(step, func(t *testing.T) {
			h := newHouse(t, t.TempDir())
			up := h.upload(channel)
			h.fault[step] = broken
			if _, err := h.media.Delete(t.Context(), admin, media.DeleteRequest{ID: up.ID}); !errors.Is(err, broken) {
				t.Fatalf("err = %v", err)
			}
			delete(h.fault, step)
			if err := h.media.Sweep(t.Context(), h.clock()); err != nil {
				t.Fatal(err)
			}
			if step == "leave" {
				h.wantFiles(1)
				return
			}
			h.wantFiles(0)
		})
	}
}

func TestManyUploadAndDeleteAtOnce(t *testing.T) {
	h := newHouse(t, t.TempDir())
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			up, err := h.media.UploadToChannel(t.Context(), admin, media.ChannelUploadRequest{ChannelID: channel,
				File: file("a.txt", "text/plain", fmt.Sprint("file ", i))})
			if err != nil {
				t.Error(err)
				return
			}
			if i%2 == 0 {
				if _, err := h.media.Delete(t.Context(), admin, media.DeleteRequest{ID: up.ID}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	h.wantFiles(20)
}

func TestWhoIsBoundSeesItsOwnAndItsChannels(t *testing.T) {
	h := newHouse(t, t.TempDir())
	bound := func(who domain.EntityID) domain.Actor {
		return domain.Actor{Role: domain.Member, Entity: who, Bound: true}
	}
	up, err := h.media.UploadToChannel(t.Context(), bound(ann), media.ChannelUploadRequest{ChannelID: channel, File: file("a.txt", "text/plain", "x")})
	if err != nil {
		t.Fatal(err)
	}
	inAgent, err := h.media.UploadToAgent(t.Context(), bound(bob), media.AgentUploadRequest{AgentID: agentID, File: file("a.txt", "text/plain", "x")})
	if err != nil {
		t.Fatal(err)
	}
	codes := func(who domain.EntityID, id domain.FileID) string {
		_, get := h.media.Get(t.Context(), bound(who), media.GetRequest{ID: id})
		return fmt.Sprint(domain.IsCode(get, domain.NotFound), get == nil)
	}
	for got, want := range map[string]string{codes(ann, up.ID): "false true", codes(bob, inAgent.ID): "false true"} {
		if got != want {
			t.Errorf("own: %s", got)
		}
	}
	if codes(bob, up.ID) != "true false" || codes(ann, inAgent.ID) != "true false" {
		t.Error("a file of others is seen")
	}
	for _, r := range []media.ListRequest{{}, {AgentID: agentID}, {ChannelID: other}} {
		if _, err := h.media.List(t.Context(), bound(bob), r); !domain.IsCode(err, domain.Forbidden) {
			t.Errorf("list %+v: %v", r, err)
		}
	}
	if list, err := h.media.List(t.Context(), bound(ann), media.ListRequest{ChannelID: channel}); err != nil || len(list.Files) != 1 {
		t.Errorf("list: %v, %v", list, err)
	}
	if _, err := h.media.Delete(t.Context(), bound(bob), media.DeleteRequest{ID: up.ID}); !domain.IsCode(err, domain.NotFound) {
		t.Errorf("delete: %v", err)
	}
	if _, err := h.media.Delete(t.Context(), bound(ann), media.DeleteRequest{ID: up.ID}); err != nil {
		t.Errorf("delete: %v", err)
	}
	h.wantFiles(1)
}

func TestServedTypes(t *testing.T) {
	h := newHouse(t, t.TempDir())
	for name, want := range map[string]string{"a.png": "image/png inline", "a.JPG": "image/jpeg inline", "a.mp3": "audio/mpeg inline",
		"a.webm": "video/webm inline", "a.weba": "audio/webm inline", "a.pdf": "application/pdf inline", "a.txt": "text/plain; charset=utf-8 inline",
		"a.md": "text/markdown; charset=utf-8 saved", "a.json": "application/json; charset=utf-8 saved", "a.html": "application/octet-stream saved",
		"a.svg": "application/octet-stream saved", "a.js": "application/octet-stream saved", "a": "application/octet-stream saved",
		"a.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document saved"} {
		key := blob.Key{Area: blob.Generated, Owner: string(agentID), Name: name}
		if _, err := h.blobs.Put(t.Context(), key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		d, err := media.Open(t.Context(), h.blobs, key)
		if err != nil {
			t.Fatal(err)
		}
		how := map[bool]string{true: "inline", false: "saved"}[d.Inline]
		if got := d.Type + " " + how; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		_ = d.Content.Close()
	}
}
