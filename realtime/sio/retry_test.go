package sio

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/zishang520/socket.io/v2/socket"

	"parley/realtime/sio/siotest"
)

// ask makes a polling request of a session and returns what it is answered.
func ask(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

// until fails the test when a condition does not come true.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	if !eventually(patience, condition) {
		t.Fatal("not in time: " + what)
	}
}

// poll begins a session on long-polling and returns the URL of its requests.
func (s *subject) poll(t *testing.T) string {
	t.Helper()
	base := s.url + "/socket.io/?EIO=4&transport=polling"
	_, open := ask(t, http.MethodGet, base, "")
	_, sid, _ := strings.Cut(open, `"sid":"`)
	sid, _, _ = strings.Cut(sid, `"`)
	return base + "&sid=" + sid + "&t="
}

func TestARequestThatABrowserRepeatsByItself(t *testing.T) {
	t.Run("a poll whose answer was lost ends the session", func(t *testing.T) {
		s := ours(t, Options{})
		url := s.poll(t)
		ask(t, http.MethodPost, url+"a", "40")
		if status, body := ask(t, http.MethodGet, url+"b", ""); status != http.StatusOK || !strings.HasPrefix(body, "40") {
			t.Fatal(status, body)
		}
		until(t, "the socket is in its room", func() bool { return s.sockets() == 1 })
		s.broadcast("lost")
		s.broadcast("lost too")
		if _, body := ask(t, http.MethodGet, url+"c", ""); !strings.Contains(body, "lost too") {
			t.Fatal(body)
		}
		s.broadcast("later")
		if status, body := ask(t, http.MethodGet, url+"c", ""); status != http.StatusBadRequest {
			t.Fatal("it goes on with a gap: ", body)
		}
		until(t, "the socket is gone", func() bool { return s.sockets() == 0 })
	})
	t.Run("a post whose answer was lost is handled once", func(t *testing.T) {
		s := ours(t, Options{})
		url := s.poll(t)
		for _, post := range []string{"a40", "a40", `b42["n",1]`, `b42["n",1]`, `c42["n",1]`} {
			if status, body := ask(t, http.MethodPost, url+post[:1], post[1:]); status != http.StatusOK || body != "ok" {
				t.Fatal(post, status, body)
			}
		}
		until(t, "the posts are handled", func() bool { return s.noted() >= 2 })
		ask(t, http.MethodPost, url+"d", `42["n",2]`)
		until(t, "the last post is handled", func() bool { return s.noted() >= 3 })
		if n := s.noted(); n != 3 {
			t.Errorf("%d posts were handled", n)
		}
	})
}

// TestACloseComesAlone checks that no event stands beside a close packet: the official
// client would note its offset too late and hear it again when it comes back.
func TestACloseComesAlone(t *testing.T) {
	sockets := make(chan *Socket, 1)
	url := (&subject{url: serve(t, Options{}, func(s *Server) {
		s.Namespace("/").OnConnect(func(k *Socket) { sockets <- k })
	})}).poll(t)
	ask(t, http.MethodPost, url+"a", "40")
	ask(t, http.MethodGet, url+"b", "")
	connected := <-sockets
	_ = connected.Emit("one")
	_ = connected.Emit("two")
	connected.Close()
	if _, body := ask(t, http.MethodGet, url+"c", ""); body != "42[\"one\"]\x1e42[\"two\"]" {
		t.Errorf("got %q", body)
	}
	if _, body := ask(t, http.MethodGet, url+"d", ""); body != "1" {
		t.Errorf("got %q", body)
	}
}

// TestWhatIsLeftOfAnAttemptHarmsNoOther lets a connection end while its socket is restored;
// the library clears up after it when another connection has brought the same session back.
func TestWhatIsLeftOfAnAttemptHarmsNoOther(t *testing.T) {
	var n *Namespace
	given := make(chan struct{})
	url := serve(t, Options{}, func(s *Server) {
		n = s.Namespace("/")
		n.OnConnect(func(k *Socket) { _ = k.Join("all") })
		n.Recover(Recovery{
			Restore: func(_ context.Context, r Return) (string, any, error) { return "restored", r, nil },
			Abandon: func(any) { close(given) },
		})
		s.library.Of("/", nil).Use(func(k *socket.Socket, next func(*socket.ExtendedError)) {
			if c, ok := k.Conn().(*conn); ok && admissionOf(c).socket.restored.(Return).Offset == "dies" { //nolint:forcetypeassert // it is
				c.abort(reasonTransportClose)
			}
			next(nil)
		})
	})
	back := func(offset string) (*siotest.Client, error) {
		return siotest.Dial(url, siotest.Options{Auth: map[string]any{"pid": "p", "offset": offset}})
	}
	stays, err := back("stays")
	if err != nil {
		t.Fatal(err)
	}
	defer stays.Close()
	until(t, "the socket is in its room", func() bool { return n.Members("all") == 1 })
	if _, err := back("dies"); !errors.Is(err, siotest.ErrClosed) {
		t.Fatal(err)
	}
	<-given
	until(t, "the connection is gone", func() bool { return n.server.Stats().Conns == 1 })
	p, err := EncodeEvent("/", "here")
	if err != nil {
		t.Fatal(err)
	}
	n.Broadcast(p, []string{"all"})
	if _, err := stays.Next("here", patience); err != nil {
		t.Error(err)
	}
}
