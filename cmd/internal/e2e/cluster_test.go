package e2e_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/rest/resttest"
)

// topology is of how many processes a Parley consists, which a scenario need not know.
type topology int

const (
	// one is a single process with the embedded store.
	one topology = 1
	// three are three replicas as in docker-compose.yml: with MongoDB, Redis and the balancer
	// of that file, without sticky sessions.
	three topology = 3
)

// extent says in which runs a scenario has three replicas too. With one replica it is always
// played.
type extent int

const (
	// always: in the short runs too, which are those under the race detector.
	always extent = iota
	// inFull: in the full run of make test.
	inFull
	// inSoak: in make soak only.
	inSoak
)

// soakRun is the environment variable that is set by make soak: everything is played, in its
// long form.
const soakRun = "PARLEY_SOAK"

// soaking reports whether this run plays everything in its long form.
func soaking() bool { return os.Getenv(soakRun) != "" }

// due reports whether what has an extent is part of this run.
func (e extent) due() bool {
	switch e {
	case always:
		return true
	case inFull:
		return !testing.Short()
	case inSoak:
		return soaking()
	}
	return false
}

// scenario plays a whole-server scenario with one replica, and with three if that is due.
func scenario(t *testing.T, with extent, play func(t *testing.T, on topology)) {
	t.Helper()
	t.Run("one", func(t *testing.T) { play(t, one) })
	t.Run("three", func(t *testing.T) {
		if !with.due() {
			t.Skip("with three replicas this is part of a longer run")
		}
		play(t, three)
	})
}

// cluster is a running Parley: what a scenario sees of it is the same with one process and
// with several.
type cluster struct {
	t *testing.T
	// url is where clients come in: the server's own address or the balancer's.
	url string
	// client sends requests and holds the replies against the OpenAPI document.
	client func() *http.Client
	// replicas are the processes.
	replicas []*process
	// surroundings are what replicas share; nil for one process.
	*surroundings
}

// start starts a Parley and waits until it is ready. env adds settings, as NAME=value.
func (n topology) start(t *testing.T, env ...string) *cluster {
	t.Helper()
	c := n.prepare(t, env...)
	c.launch()
	return c
}

// prepare makes everything but the replicas' processes, which launch starts.
func (n topology) prepare(t *testing.T, env ...string) *cluster {
	t.Helper()
	c := &cluster{t: t}
	c.client = sync.OnceValue(func() *http.Client {
		next := http.DefaultTransport
		if n == three {
			next = throughBalancer{}
		}
		return &http.Client{Transport: resttest.NewTransport(t, declared(t), next)}
	})
	if n == one {
		c.replicas = []*process{newProcess(t, env...)}
		c.url = c.replicas[0].url
		return c
	}
	c.surround(env)
	return c
}

// launch starts the replicas that do not run, on the data that is there, and waits until
// all are ready.
func (c *cluster) launch() {
	c.t.Helper()
	for i, p := range c.replicas {
		if p.runs() {
			continue
		}
		p.begin()
		if i == 0 {
			p.ready() // the first one makes what there is at the first start
		}
	}
	for _, p := range c.replicas {
		p.ready()
	}
	c.await()
}

// kill ends all replicas at once, like kill -9, and waits for them.
func (c *cluster) kill() {
	for _, p := range c.replicas {
		p.kill()
	}
}

// arm ends all replicas and starts them with another program, or the built one if bin is
// empty, and with further settings, which count until the next arm.
func (c *cluster) arm(bin string, env ...string) {
	c.t.Helper()
	c.kill()
	kept := make([]int, len(c.replicas))
	for i, p := range c.replicas {
		kept[i] = len(p.env)
		p.bin, p.env = bin, append(p.env, env...)
	}
	c.launch()
	for i, p := range c.replicas {
		p.bin, p.env = "", p.env[:kept[i]] // what runs has what it needs
	}
}

// terminate asks all replicas to stop and returns how they ended.
func (c *cluster) terminate(within time.Duration) error {
	errs := make([]error, len(c.replicas))
	var group sync.WaitGroup
	for i, p := range c.replicas {
		group.Go(func() { errs[i] = p.terminate(within) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// ends waits until a replica has ended, and returns whether and how one did.
func (c *cluster) ends(within time.Duration) (ended bool, err error) {
	for deadline := time.Now().Add(within); !ended && time.Now().Before(deadline); {
		for _, p := range c.replicas {
			if ended, err = p.ends(20 * time.Millisecond); ended {
				break
			}
		}
	}
	return ended, err
}

// log is what the replicas have logged.
func (c *cluster) log() string {
	var all strings.Builder
	for _, p := range c.replicas {
		all.WriteString(p.log.String())
	}
	return all.String()
}
