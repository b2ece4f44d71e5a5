package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"parley/realtime/sio"
)

// The paths which the official suites use.
const (
	engineIOPath = "/engine.io/"
	socketIOPath = "/socket.io/"
)

// stopTimeout bounds how long the open sessions may take to end.
const stopTimeout = 5 * time.Second

// settings are the timings and limits of a server under test.
type settings struct {
	pingInterval   time.Duration
	pingTimeout    time.Duration
	connectTimeout time.Duration // Socket.IO only
	maxPayload     int64
}

// officialSettings are those which the protocol pages ask for.
func officialSettings() settings {
	return settings{
		pingInterval:   300 * time.Millisecond,
		pingTimeout:    200 * time.Millisecond,
		connectTimeout: time.Second,
		maxPayload:     1_000_000,
	}
}

// newHandler makes the Engine.IO application or the Socket.IO one. The caller must
// call stop, which ends all sessions and returns when they have ended.
func newHandler(engine bool, s settings, log zerolog.Logger) (handler http.Handler, stop func(), err error) {
	options := sio.Options{
		Path:           socketIOPath,
		PingInterval:   s.pingInterval,
		PingTimeout:    s.pingTimeout,
		ConnectTimeout: s.connectTimeout,
		MaxPayload:     s.maxPayload,
		Logger:         log,
	}
	if engine {
		options.Path = engineIOPath
		return newEngineIO(options, log)
	}
	return newSocketIO(options, log)
}

// newEngineIO makes the application that sends every message back.
func newEngineIO(options sio.Options, log zerolog.Logger) (http.Handler, func(), error) {
	engine, err := sio.NewEngine(options, func(c *sio.EngineConn) {
		c.OnMessage(c.Send)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("make the Engine.IO server: %w", err)
	}
	return engine, func() { shut(engine.Shutdown, log) }, nil
}

// newSocketIO makes the application with its two namespaces.
func newSocketIO(options sio.Options, log zerolog.Logger) (http.Handler, func(), error) {
	server, err := sio.New(options)
	if err != nil {
		return nil, nil, fmt.Errorf("make the Socket.IO server: %w", err)
	}
	e := echo{log: log}
	server.Namespace("/").OnConnect(e.connected)
	server.Namespace("/custom").OnConnect(e.connected)
	return server, func() { shut(server.Shutdown, log) }, nil
}

// shut ends a server within stopTimeout.
func shut(shutdown func(context.Context) error, log zerolog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := shutdown(ctx); err != nil {
		log.Warn().Err(err).Msg("some sessions were cut off")
	}
}

// echo is the Socket.IO application.
type echo struct{ log zerolog.Logger }

// connected shows a new socket what it sent to connect, and sets its handler.
func (e echo) connected(socket *sio.Socket) {
	e.note(socket.Emit("auth", socket.Handshake().Auth))
	socket.OnEvent(func(event *sio.Event) { e.handle(socket, event) })
}

// handle answers the two events of the application; others have no answer.
func (e echo) handle(socket *sio.Socket, event *sio.Event) {
	switch event.Name {
	case "message":
		args, err := arguments(event)
		e.note(err)
		e.note(socket.Emit("message-back", args...))
	case "message-with-ack":
		if !event.WantsAck() {
			return
		}
		args, err := arguments(event)
		e.note(err)
		e.note(event.Ack(args...))
	}
}

// note logs an answer that could not be sent.
func (e echo) note(err error) {
	if err != nil {
		e.log.Warn().Err(err).Msg("an answer was not sent")
	}
}

// arguments returns the arguments of an event, as they are to be sent, with the
// attachments in the places of their placeholders.
func arguments(event *sio.Event) ([]any, error) {
	args := make([]any, len(event.Args))
	for i, raw := range event.Args {
		args[i] = raw
		if len(event.Attachments) == 0 || !bytes.Contains(raw, []byte("_placeholder")) {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return args, fmt.Errorf("decode argument %d: %w", i, err)
		}
		args[i] = restore(value, event.Attachments)
	}
	return args, nil
}

// restore puts the attachments into a decoded argument.
func restore(value any, attachments [][]byte) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = restore(v[i], attachments)
		}
	case map[string]any:
		number, _ := v["num"].(json.Number)
		if index, err := number.Int64(); v["_placeholder"] == true && err == nil &&
			index >= 0 && index < int64(len(attachments)) {
			return attachments[index]
		}
		for key := range v {
			v[key] = restore(v[key], attachments)
		}
	}
	return value
}
