package storagetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/media"
	"parley/domain/messaging"
	"parley/storage"
)

// patience bounds the wait for a callback; it is only reached when a test fails.
const patience = time.Minute

// oddText is text that a careless encoding would change.
const oddText = "Zoë \U0001F9D1\u200d\U0001F680 \"quoted\" <b>&amp;</b> \u2028 back\\slash 'single'\ttab\r\nline \u00e9 e\u0301 \ufeff%s ?"

// kit is what a case works with.
type kit struct {
	*testing.T
	set *storage.Set
}

// log is the message store.
func (k *kit) log() messaging.Store { return k.set.Messaging }

// agents is the agent store.
func (k *kit) agents() agents.Store { return k.set.Agents }

// files is the store of files.
func (k *kit) files() media.Store { return k.set.Files }

// logs is the store of agents' logs.
func (k *kit) logs() agents.LogStore { return k.set.AgentLogs }

// must ends the case on an error.
func (k *kit) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

// wantCode ends the case unless err is a domain error of the code.
func (k *kit) wantCode(err error, code domain.Code) {
	k.Helper()
	var known *domain.Error
	if !errors.As(err, &known) || known.Code != code {
		k.Fatalf("error is %v, want code %s", err, code)
	}
}

// now is the present in the precision of the stores.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// metadata returns values whose bytes an encoder would like to tidy up.
func metadata() domain.Metadata {
	return domain.Metadata{
		"plain": json.RawMessage(`"text"`), "spaced": json.RawMessage("{ \"a\" : [ 1 ,\n2 ] }"), "html": json.RawMessage(`"<b>&</b>"`),
		"number": json.RawMessage(`1.000000000000000000001e+05`), "null": json.RawMessage(`null`),
		oddText: json.RawMessage(`"\u00e9 é"`), "twice": json.RawMessage(`{"x":1,"x":2}`),
	}
}

// newServer returns a server that is not stored.
func newServer() messaging.Server {
	return messaging.Server{
		ID: domain.NewID[domain.ServerID](), Name: "Server " + oddText, SourceType: "test", SourceID: "source-1",
		Metadata: metadata(), CreatedAt: now(), UpdatedAt: now().Add(time.Second),
	}
}

// newChannel returns a channel that is not stored.
func newChannel(participants ...domain.EntityID) messaging.Channel {
	return messaging.Channel{
		ID: domain.NewID[domain.ChannelID](), ServerID: domain.NewID[domain.ServerID](), Name: "Channel " + oddText,
		Type: messaging.TypeDM, SourceType: "test", SourceID: "source-2", Topic: "about " + oddText, Metadata: metadata(),
		CreatedAt: now(), UpdatedAt: now(), Participants: participants,
	}
}

// channel stores a new channel.
func (k *kit) channel(participants ...domain.EntityID) messaging.Channel {
	k.Helper()
	c, created, err := k.log().EnsureChannel(k.Context(), newChannel(participants...))
	k.must(err)
	if !created {
		k.Fatal("the channel existed already")
	}
	return c
}

// newMessage returns a message for a channel with only what is needed.
func newMessage(channel domain.ChannelID) messaging.Message {
	id := domain.NewID[domain.MessageID]()
	return messaging.Message{ID: id, ChannelID: channel, Content: "hello", Dedupe: messaging.DedupeID(id)}
}

// fullMessage returns a message for a channel with every field set.
func fullMessage(channel domain.ChannelID) messaging.Message {
	m := newMessage(channel)
	m.ServerID = domain.NewID[domain.ServerID]()
	m.AuthorID = domain.NewID[domain.EntityID]()
	m.AuthorName, m.Content = "Author "+oddText, oddText
	m.Raw = json.RawMessage("{ \"text\" : \"<i>\\u00e9</i>\",\n \"n\": 1.50 }")
	m.InReplyTo = domain.NewID[domain.MessageID]()
	m.SourceType, m.SourceID = "test", "source-3"
	m.Metadata = metadata()
	m.Dedupe = messaging.DedupeClient(m.AuthorID, "client "+oddText)
	m.Awaiting = []domain.AgentID{domain.NewID[domain.AgentID](), domain.NewID[domain.AgentID]()}
	return m
}

// outcome is what a callback of Append heard.
type outcome struct {
	messaging.Appended
	err error
}

// submit appends m and returns where its outcome will arrive. A second call of the
// callback fails the case.
func (k *kit) submit(ctx context.Context, m messaging.Message) <-chan outcome {
	k.Helper()
	results := make(chan outcome, 1)
	k.must(k.log().Append(ctx, m, func(a messaging.Appended, err error) {
		select {
		case results <- outcome{a, err}:
		default:
			k.Error("done was called twice")
		}
	}))
	return results
}

// await returns the outcome of a submit.
func (k *kit) await(results <-chan outcome) outcome {
	k.Helper()
	select {
	case o := <-results:
		return o
	case <-time.After(patience):
		k.Fatal("done was not called")
		return outcome{}
	}
}

// try appends m and waits for the outcome.
func (k *kit) try(m messaging.Message) (messaging.Appended, error) {
	k.Helper()
	o := k.await(k.submit(k.Context(), m))
	return o.Appended, o.err
}

// append stores m, which must be new.
func (k *kit) append(m messaging.Message) messaging.Message {
	k.Helper()
	a, err := k.try(m)
	k.must(err)
	if a.Duplicate {
		k.Fatal("the message is said to be a repeat")
	}
	return a.Message
}

// posts stores n plain messages in a channel.
func (k *kit) posts(channel domain.ChannelID, n int) []messaging.Message {
	k.Helper()
	pending := make([]<-chan outcome, n)
	for i := range pending {
		m := newMessage(channel)
		m.Content = fmt.Sprintf("message %d", i+1)
		pending[i] = k.submit(k.Context(), m)
	}
	stored := make([]messaging.Message, n)
	for i, results := range pending {
		o := k.await(results)
		k.must(o.err)
		stored[i] = o.Message
	}
	return stored
}

// delete leaves a tombstone of m, which must be there.
func (k *kit) delete(m messaging.Message) messaging.Message {
	k.Helper()
	tomb, changed, err := k.log().Delete(k.Context(), m.ChannelID, m.ID)
	k.must(err)
	if !changed {
		k.Fatal("the deletion is said to have changed nothing")
	}
	return tomb
}

// head is the channel's last number.
func (k *kit) head(channel domain.ChannelID) int64 {
	k.Helper()
	n, err := k.log().Head(k.Context(), channel)
	k.must(err)
	return n
}

// same ends the case unless two messages are equal in every field; no metadata and
// empty metadata count as equal, which they are to every reader.
func (k *kit) same(got, want messaging.Message) {
	k.Helper()
	if g, w := normal(got), normal(want); !reflect.DeepEqual(g, w) {
		k.Fatalf("message differs:\n got %+v\nwant %+v", g, w)
	}
}

// normal is m with one form for what is empty.
func normal(m messaging.Message) messaging.Message {
	if len(m.Metadata) == 0 {
		m.Metadata = nil
	}
	if len(m.Raw) == 0 {
		m.Raw = nil
	}
	if len(m.Awaiting) == 0 {
		m.Awaiting = nil
	}
	return m
}

// seqs lists the numbers of messages.
func seqs(list []messaging.Message) []int64 {
	out := []int64{}
	for _, m := range list {
		out = append(out, m.Seq)
	}
	return out
}

// revs lists the last numbers of messages.
func revs(list []messaging.Message) []int64 {
	out := []int64{}
	for _, m := range list {
		out = append(out, m.Rev)
	}
	return out
}

// wantNumbers ends the case unless two lists of numbers are equal.
func (k *kit) wantNumbers(got []int64, want ...int64) {
	k.Helper()
	if !slices.Equal(got, want) {
		k.Fatalf("numbers are %v, want %v", got, want)
	}
}
