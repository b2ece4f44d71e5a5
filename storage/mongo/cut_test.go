package mongo_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
	"parley/storage/mongo/mongotest"
)

// cutter stands before a server and cuts the connection instead of passing on a reply.
type cutter struct {
	listener net.Listener
	backend  string
	// cuts is how many replies to commands with the word are still to be lost.
	cuts atomic.Int32
	word []byte
}

// cut starts a cutter before the server at uri, which ends with the test.
func cut(t *testing.T, uri, word string) (*cutter, string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	host := strings.Trim(strings.TrimPrefix(uri, "mongodb://"), "/")
	c := &cutter{listener: l, backend: host, word: []byte(word)}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go c.serve(client)
		}
	}()
	return c, fmt.Sprintf("mongodb://%s/?directConnection=true&retryWrites=false&retryReads=false", l.Addr())
}

// serve passes on what one client says, message by message.
func (c *cutter) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", c.backend)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	for {
		request, err := message(client)
		if err != nil {
			return
		}
		if _, err := server.Write(request); err != nil {
			return
		}
		reply, err := message(server)
		if err != nil || bytes.Contains(request, c.word) && c.cuts.Add(-1) >= 0 {
			return // the server has done it, and nobody hears of it
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

// message reads one message of MongoDB's protocol.
func message(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	data := make([]byte, binary.LittleEndian.Uint32(head[:]))
	copy(data, head[:])
	_, err := io.ReadFull(r, data[4:])
	return data, err
}

func TestLostAnswersOfTheDatabaseLoseAndDoubleNothing(t *testing.T) {
	uri := mongotest.URI(t)
	c, through := cut(t, uri, "\x02insert\x00\x09\x00\x00\x00messages\x00")
	set := openAt(t, through, mongotest.Database(t, uri))
	defer closeSet(t, set)
	channel := newChannel(t, set)
	for round := range 3 {
		c.cuts.Store(2)
		var answers []<-chan outcome
		for i := range 20 {
			answers = append(answers, submit(t.Context(), set, text(channel, fmt.Sprint(round, i))))
		}
		for i, answer := range answers {
			if o := <-answer; o.err != nil || o.Duplicate || o.Message.Seq != int64(round*20+i+1) {
				t.Fatalf("round %d, message %d: %+v", round, i, o)
			}
		}
		if c.cuts.Load() >= 0 && round == 0 {
			t.Logf("%d of 2 answers were lost", 2-c.cuts.Load())
		}
	}
	if events := stored(t, set, channel); len(events) != 60 {
		t.Errorf("%d are stored", len(events))
	}
	if c.cuts.Load() == 2 {
		t.Error("no answer was lost")
	}
}

func TestADatabaseThatAnswersLateIsWaitedFor(t *testing.T) {
	uri := mongotest.URI(t)
	c, through := cut(t, uri, "\x02insert\x00\x05\x00\x00\x00meta\x00")
	c.cuts.Store(3)
	closeSet(t, openAt(t, through, mongotest.Database(t, uri)))
	if c.cuts.Load() > 0 {
		t.Error("not every answer was lost")
	}
}

func TestLostAnswerToAnEditIsLookedUp(t *testing.T) {
	uri := mongotest.URI(t)
	c, through := cut(t, uri, "\x02update\x00\x09\x00\x00\x00messages\x00")
	set := openAt(t, through, mongotest.Database(t, uri))
	defer closeSet(t, set)
	channel := newChannel(t, set)
	first := <-submit(t.Context(), set, text(channel, "text"))
	if first.err != nil {
		t.Fatal(first.err)
	}
	c.cuts.Store(1)
	edited, err := set.Messaging.Edit(t.Context(), channel, first.Message.ID, func(m messaging.Message) (messaging.Message, error) {
		m.Content += "!"
		return m, nil
	})
	if err != nil || edited.Content != "text!" || edited.Rev != 2 {
		t.Errorf("got %+v, %v", edited, err)
	}
	if n, err := set.Messaging.Head(t.Context(), channel); err != nil || n != 2 || c.cuts.Load() > 0 {
		t.Errorf("the head is %d, %v; cuts left %d", n, err, c.cuts.Load())
	}
}

func TestDatabaseThatIsGoneIsUnavailableAndComesBack(t *testing.T) {
	server := mongotest.Start(t)
	set := openAt(t, server.URI, "parley")
	defer closeSet(t, set)
	channel := newChannel(t, set)
	m := text(channel, "text")
	server.Kill()
	lost := submit(t.Context(), set, m)
	if err := set.Ping(t.Context()); !domain.IsCode(err, domain.Unavailable) {
		t.Errorf("ping: %v", err)
	}
	if o := <-lost; !domain.IsCode(o.err, domain.Unavailable) {
		t.Errorf("append: %+v", o)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	for {
		o := <-submit(t.Context(), set, m)
		if o.err == nil {
			break
		}
		if !domain.IsCode(o.err, domain.Unavailable) {
			t.Fatal(o.err)
		}
	}
	if events := stored(t, set, channel); len(events) != 1 {
		t.Errorf("%d are stored", len(events))
	}
}
