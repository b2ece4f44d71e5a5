package client

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"parley/cmd/internal/fakeserver"
)

// options connect to a fake.
func options(url, transport string) Options {
	return Options{URL: url, Transport: transport, Timeout: time.Minute, HTTP: http.DefaultClient}
}

// TestPingsAreAnswered keeps a connection alive while the caller only waits for packets.
func TestPingsAreAnswered(t *testing.T) {
	for _, transport := range []string{WebSocket, Polling} {
		t.Run(transport, func(t *testing.T) {
			server := fakeserver.New(t, fakeserver.Options{PingInterval: 1000})
			c, err := Dial(t.Context(), options(server.URL, transport))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			packet, err := c.Next()
			if err != nil || string(packet[:3]) != `2["` {
				t.Fatalf("got %q and %v, want connection_established", packet, err)
			}
			for server.Pongs() == 0 && t.Context().Err() == nil {
				if err := c.Send([]byte(`2["message",{"type":1,"payload":{"channelId":"c"}}]`)); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Next(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestARefusalCarriesTheServersText tells a wrong key from a broken connection.
func TestARefusalCarriesTheServersText(t *testing.T) {
	for _, transport := range []string{WebSocket, Polling} {
		server := fakeserver.New(t, fakeserver.Options{Key: "secret"})
		_, err := Dial(t.Context(), options(server.URL, transport))
		var refused Refused
		if !errors.As(err, &refused) || string(refused) != `{"message":"Invalid or missing API Key"}` {
			t.Errorf("%s: got %v", transport, err)
		}
	}
}

// TestDialGivesUpWithItsContext covers a server that is not there, and a cancelled dial.
func TestDialGivesUpWithItsContext(t *testing.T) {
	server := fakeserver.New(t, fakeserver.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, transport := range []string{WebSocket, Polling} {
		if _, err := Dial(ctx, options(server.URL, transport)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: %v", transport, err)
		}
		if _, err := Dial(t.Context(), options("http://127.0.0.1:1", transport)); err == nil {
			t.Errorf("%s: connected to nobody", transport)
		}
	}
}

// TestCloseEndsAWaitingNext on both transports.
func TestCloseEndsAWaitingNext(t *testing.T) {
	for _, transport := range []string{WebSocket, Polling} {
		server := fakeserver.New(t, fakeserver.Options{})
		c, err := Dial(t.Context(), options(server.URL, transport))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			for {
				if _, err := c.Next(); err != nil {
					ended <- err
					return
				}
			}
		}()
		if err := errors.Join(c.Close(), c.Close()); err != nil {
			t.Errorf("%s: close: %v", transport, err)
		}
		if err := <-ended; err == nil {
			t.Errorf("%s: reading went on after the close", transport)
		}
	}
}

// FuzzOpen decodes the open packet of any server.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(`0{"sid":"a","pingInterval":1,"pingTimeout":1}`))
	f.Add([]byte(`0{"sid":"a","pingInterval":-1,"pingTimeout":1e99}`))
	f.Add([]byte(`4`))
	f.Add([]byte(``))
	f.Fuzz(func(t *testing.T, packet []byte) {
		if o, err := parseOpen(packet); err == nil && (o.SID == "" || o.PingInterval <= 0 || o.PingTimeout <= 0) {
			t.Errorf("%q is taken as %+v", packet, o)
		}
	})
}
