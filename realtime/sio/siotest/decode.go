package siotest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
)

// encode64 is the polling form of an attachment.
func encode64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// decode64 is the opposite of encode64.
func decode64(text []byte) ([]byte, error) { return base64.StdEncoding.DecodeString(string(text)) }

// parse splits a Socket.IO packet into its head and its payload.
func parse(data []byte) (p packet, payload []byte) {
	p = packet{kind: data[0], ack: -1}
	data = data[1:]
	if p.kind == '5' || p.kind == '6' {
		count, rest, _ := bytes.Cut(data, []byte{'-'})
		p.missing, _ = strconv.Atoi(string(count))
		data = rest
	}
	if len(data) > 0 && data[0] == '/' {
		_, data, _ = bytes.Cut(data, []byte{','})
	}
	n := 0
	for n < len(data) && data[n] >= '0' && data[n] <= '9' {
		n++
	}
	if n > 0 {
		p.ack, _ = strconv.Atoi(string(data[:n]))
	}
	return p, data[n:]
}

// message handles a Socket.IO packet for the client's namespace.
func (c *Client) message(data []byte) {
	if len(data) == 0 {
		return
	}
	p, data := parse(data)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.changed.Broadcast()
	switch p.kind {
	case '0':
		var connected struct {
			SID string `json:"sid"`
			PID string `json:"pid"`
		}
		_ = json.Unmarshal(data, &connected)
		c.id, c.pid = connected.SID, connected.PID
	case '1':
		c.events = append(c.events, Event{Name: "disconnect"})
	case '4':
		c.refusal = bytes.Clone(data)
	default:
		_ = json.Unmarshal(data, &p.event.Args)
		c.partial = &p
		c.completeLocked()
	}
}

// attach adds an attachment to the packet that waits for it.
func (c *Client) attach(data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.partial == nil {
		return
	}
	c.partial.missing--
	c.partial.event.Binary = append(c.partial.event.Binary, data)
	c.completeLocked()
	c.changed.Broadcast()
}

// completeLocked delivers the packet if nothing is missing.
func (c *Client) completeLocked() {
	p := c.partial
	if p.missing > 0 {
		return
	}
	c.partial = nil
	if c.frozen {
		return
	}
	if p.kind == '3' || p.kind == '6' {
		if c.observer != nil {
			c.observer.Acked(c.asked[p.ack], p.event)
		}
		if answer := c.acks[p.ack]; answer != nil {
			delete(c.acks, p.ack)
			answer <- p.event
		}
		return
	}
	if len(p.event.Args) > 0 {
		_ = json.Unmarshal(p.event.Args[0], &p.event.Name)
		p.event.Args = p.event.Args[1:]
	}
	if n := len(p.event.Args); n > 0 && c.pid != "" {
		var offset string
		if json.Unmarshal(p.event.Args[n-1], &offset) == nil {
			c.offset = offset
		}
	}
	if c.observer != nil {
		c.observer.Heard(p.event)
	}
	c.events = append(c.events, p.event)
}
