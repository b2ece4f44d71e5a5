package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// duplicateKey is MongoDB's code of a write that breaks a unique index.
const duplicateKey = 11000

// proxy stands before a backend and serves one command at a time.
type proxy struct {
	backend string
	// mu is held while a command runs.
	mu      sync.Mutex
	uniques uniques
}

// newProxy returns a proxy of the backend at an address.
func newProxy(backend string) *proxy { return &proxy{backend: backend, uniques: uniques{}} }

// serve serves connections until the listener is closed.
func (p *proxy) serve(l net.Listener) error {
	for {
		client, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go p.connection(client)
	}
}

// connection serves one client over a connection of its own to the backend.
func (p *proxy) connection(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", p.backend)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	for {
		request, err := readMessage(client)
		if err != nil {
			return
		}
		reply, err := p.run(server, request)
		if err != nil {
			return
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

// run lets the backend carry out one request and returns the reply, nil if there is none.
func (p *proxy) run(server net.Conn, request []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok, err := parse(request)
	if err != nil {
		return nil, err
	}
	if !ok || len(c.body) == 0 {
		return exchange(server, request)
	}
	ask := func(body bson.D) (bson.D, error) { return ask(server, body) }
	switch c.body[0].Key {
	case "insert":
		return p.insert(server, request, c, ask)
	case "update", "findAndModify":
		return p.update(server, request, c, ask)
	case "delete", "drop", "dropDatabase", "createIndexes", "dropIndexes", "renameCollection":
		p.uniques.forget(c.body)
	}
	return exchange(server, request)
}

// insert carries out an insert up to the first document that breaks a unique index.
func (p *proxy) insert(server net.Conn, request []byte, c command, ask asker) ([]byte, error) {
	docs := c.documents("documents")
	set, err := p.uniques.of(c.body, ask)
	if err != nil {
		return nil, err
	}
	bad := set.firstTaken(docs)
	if bad < len(docs) {
		list := bson.A{}
		for _, d := range docs[:bad] {
			list = append(list, d)
		}
		if bad == 0 {
			return message(0, c.id, insertReply(bson.D{{Key: "n", Value: int32(0)}, {Key: "ok", Value: 1.0}}, bad))
		}
		if request, err = message(c.id, 0, with(c.body, "documents", list)); err != nil {
			return nil, err
		}
	}
	reply, err := exchange(server, request)
	if err != nil {
		return nil, err
	}
	answer, _, err := parse(reply)
	if err != nil {
		return nil, err
	}
	n, _ := get(answer.body, "n").(int32)
	set.add(docs[:min(int(n), bad)])
	if bad == len(docs) || get(answer.body, "writeErrors") != nil || get(answer.body, "ok") != 1.0 {
		return reply, nil
	}
	return message(0, c.id, insertReply(answer.body, bad))
}

// insertReply is the reply to an insert whose document number index was refused.
func insertReply(reply bson.D, index int) bson.D {
	return with(with(reply, "writeErrors", bson.A{writeError(index)}), "ok", 1.0)
}

// writeError says that the statement number index broke a unique index.
func writeError(index int) bson.D {
	return bson.D{{Key: "index", Value: int32(index)}, {Key: "code", Value: int32(duplicateKey)}, //nolint:gosec // at most 100,000
		{Key: "errmsg", Value: "E11000 duplicate key error"}}
}

// update carries out an update of one document, or says that it breaks a unique index.
func (p *proxy) update(server net.Conn, request []byte, c command, ask asker) ([]byte, error) {
	set, err := p.uniques.of(c.body, ask)
	if err != nil {
		return nil, err
	}
	claims := c.claims(set)
	for _, key := range claims {
		if set.taken[key] {
			return refusal(c)
		}
	}
	reply, err := exchange(server, request)
	if err != nil {
		return nil, err
	}
	answer, _, err := parse(reply)
	if err != nil {
		return nil, err
	}
	if strings.Contains(fmt.Sprint(answer.body), "UNIQUE constraint failed") {
		return refusal(c)
	}
	if last, ok := get(answer.body, "lastErrorObject").(bson.D); ok {
		answer.body = last
	}
	if n, _ := get(answer.body, "n").(int32); n > 0 {
		for _, key := range claims {
			set.taken[key] = true
		}
	}
	return reply, nil
}

// refusal is MongoDB's reply to an update that breaks a unique index.
func refusal(c command) ([]byte, error) {
	body := bson.D{{Key: "n", Value: int32(0)}, {Key: "nModified", Value: int32(0)},
		{Key: "writeErrors", Value: bson.A{writeError(0)}}, {Key: "ok", Value: 1.0}}
	if c.body[0].Key == "findAndModify" {
		body = bson.D{{Key: "ok", Value: 0.0}, {Key: "errmsg", Value: "E11000 duplicate key error"},
			{Key: "code", Value: int32(duplicateKey)}, {Key: "codeName", Value: "DuplicateKey"}}
	}
	return message(0, c.id, body)
}

// asker runs a command of the proxy's own.
type asker func(body bson.D) (bson.D, error)

// ask runs a command on a connection between two requests of its client.
func ask(server net.Conn, body bson.D) (bson.D, error) {
	request, err := message(1, 0, body)
	if err != nil {
		return nil, err
	}
	reply, err := exchange(server, request)
	if err != nil {
		return nil, err
	}
	answer, ok, err := parse(reply)
	if err == nil && !ok {
		err = errors.New("the reply is no OP_MSG")
	}
	return answer.body, err
}

// exchange sends a request and reads the whole reply, unless none is to come.
func exchange(server net.Conn, request []byte) ([]byte, error) {
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(request[12:]) == opMsg && len(request) >= headerBytes+4 &&
		binary.LittleEndian.Uint32(request[headerBytes:])&moreToCome != 0 {
		return nil, nil
	}
	reply, err := readMessage(server)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return reply, err
}
