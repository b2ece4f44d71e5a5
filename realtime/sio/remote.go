package sio

import (
	"strconv"

	"parley/realtime/fanout/wire"
)

// RemotePacket is an event that another server of the cluster has broadcast.
type RemotePacket struct {
	// Event is the event's name, Last its last argument if that is a string.
	Event, Last string
	// Packet is the event, ready for BroadcastLocal; it is marked if Last is
	// `<channel>:<number>` and the event one of a channel's log.
	Packet Packet
	// Rooms are those that it is for, nil standing for all, and Except those left out.
	Rooms, Except []string
	// UID names the server that it comes from.
	UID string
}

// JSON is the array of the event's name and arguments, with placeholders for what is
// binary. It must not be changed.
func (p Packet) JSON() []byte {
	if len(p.frames) == 0 {
		return nil
	}
	return p.frames[0].payload()[p.head():]
}

// Mark is the packet's place in the log of a channel; ok is false if it has none. See Marked.
func (p Packet) Mark() (channel string, number int64, ok bool) {
	return p.mark.channel, p.mark.number, p.mark.channel != ""
}

// head is how much of the packet's text comes before the array of its name and arguments.
func (p Packet) head() int {
	n := 2 // the types of the two protocols
	if len(p.frames) > 1 {
		n += len(strconv.Itoa(len(p.frames)-1)) + 1
	}
	if p.namespace != "" && p.namespace != "/" {
		n += len(p.namespace) + 1
	}
	return n
}

// event is the packet for the other servers.
func (p Packet) event() wire.Event {
	e := wire.Event{JSON: p.JSON()}
	for _, f := range p.frames[1:] {
		e.Attachments = append(e.Attachments, f.payload())
	}
	return e
}

// OnRemote sets a function that hears of each event which another server has broadcast,
// before it is delivered here; if it says that it has handled the event, that is not done.
// Calls come one at a time and in the order of arrival; while it runs others wait.
func (n *Namespace) OnRemote(f func(p RemotePacket) (handled bool)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.onRemote = f
}

// Publish sends p to the members of the rooms at other servers of the cluster, not to those
// here; see Broadcast for the arguments. It does not wait. Without a link it does nothing.
func (n *Namespace) Publish(p Packet, rooms []string, except ...string) {
	n.publish(p, rooms, except, nil)
}

// PublishTo is Publish of a packet without a mark; outcome hears once whether others may not
// have got it, maybe before PublishTo returns. Without a link it hears nothing.
func (n *Namespace) PublishTo(p Packet, rooms []string, outcome func(error)) {
	n.publish(p, rooms, nil, outcome)
}

// publish is Publish; outcome, unless nil, stands for what hears of a marked packet.
func (n *Namespace) publish(p Packet, rooms, except []string, outcome func(error)) {
	c := n.cluster.Load()
	if c == nil || len(p.frames) == 0 || rooms != nil && len(rooms) == 0 {
		return
	}
	payload := make([]byte, 0, p.Size()+p.Size()/8+128)
	payload, err := wire.AppendBroadcast(payload, c.opts.UID, n.name, p.event(), rooms, except)
	if err != nil {
		c.log().Error().Err(err).Msg("packet could not be encoded for other servers")
		c.failed(p.mark)
		return
	}
	if outcome == nil {
		outcome = c.outcome(p.mark)
	}
	c.link.Publish(c.channels.For(rooms), payload, outcome)
}

// outcome is what the link calls about a packet, nil if nobody wants to know.
func (c *cluster) outcome(m mark) func(error) {
	if m.channel == "" || c.opts.Failed == nil {
		return nil
	}
	return func(err error) {
		if err != nil {
			c.failed(m)
		}
	}
}

// failed tells that others may not have got a marked packet.
func (c *cluster) failed(m mark) {
	if m.channel != "" && c.opts.Failed != nil {
		c.opts.Failed(m.channel, m.number)
	}
}

// broadcast delivers another server's broadcast.
func (c *cluster) broadcast(payload []byte) {
	if wire.SentBy(payload, c.opts.UID) {
		return
	}
	p, err := c.remotePacket(payload)
	if err != nil {
		c.log().Debug().Err(err).Msg("broadcast of another server is malformed")
		return
	}
	n := c.namespace
	n.mu.RLock()
	hook := n.onRemote
	n.mu.RUnlock()
	if len(p.Packet.frames) == 0 || hook != nil && hook(p) {
		return
	}
	n.BroadcastLocal(p.Packet, p.Rooms, p.Except...)
}

// remotePacket decodes a broadcast; one for another namespace gives an empty packet.
func (c *cluster) remotePacket(payload []byte) (RemotePacket, error) {
	b, err := wire.DecodeBroadcast(payload)
	if err != nil || b.Namespace != c.namespace.name {
		return RemotePacket{}, err
	}
	packet, arguments, err := packetOf(b)
	if err != nil {
		return RemotePacket{}, err
	}
	if m, ok := parseOffset(arguments.Last); ok && (c.opts.Logged == nil || c.opts.Logged(arguments.Name, m.channel, m.number)) {
		packet = packet.Marked(m.channel, m.number)
	}
	return RemotePacket{Event: arguments.Name, Last: arguments.Last, Packet: packet,
		Rooms: b.Rooms, Except: b.Except, UID: b.UID}, nil
}

// packetOf is the packet of a broadcast.
func packetOf(b wire.Broadcast) (Packet, wire.Arguments, error) {
	e := encoder{}
	e.begin(typeEvent, b.Namespace)
	text, arguments, err := b.AppendEvent(e.buf.Bytes())
	if err != nil {
		return Packet{}, arguments, err
	}
	if len(arguments.Attachments) == 0 {
		return Packet{namespace: b.Namespace, frames: []frame{sealFrame(opText, text)}}, arguments, nil
	}
	return newPacket(b.Namespace, text[e.buf.Len():], arguments.Attachments), arguments, nil
}

// newPacket makes a packet of an event's JSON with placeholders, and what they stand for.
func newPacket(namespace string, json []byte, attachments [][]byte) Packet {
	e := encoder{}
	for _, data := range attachments {
		e.attachments = append(e.attachments, newFrame(opBinary, data))
	}
	e.begin(typeEvent, namespace)
	e.buf.Write(json)
	return Packet{namespace: namespace, frames: e.finish()}
}
