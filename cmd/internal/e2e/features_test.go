package e2e_test

import (
	"bytes"
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/realtime/realtimetest"
	"parley/realtime/sio/siotest"
)

// TestTheContractsEvents runs over both transports.
func TestTheContractsEvents(t *testing.T) {
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			scenario(t, always, func(t *testing.T, on topology) {
				node(t, "features.mjs", on.start(t).url, transport)
			})
		})
	}
}

// TestKeyModeAsksForTheKeyAtEveryDoor checks that the log never shows the key either.
func TestKeyModeAsksForTheKeyAtEveryDoor(t *testing.T) {
	const key = "a-key-for-the-tests-only"
	scenario(t, inFull, func(t *testing.T, on topology) {
		p := on.start(t, "ELIZA_SERVER_AUTH_TOKEN="+key, "LOG_LEVEL=trace")
		node(t, "access.mjs", p.url, key)
		if strings.Contains(p.log(), key) {
			t.Error("the log shows the key")
		}
		if strings.Contains(p.log(), clusterSecret) {
			t.Error("the log shows the secret of the replicas")
		}
	})
}

// TestJWTModeBindsUsersToTheirTokens checks that the log shows neither the secret nor a token.
func TestJWTModeBindsUsersToTheirTokens(t *testing.T) {
	t.Parallel() // it mostly waits
	const secret = "a-secret-of-tokens-for-the-tests-only"
	scenario(t, inFull, func(t *testing.T, on topology) {
		p := on.start(t, "PARLEY_AUTH=jwt", "PARLEY_JWT_SECRET="+secret, "PARLEY_JWT_LEEWAY=0s", "LOG_LEVEL=trace")
		node(t, "tokens.mjs", p.url, secret)
		if log := p.log(); strings.Contains(log, secret) || strings.Contains(log, "eyJ") {
			t.Error("the log shows the secret or a token")
		}
	})
}

// TestOpenModeStaysOnLoopback checks that the refusal names both ways out.
func TestOpenModeStaysOnLoopback(t *testing.T) {
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	out, err := runUntilEnd(t, bin, t.TempDir(), freePort(t), "SERVER_HOST=0.0.0.0")
	if err == nil || !bytes.Contains(out, []byte("ELIZA_SERVER_AUTH_TOKEN")) || !bytes.Contains(out, []byte("PARLEY_ALLOW_OPEN")) {
		t.Fatalf("err %v, said:\n%s", err, out)
	}
}

// driven is what a load driver does.
type driven struct{ sockets, channels, rate string }

// TestChannelsUnderLoad drives 300 sockets in 15 channels at 200 sends per second:
// nothing lost, doubled or out of order, everything acknowledged. The driver decodes little
// of what it hears, so somebody who does listens in one of its channels. With three replicas
// it drives less, for the database of the tests is slow and bears few documents.
func TestChannelsUnderLoad(t *testing.T) {
	scenario(t, inSoak, func(t *testing.T, on topology) {
		load := driven{"300", "15", "200"}
		if on == three {
			load = driven{"60", "6", "5"}
		}
		drives(t, on.start(t, "LOG_LEVEL=warn"), load)
	})
}

// drives puts the load of a driver on a server, over both transports.
func drives(t *testing.T, p *cluster, load driven) {
	t.Helper()
	driver := filepath.Join(t.TempDir(), "parleyload")
	if out, err := exec.Command("go", "build", "-o", driver, "parley/cmd/parleyload").CombinedOutput(); err != nil {
		t.Fatalf("build the driver: %v\n%s", err, out)
	}
	seconds := "15s"
	if testing.Short() {
		seconds = "4s"
	}
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			known := p.channels(t)
			run := exec.CommandContext(t.Context(), driver, "run", "-url", p.url, "-sockets", load.sockets, "-channels", load.channels, "-rate", load.rate,
				"-duration", seconds, "-warmup", "1s", "-drain", "1m", "-transport", transport)
			var out bytes.Buffer
			run.Stdout, run.Stderr = &out, &out
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			listener := p.listen(t, transport, known)
			err := run.Wait()
			t.Logf("\n%s", out.Bytes())
			if err != nil {
				t.Fatalf("the driver found faults: %v", err)
			}
			heard := listener.Events()
			if !slices.ContainsFunc(heard, func(e siotest.Event) bool { return e.Name == "messageBroadcast" }) {
				t.Errorf("the listener heard %d events and no message", len(heard))
			}
		})
	}
}

// channels are the ids of the channels of the default server.
func (c *cluster) channels(t *testing.T) []string {
	t.Helper()
	var list struct{ Channels []struct{ ID string } }
	if err := c.call(t.Context(), http.MethodGet, "/api/messaging/central-servers/"+defaultServer+"/channels", nil, &list); err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(list.Channels))
	for i, one := range list.Channels {
		ids[i] = one.ID
	}
	return ids
}

// listen joins the first channel that is none of the known ones. All that the client hears
// is held against the AsyncAPI document.
func (c *cluster) listen(t *testing.T, transport string, known []string) *siotest.Client {
	t.Helper()
	client, err := realtimetest.NewDialer(t, declared(t)).Dial(c.url, siotest.Options{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	eventually(t, "there is a new channel to listen in", func() error {
		for _, id := range c.channels(t) {
			if slices.Contains(known, id) {
				continue
			}
			_, err := client.EmitAck(patience, "channels:join", map[string]string{"channelId": id})
			return err
		}
		return errors.New("there is none")
	})
	return client
}
