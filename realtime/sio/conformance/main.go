package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// headerTimeout bounds how long a client may take to send a request's headers.
const headerTimeout = 10 * time.Second

// main serves one of the two echo applications until it is interrupted.
func main() {
	port := flag.Int("port", 3000, "the port to listen on, on 127.0.0.1; 0 takes a free one")
	engine := flag.Bool("engine", false, "serve Engine.IO at /engine.io/ instead of Socket.IO at /socket.io/")
	flag.Parse()

	log := zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr}).Level(zerolog.InfoLevel).With().Timestamp().Logger()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx, *port, *engine, log)
	cancel()
	if err != nil {
		log.Error().Err(err).Msg("the conformance server failed")
		os.Exit(1)
	}
}

// serve listens on the port until the context ends.
func serve(ctx context.Context, port int, engine bool, log zerolog.Logger) error {
	handler, stop, err := newHandler(engine, officialSettings(), log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		stop()
		return fmt.Errorf("listen: %w", err)
	}
	log.Info().Stringer("address", listener.Addr()).Msg("listening")
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	ended := context.AfterFunc(ctx, func() {
		stop()
		_ = server.Close()
	})
	defer ended()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
