package siotest

import "encoding/json"

// Observer is told of what a client receives, in order and before the client's user can
// see it. It must not use the client.
type Observer interface {
	// Heard is told of an event.
	Heard(e Event)
	// Acked is told of the answer to an event of that name, waited for or not.
	Acked(event string, answer Event)
}

// noteLocked remembers for the observer which event a packet asks an answer for.
func (c *Client) noteLocked(text string) {
	if c.observer == nil || text == "" {
		return
	}
	p, payload := parse([]byte(text))
	if p.ack < 0 || p.kind != '2' && p.kind != '5' {
		return
	}
	var args []json.RawMessage
	var name string
	if json.Unmarshal(payload, &args) == nil && len(args) > 0 {
		_ = json.Unmarshal(args[0], &name) // one that is no text has no name
	}
	c.asked[p.ack] = name
}
