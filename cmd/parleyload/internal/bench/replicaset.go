package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"parley/cmd/internal/freeport"
	"parley/cmd/parleyload/internal/load"
	"parley/cmd/parleyload/internal/process"
)

// replicaCount is how many processes share the connections.
const replicaCount = 2

// replicaSet is one or more servers that act as one, and the Redis between them.
type replicaSet struct {
	name    string
	servers []*server
	redis   int // its process; zero: there is none
	stops   []func() error
}

// own makes a process end with the set.
func (r *replicaSet) own(s *server) { r.stops = append(r.stops, s.stop) }

// stop ends all processes, the last one first.
func (r *replicaSet) stop() error {
	var errs []error
	for i := len(r.stops) - 1; i >= 0; i-- {
		errs = append(errs, r.stops[i]())
	}
	r.stops = nil
	return errors.Join(errs...)
}

// aim points a load at the set.
func (r *replicaSet) aim(l *load.Options) {
	l.URL, l.PID, l.Beside = r.servers[0].url, r.servers[0].pid, r.redis
	for _, s := range r.servers[1:] {
		l.Others = append(l.Others, load.Target{URL: s.url, PID: s.pid})
	}
}

// used is the CPU time of all servers.
func (r *replicaSet) used() (sum time.Duration) {
	for _, s := range r.servers {
		usage, _ := process.Read(s.pid) // what is not known looks like rest
		sum += usage.CPU
	}
	return sum
}

// setStarter starts the servers of a set and puts them into it; what it started it leaves
// there even if it fails.
type setStarter struct {
	name  string
	start func(ctx context.Context, r *replicaSet) error
}

// sets are the three that are compared.
func (o *ReplicaOptions) sets() []setStarter {
	return []setStarter{{nameParley, o.alone}, {nameReplicas, o.replicas}, {nameNodes, o.nodes}}
}

// programs are what the servers are started from.
func (o *ReplicaOptions) programs() *Options {
	return &Options{Parley: o.Parley, NodePeer: o.NodePeer, Out: o.Out}
}

// alone is one Parley on SQLite.
func (o *ReplicaOptions) alone(ctx context.Context, r *replicaSet) error {
	return r.add(o.programs().parley(ctx))
}

// replicas are Parleys on one MongoDB and one Redis.
func (o *ReplicaOptions) replicas(ctx context.Context, r *replicaSet) error {
	mongo := o.MongoDB
	if mongo == "" {
		var err error
		if mongo, err = o.ferretDB(ctx, r); err != nil {
			return err
		}
	}
	redis, err := o.redis(ctx, r)
	if err != nil {
		return err
	}
	for i := range replicaCount {
		if err := r.add(o.programs().parleyWith(ctx, "MONGODB_URI="+mongo, "REDIS_URL="+redis,
			"PARLEY_REPLICA=bench"+strconv.Itoa(i+1))); err != nil {
			return err
		}
	}
	return nil
}

// nodes are Node.js servers with @socket.io/redis-adapter.
func (o *ReplicaOptions) nodes(ctx context.Context, r *replicaSet) error {
	redis, err := o.redis(ctx, r)
	if err != nil {
		return err
	}
	for range replicaCount {
		if err := r.add(o.programs().nodeWith(ctx, "REDIS_URL="+redis)); err != nil {
			return err
		}
	}
	return nil
}

// add takes a started server in.
func (r *replicaSet) add(s *server, err error) error {
	if err != nil {
		return err
	}
	r.servers = append(r.servers, s)
	r.own(s)
	return nil
}

// redis starts a redis-server that keeps nothing, and returns its address.
func (o *ReplicaOptions) redis(ctx context.Context, r *replicaSet) (string, error) {
	port, err := freeport.Pick(ctx)
	if err != nil {
		return "", err
	}
	cmd := exec.Command("redis-server", "--port", strconv.Itoa(port), "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--daemonize", "no")
	s, _, err := launch(cmd, "redis-server", func() error { return nil })
	if err != nil {
		return "", err
	}
	r.own(s)
	r.redis = s.pid
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return "redis://" + address, s.awaitPing(ctx, address)
}

// awaitPing tries to connect until somebody listens.
func (s *server) awaitPing(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	for {
		if conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address); err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen: %w", s.name, ctx.Err())
		case <-s.exited:
			return fmt.Errorf("%s ended while it started", s.name)
		case <-ticker.C:
		}
	}
}

// ferretDB starts the program that stands in for MongoDB, and returns its address. It
// removes its data when its standard input ends.
func (o *ReplicaOptions) ferretDB(ctx context.Context, r *replicaSet) (string, error) {
	program, err := filepath.Abs(o.FerretDB)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", o.FerretDB, err)
	}
	if _, err := os.Stat(program); err != nil {
		return "", fmt.Errorf("%w: build it (see -h), or name a MongoDB with -mongodb", err)
	}
	cmd := exec.Command(program)
	input, err := cmd.StdinPipe()
	if err != nil {
		return "", fmt.Errorf("start FerretDB: %w", err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return "", fmt.Errorf("start FerretDB: %w", err)
	}
	cmd.Stdout = write
	s, _, err := launch(cmd, "FerretDB", func() error {
		_ = input.Close() // it has ended
		return read.Close()
	})
	_ = write.Close() // the child has its own
	if err != nil {
		return "", err
	}
	r.own(s)
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(read).ReadString('\n')
		line <- strings.TrimSpace(text)
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-time.After(startTimeout):
		return "", errors.New("FerretDB does not say its address")
	case uri := <-line:
		if !strings.HasPrefix(uri, "mongodb://") {
			return "", fmt.Errorf("FerretDB says %q, not its address", uri)
		}
		return uri + "parley", nil
	}
}
