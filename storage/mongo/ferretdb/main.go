package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}

// run serves until a signal or the end of the standard input.
func run() error {
	dir := flag.String("dir", "", "folder of the data, which must exist; without it a temporary one that is removed at the end")
	listen := flag.String("listen", "127.0.0.1:0", "address of the proxy")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if *dir == "" {
		temporary, err := os.MkdirTemp("", "parley-ferretdb-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(temporary) }()
		*dir = temporary
	}
	backend, ended, err := startBackend(ctx, *dir)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	fmt.Printf("mongodb://%s/\n", listener.Addr())
	err = newProxy(backend).serve(listener)
	if ctx.Err() == nil {
		return err
	}
	return <-ended
}

// startBackend starts FerretDB and returns its address and where its end is told.
func startBackend(ctx context.Context, dir string) (string, <-chan error, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", nil, err
	}
	// What a killed process wrote is in the hands of the system: no test cuts the power.
	db := url.URL{Scheme: "file", Opaque: strings.TrimSuffix(filepath.ToSlash(abs), "/") + "/",
		RawQuery: url.Values{"_pragma": {"synchronous(off)"}}.Encode()}
	f, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: db.String(),
	})
	if err != nil {
		return "", nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	uri, err := url.Parse(f.MongoDBURI())
	if err != nil {
		return "", nil, err
	}
	return uri.Host, ended, nil
}
