package load

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"parley/cmd/internal/client"
	"parley/cmd/internal/fakeserver"
)

// shortRun are options of a run of one second against a fake.
func shortRun(url string) Options {
	o := Defaults()
	o.URL, o.Sockets, o.Channels, o.Rate = url, 6, 2, 100
	// What is missing costs the drain, so it is not longer than a busy machine may need.
	o.Duration, o.Warmup, o.Drain = time.Second, 0, 3*time.Second
	o.ConnectRate, o.ConnectTimeout = 0, time.Minute
	return o
}

// mustRun runs and fails the test if there is no report.
func mustRun(t *testing.T, o Options) *Report {
	t.Helper()
	var progress bytes.Buffer
	p, err := Run(t.Context(), o, &progress)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAHealthyServerHasNoFaults runs every form against a server that does all right.
func TestAHealthyServerHasNoFaults(t *testing.T) {
	for _, transport := range []string{client.WebSocket, client.Polling} {
		for _, protocol := range []string{ProtocolMessage, ProtocolOp} {
			t.Run(transport+" "+protocol, func(t *testing.T) {
				t.Parallel()
				o := shortRun(fakeserver.New(t, fakeserver.Options{Key: "secret"}).URL)
				o.Transport, o.Protocol, o.Key = transport, protocol, "secret"
				o.Warmup, o.Drain = 200*time.Millisecond, time.Minute
				p := mustRun(t, o)
				if err := p.Err(); err != nil {
					t.Errorf("faults found: %v; %v", err, p.Failures)
				}
				if p.Sent != 120 || p.Delivered != 360 || p.Acked != 120 || p.UncomparedChannels != 0 {
					t.Errorf("got %d sent, %d delivered, %d acked, %d channels not compared; want 120, 360, 120, 0",
						p.Sent, p.Delivered, p.Acked, p.UncomparedChannels)
				}
				if p.Ack.Count == 0 || p.Delivery.Count == 0 || p.SendRate <= 0 {
					t.Errorf("not measured: %+v", p)
				}
			})
		}
	}
}

// nth answers true for the nth packet that a socket gets, counted from 1.
func nth(socket, n int) func(int) bool {
	count := 0
	return func(s int) bool {
		if s == socket {
			count++
		}
		return s == socket && count == n
	}
}

// swap holds the nth packet of socket 0 back until after the one that may follow it.
func swap(n int, may func(held, next string) bool) func(int, string) []string {
	is := nth(0, n)
	held := ""
	return func(s int, packet string) []string {
		if held == "" && is(s) {
			held = packet
			return nil
		}
		if s == 0 && held != "" && held != "done" && may(held, packet) {
			out := []string{packet, held}
			held = "done"
			return out
		}
		return []string{packet}
	}
}

// sender is the sender in a packet's marker.
func sender(packet string) uint16 {
	m, _ := findMarker([]byte(packet))
	return m.sender
}

// TestEveryFaultIsFound plants one fault each and looks for it in the report.
func TestEveryFaultIsFound(t *testing.T) {
	drop, double := nth(1, 5), nth(2, 5)
	for name, c := range map[string]struct {
		fake fakeserver.Options
		want func(*Report) bool
	}{
		"one delivery lost": {
			fakeserver.Options{Deliver: func(s int, packet string) []string {
				if drop(s) {
					return nil
				}
				return []string{packet}
			}},
			func(p *Report) bool { return p.Lost == 1 && p.UncomparedChannels == 1 && p.Doubled == 0 },
		},
		"one delivery doubled": {
			fakeserver.Options{Deliver: func(s int, packet string) []string {
				if double(s) {
					return []string{packet, packet}
				}
				return []string{packet}
			}},
			func(p *Report) bool { return p.Doubled == 1 && p.Lost == 0 && p.Disordered == 0 },
		},
		"two messages of one sender swapped": {
			fakeserver.Options{Deliver: swap(5, func(a, b string) bool { return sender(a) == sender(b) })},
			func(p *Report) bool { return p.Disordered == 1 && p.Lost == 0 && p.SplitChannels == 1 },
		},
		"two messages of different senders swapped for one receiver": {
			fakeserver.Options{Deliver: swap(5, func(a, b string) bool { return sender(a) != sender(b) })},
			func(p *Report) bool { return p.SplitChannels == 1 && p.Disordered == 0 && p.Lost == 0 },
		},
		"sends refused": {
			fakeserver.Options{Refuse: true},
			func(p *Report) bool { return p.Refused == 100 && p.Unacked == 100 && p.Lost == 300 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := mustRun(t, shortRun(fakeserver.New(t, c.fake).URL))
			if !c.want(p) {
				t.Errorf("not found: %d lost, %d doubled, %d disordered, %d split, %d not compared, %d refused, %d unacked",
					p.Lost, p.Doubled, p.Disordered, p.SplitChannels, p.UncomparedChannels, p.Refused, p.Unacked)
			}
			if err := p.Err(); !errors.Is(err, ErrFaults) {
				t.Errorf("Err says %v", err)
			}
		})
	}
}

// TestTheEchoStandsInForAMissingAck is how servers without messageAck are driven.
func TestTheEchoStandsInForAMissingAck(t *testing.T) {
	p := mustRun(t, shortRun(fakeserver.New(t, fakeserver.Options{NoAck: true}).URL))
	if p.AckedBy != "echo" || p.Acked != 100 || p.Unacked != 0 || p.Ack.Count == 0 {
		t.Errorf("got %d acked by %s, %d missing, %d timed", p.Acked, p.AckedBy, p.Unacked, p.Ack.Count)
	}
}

// TestASocketThatCannotConnectIsTold covers refusal and a join without an answer.
func TestASocketThatCannotConnectIsTold(t *testing.T) {
	o := shortRun(fakeserver.New(t, fakeserver.Options{Key: "secret"}).URL)
	_, err := Run(t.Context(), o, new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "Invalid or missing API Key") {
		t.Errorf("without the key: %v", err)
	}
	o = shortRun(fakeserver.New(t, fakeserver.Options{MuteJoin: true}).URL)
	o.ConnectTimeout = 3 * time.Second
	if _, err = Run(t.Context(), o, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "channel_joined") {
		t.Errorf("without an answer to the join: %v", err)
	}
}

// TestAnInterruptedRunReportsWhatItSaw ends a long run early.
func TestAnInterruptedRunReportsWhatItSaw(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := shortRun(fakeserver.New(t, fakeserver.Options{Deliver: func(_ int, packet string) []string {
		cancel() // at the first message
		return []string{packet}
	}}).URL)
	o.Duration = time.Hour
	p, err := Run(ctx, o, new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	if !p.Interrupted || p.Sent == 0 || p.Sent > 100 {
		t.Errorf("interrupted %v after %d messages", p.Interrupted, p.Sent)
	}
}

// TestProgressIsTold looks for a line of a second and reads the text of the report.
func TestProgressIsTold(t *testing.T) {
	o := shortRun(fakeserver.New(t, fakeserver.Options{}).URL)
	o.Warmup = time.Second
	var progress, text bytes.Buffer
	p, err := Run(t.Context(), o, &progress)
	if err != nil {
		t.Fatal(err)
	}
	p.WriteText(&text)
	for part, in := range map[string]string{"delivered": progress.String(), "0 lost, 0 doubled": text.String(), "p99": text.String()} {
		if !strings.Contains(in, part) {
			t.Errorf("no %q in %q", part, in)
		}
	}
	if len(p.Samples) == 0 || p.Samples[0].Delivered == 0 {
		t.Errorf("samples: %+v", p.Samples)
	}
}

// TestACrowdListensUntilItIsDispersed over both transports, from several addresses of this
// machine.
func TestACrowdListensUntilItIsDispersed(t *testing.T) {
	for _, transport := range []string{client.WebSocket, client.Polling} {
		server := fakeserver.New(t, fakeserver.Options{PingInterval: 100})
		o := Defaults()
		o.URL, o.Sockets, o.Channels, o.Transport = server.URL, 2*loopbackSources, 2, transport
		crowd, err := Gather(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for server.Pongs() < o.Sockets && t.Context().Err() == nil {
			pause(t.Context(), time.Millisecond)
		}
		if n, examples := crowd.Failures(); crowd.Size() != o.Sockets || n != 0 {
			t.Errorf("%s: %d of %d connected, %d failed: %v", transport, crowd.Size(), o.Sockets, n, examples)
		}
		crowd.Disperse()
		crowd.Disperse()
	}
}

// TestTooFewOpenFilesAreTold before anything is connected.
func TestTooFewOpenFilesAreTold(t *testing.T) {
	o := Defaults()
	o.Sockets, o.Channels = maxSockets, 1
	o.Transport = client.Polling
	if need := o.files(); need < 2*maxSockets {
		t.Errorf("%d files for %d polling sockets", need, o.Sockets)
	}
	if err := allowFiles(1 << 62); err == nil || !strings.Contains(err.Error(), "hard limit") {
		t.Errorf("more files than any system allows: %v", err)
	}
	if err := allowFiles(1); err != nil {
		t.Error(err)
	}
}
