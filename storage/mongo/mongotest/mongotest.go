// Package mongotest gives tests a MongoDB: the one that MONGODB_URI names, else a FerretDB
// process that serves the test binary and ends with it.
package mongotest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// patience bounds what takes long only where something is wrong.
const patience = 30 * time.Second

// shared is the server that all tests of the binary use. It hears of the binary's end by
// the end of its standard input.
var shared = sync.OnceValues(func() (*Server, error) { return start("", "127.0.0.1:0") })

// URI is where tests find a MongoDB that they share. It never ends during the tests.
func URI(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv("MONGODB_URI"); uri != "" {
		return uri
	}
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s.URI
}

// Database returns the name of an empty database at uri, which is dropped when the test
// has ended.
func Database(t testing.TB, uri string) string {
	t.Helper()
	name := "parley_test_" + bson.NewObjectID().Hex()
	t.Cleanup(func() {
		if err := withClient(uri, func(ctx context.Context, c *mongo.Client) error { return c.Database(name).Drop(ctx) }); err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	return name
}

// Count returns the number of documents in each collection of a database.
func Count(uri, database string) (counts map[string]int64, err error) {
	counts = map[string]int64{}
	err = withClient(uri, func(ctx context.Context, c *mongo.Client) error {
		db := c.Database(database)
		names, err := db.ListCollectionNames(ctx, bson.D{})
		for _, name := range names {
			if counts[name], err = db.Collection(name).CountDocuments(ctx, bson.D{}); err != nil {
				break
			}
		}
		return err
	})
	return counts, err
}

// withClient lends a client to fn.
func withClient(uri string, fn func(context.Context, *mongo.Client) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	return errors.Join(fn(ctx, client), client.Disconnect(ctx))
}

// Server is a FerretDB process with a folder of its own.
type Server struct {
	// URI is where it is reached; it stays the same when it is started again.
	URI string

	dir   string
	cmd   *exec.Cmd
	stdin io.Closer
}

// Start starts a server of the test's own, which may stop it and start it again. MONGODB_URI
// is ignored: a server of somebody else is not stopped.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := start(t.TempDir(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

// start starts a server; without a folder it has a temporary one of its own.
func start(dir, listen string) (*Server, error) {
	bin, err := program()
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	s.cmd = exec.Command(bin, "-dir", dir, "-listen", listen) //nolint:gosec // our own program
	s.cmd.Stderr = os.Stderr
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.stdin = stdin
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if s.URI = strings.TrimSpace(line); err != nil {
		return nil, fmt.Errorf("start FerretDB: %w", errors.Join(err, s.cmd.Wait()))
	}
	return s, nil
}

// PID is the process id, for signals.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Kill ends the process at once; one that has ended is no error.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	_ = s.stdin.Close()
}

// Restart starts the server again under its URI, after Kill.
func (s *Server) Restart() error {
	again, err := start(s.dir, strings.Trim(strings.TrimPrefix(s.URI, "mongodb://"), "/"))
	if err != nil {
		return err
	}
	s.cmd, s.stdin = again.cmd, again.stdin
	return nil
}
