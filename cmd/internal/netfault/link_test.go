package netfault_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/cmd/internal/netfault"
)

// patience bounds what a test waits for: it only ends what hangs.
const patience = time.Minute

// quiet is how long a test listens to what must stay silent.
const quiet = 100 * time.Millisecond

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a link to a server that sends everything back.
func echo(t *testing.T) *netfault.Link {
	t.Helper()
	server, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	link, err := netfault.Open(server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(link.Close(), server.Close()); err != nil {
			t.Error(err)
		}
	})
	return link
}

// dial connects through a link.
func dial(t *testing.T, link *netfault.Link) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", link.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// say sends a word.
func say(t *testing.T, conn net.Conn, word string) {
	t.Helper()
	if _, err := conn.Write([]byte(word)); err != nil {
		t.Fatal(err)
	}
}

// hears fails unless the word comes back.
func hears(t *testing.T, conn net.Conn, word string) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(word))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != word {
		t.Fatalf("heard %q and %v, want %q", got, err, word)
	}
}

// silent fails unless nothing comes for a moment.
func silent(t *testing.T, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(quiet))
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read %d bytes and %v on a silent link", n, err)
	}
}

// refused fails unless a new connection ends at once; it may even be reset while it is made.
func refused(t *testing.T, link *netfault.Link) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", link.Addr())
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	ended(t, conn)
}

// ended fails unless the connection has ended.
func ended(t *testing.T, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the connection goes on (%v)", err)
	}
}

func TestALinkPassesEverythingOnAndTheEnd(t *testing.T) {
	conn := dial(t, echo(t))
	say(t, conn, "hello")
	hears(t, conn, "hello")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	ended(t, conn)
}

func TestASilentLinkKeepsBackWhatItGetsUntilItHeals(t *testing.T) {
	link := echo(t)
	old := dial(t, link)
	say(t, old, "one")
	hears(t, old, "one")
	link.Silence()
	say(t, old, "two")
	fresh := dial(t, link)
	say(t, fresh, "three")
	silent(t, old)
	silent(t, fresh)
	link.Heal()
	hears(t, old, "two")
	hears(t, fresh, "three")
}

func TestACutLinkEndsConnectionsUntilItHeals(t *testing.T) {
	link := echo(t)
	old := dial(t, link)
	say(t, old, "one")
	hears(t, old, "one")
	link.Cut()
	ended(t, old)
	refused(t, link)
	link.Heal()
	again := dial(t, link)
	say(t, again, "two")
	hears(t, again, "two")
	link.Break()
	ended(t, again)
	last := dial(t, link)
	say(t, last, "three")
	hears(t, last, "three")
}

func TestASlowLinkDelaysBothWays(t *testing.T) {
	link := echo(t)
	conn := dial(t, link)
	const by = 50 * time.Millisecond
	link.Slow(by)
	began := time.Now()
	say(t, conn, "one")
	hears(t, conn, "one")
	if took := time.Since(began); took < 2*by {
		t.Errorf("a word was back after %s", took)
	}
}

func TestALinkToNobodyEndsConnections(t *testing.T) {
	link, err := netfault.Open("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	refused(t, link)
	if err := link.Close(); err != nil {
		t.Fatal(err)
	}
}
