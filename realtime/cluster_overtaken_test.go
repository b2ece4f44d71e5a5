package realtime_test

import (
	"encoding/json"
	"testing"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/realtime/sio/siotest"
	"parley/storage/redis"
	"parley/storage/redis/redistest"
)

// tell publishes a note of a replica that is no part of the test.
func tell(t *testing.T, server *redistest.Server, note fields) {
	t.Helper()
	client, err := redis.New(redis.Options{URL: domain.Secret(server.URL()), Replica: "zero", Now: time.Now, Logger: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close() //nolint:errcheck // nothing is lost
	note["from"] = "zero"
	payload, err := json.Marshal(note)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Bus().Publish(t.Context(), "gateways", payload); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAnOvertakenReplicaSaysOfAnAnswerDoesNotCount(t *testing.T) {
	const answer, another = domain.MessageID("77777777-7777-4777-8777-777777777777"), "11111111-1111-4111-8111-111111111112"
	say := func(d *door, attempt int64, text string) {
		d.gateway.Streamed(agents.Chunk{ChannelID: channelID, AgentID: eliza, Name: "Eliza", MessageID: answer, Question: asking, Attempt: attempt, Text: text})
	}
	old := func(zombie *door, there *siotest.Client) {
		say(zombie, 1, "old")
		for next(zombie.t, there, "messageStreamChunk")["chunk"] != "old" {
		}
	}
	for name, overtaken := range map[string]func(t *testing.T, server *redistest.Server, zombie *door, there *siotest.Client){
		"a chunk": func(_ *testing.T, _ *redistest.Server, zombie *door, there *siotest.Client) { old(zombie, there) },
		"its end": func(_ *testing.T, _ *redistest.Server, zombie *door, there *siotest.Client) {
			old(zombie, there)
			zombie.gateway.StreamEnded(channelID, answer)
		},
		"what it has so far": func(t *testing.T, server *redistest.Server, _ *door, _ *siotest.Client) {
			tell(t, server, fields{"kind": "streams", "to": "one", "channel": channelID,
				"streams": []fields{{"messageId": answer, "agentId": eliza, "agentName": "Eliza", "inReplyTo": asking, "attempt": 1, "index": 1, "text": "old"}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			doors := openReplicas(t, server, "one", "two", "three")
			there := doors[0].enter("", channelID, another)
			say(doors[0], 2, "How ")
			overtaken(t, server, doors[2], there)
			doors[2].gateway.ChannelDeleted(another)
			next(t, there, "channelDeleted") // the notes before are taken
			late := doors[1].dialBy("", fields{})
			next(t, late, "connection_established")
			joined := within(ask(t, late, "channels:join", fields{"channelId": channelID}), "data")
			list, _ := joined["streams"].([]any)
			if len(list) != 1 {
				t.Fatalf("who joins elsewhere is told of %v", joined["streams"])
			}
			if so, _ := list[0].(fields); so["text"] != "How " || so["attempt"] != 2.0 {
				t.Errorf("who joins elsewhere is told of %v", so)
			}
		})
	}
}
