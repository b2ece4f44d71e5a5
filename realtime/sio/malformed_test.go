package sio

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/realtime/sio/siotest"
)

// malformed are packets for which the connection is closed.
var malformed = []struct{ name, text string }{
	{"an event without payload", "2"},
	{"an event without payload, with an id", "21"},
	{"a binary event without attachments", "50-"},
	{"a binary event without payload and with an id", "50-1"},
	{"an event that is no JSON", "2[abc"},
	{"an event with more after it", `2["a"]x`},
	{"an event that is an object", `2{"a":1}`},
	{"an event without a name", "2[]"},
	{"an event whose name is null", "2[null]"},
	{"an event whose name is an object", `2[{"a":1}]`},
	{"a reserved name", `2["disconnect"]`},
	{"another reserved name", `2["connect_error","x"]`},
	{"too many attachments", `511-["a"]`},
	{"a huge number of attachments", `599999999999999999999-["a"]`},
	{"a negative number of attachments", `5-1-["a"]`},
	{"no number of attachments", `5-["a"]`},
	{"a placeholder for an attachment that there is not", `51-["a",{"_placeholder":true,"num":1}]`},
	{"a placeholder with a wrong number", `51-["a",{"_placeholder":true,"num":"0"}]`},
	{"an id that is too large", `2999999999999999999999["a"]`},
	{"deep nesting", `2["a",` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "]"},
	{"a DISCONNECT with a payload", "1{}"},
	{"a CONNECT whose payload is a list", `0/other,[1]`},
	{"a CONNECT_ERROR from a client", `4{"message":"x"}`},
	{"a second CONNECT", "0"},
	{"an unknown type", "7"},
	{"nothing", ""},
	{"an event for a namespace that was never connected", `2/other,["a"]`},
	{"an ack that is an object", `31{"a":1}`},
}

func TestMalformedPacketsEndOnlyTheirConnection(t *testing.T) {
	for _, transport := range allTransports {
		t.Run(transport, func(t *testing.T) {
			s := ours(t, Options{})
			bystander := dial(t, s.url, siotest.Options{Transport: transport})
			survived := 0
			for _, test := range malformed {
				c := dial(t, s.url, siotest.Options{Transport: transport})
				_ = c.SendRaw(test.text) // over long-polling the answer may be 400
				select {
				case <-c.Done():
				case <-time.After(patience):
					t.Errorf("%s: the connection lives on", test.name)
					survived++
				}
				c.Close()
			}
			fmt.Printf("malformed packets over %s: ours closed %d of %d\n", //nolint:forbidigo // as in compare
				transport, len(malformed)-survived, len(malformed))
			if _, err := bystander.EmitAck(patience, "ping"); err != nil {
				t.Errorf("another client: %v", err)
			}
		})
	}
}

func TestMalformedPacketKillsTheStockServer(t *testing.T) {
	if raceEnabled {
		return // only ours runs
	}
	killers := []string{"2", "21", "50-", "50-1"}
	killed := 0
	for _, text := range killers {
		cmd, out := startChild(t, "stock")
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		c := stubborn(t, func() (*siotest.Client, error) {
			return siotest.Dial(strings.TrimSpace(line), siotest.Options{Timeout: stockPatience})
		})
		_ = c.SendRaw(text)
		var wg sync.WaitGroup
		wg.Go(func() { drain(out) })
		ended := make(chan struct{})
		go func() { wg.Wait(); close(ended) }()
		select {
		case <-ended:
			killed++
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-ended
		}
		_ = cmd.Wait()
		c.Close()
	}
	fmt.Printf("stock servers killed by one packet: %d of %d\n", killed, len(killers)) //nolint:forbidigo // as in compare
	if killed == 0 {
		t.Error("the stock server lived through all, so the other test proves less")
	}
}

func TestAttachmentsThatLieEndTheConnection(t *testing.T) {
	s := ours(t, Options{})
	for _, test := range []struct {
		name string
		send func(c *siotest.Client) error
	}{
		{"text where an attachment is due", func(c *siotest.Client) error {
			return c.SendBatch([]string{`51-["a",{"_placeholder":true,"num":0}]`, `2["b"]`})
		}},
		{"an attachment that nothing announced", func(c *siotest.Client) error {
			return c.SendRaw(`2["a"]`, []byte("x"))
		}},
		{"one attachment more than announced", func(c *siotest.Client) error {
			return c.SendRaw(`51-["a",{"_placeholder":true,"num":0}]`, []byte("x"), []byte("y"))
		}},
	} {
		for _, transport := range allTransports {
			c := dial(t, s.url, siotest.Options{Transport: transport})
			_ = test.send(c) // over long-polling the answer may be 400
			select {
			case <-c.Done():
			case <-time.After(patience):
				t.Errorf("%s over %s: the connection lives on", test.name, transport)
			}
		}
	}
}
