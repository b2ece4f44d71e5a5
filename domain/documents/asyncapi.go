package documents

import (
	"cmp"
	"regexp"
	"strings"

	"parley/domain/op"
	"parley/domain/schema"
)

// asyncapi writes the AsyncAPI document, from the side of the server: it receives what
// clients send and answers by the ack, and sends what it has to tell.
func (s *Service) asyncapi() object {
	d := &asyncDocument{service: s, channels: object{}, operations: object{}, messages: object{}}
	for _, e := range s.entries {
		for _, name := range e.Names() {
			d.receive(name, e.Help, schema.Request(e.Fields), e.Given, s.ack(e.ResultType), e.Noun)
		}
	}
	for _, e := range s.opts.Registry.Events(op.ToServer) {
		payload, given, ack := s.ofClient(e)
		d.receive(e.Name, e.Help, payload, given, ack, "events")
	}
	for _, e := range s.opts.Registry.Events(op.ToClient) {
		d.send(e)
	}
	schemas := s.failures()["schemas"].(object)
	for name, of := range s.set.Named() {
		schemas[name] = of
	}
	return object{
		"asyncapi": "3.0.0",
		"info": object{"title": "Parley", "version": cmp.Or(s.opts.Version, "dev"), "description": about +
			" This is its Socket.IO side: protocol 5 over Engine.IO 4, namespace /. A channel here is an event; its" +
			" address is the event's name, its payload the first argument, the reply the acknowledgement."},
		"defaultContentType": "application/json",
		"servers": object{"socket": object{"host": "{host}", "pathname": "/socket.io/", "protocol": "ws",
			"protocolVersion": "socket.io 5",
			"variables": object{"host": object{"default": strings.TrimPrefix(Base, "http://"),
				"description": "Host and port of this server; the protocol is wss where it is reached over https."}},
			"security": []object{{"$ref": "#/components/securitySchemes/key"}}}},
		"channels":   d.channels,
		"operations": d.operations,
		"components": object{"messages": d.messages, "schemas": schemas, "securitySchemes": object{
			"key": object{"type": "httpApiKey", "in": "header", "name": "X-API-KEY",
				"description": "The server key, as a header of the handshake or as auth.apiKey; a user's token as Authorization: Bearer or auth.token."}}},
	}
}

// ack is the schema of an acknowledgement: the result, or what went wrong.
func (s *Service) ack(result schema.Schema) schema.Schema {
	good := schema.Schema{"type": "object", "required": []string{"success", "data"},
		"properties": object{"success": succeeded(true), "data": told(result, "data")}}
	return schema.Schema{"anyOf": []schema.Schema{good, reference("Failure")}}
}

// ofClient are payload, example and acknowledgement of an event of the reference.
func (s *Service) ofClient(e op.Event) (payload schema.Schema, given object, ack schema.Schema) {
	if e.Operation != "" {
		for _, known := range s.entries {
			if known.Name == e.Operation {
				return schema.Request(known.Fields), known.Given, s.ack(known.ResultType)
			}
		}
	}
	ack = s.ack(schema.Schema{})
	if e.Payload == nil {
		return schema.Schema{}, nil, ack
	}
	return schema.Request(s.set.Fields(e.Payload)), nil, ack
}

// asyncDocument is the document while it is written.
type asyncDocument struct {
	service                        *Service
	channels, operations, messages object
}

// unusable are the characters that a key of the document may not have.
var unusable = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// channel adds a message to the channel of an event, and returns a reference to it there.
func (d *asyncDocument) channel(event, part string, message object) object {
	key := unusable.ReplaceAllString(event, "_")
	d.messages[key+"_"+part] = message
	channel, _ := d.channels[key].(object)
	if channel == nil {
		channel = object{"address": event, "messages": object{}}
		d.channels[key] = channel
	}
	channel["messages"].(object)[part] = object{"$ref": "#/components/messages/" + key + "_" + part}
	return object{"$ref": "#/channels/" + key + "/messages/" + part}
}

// receive adds an event that clients send.
func (d *asyncDocument) receive(event, help string, payload schema.Schema, given object, ack schema.Schema, tag string) {
	key := unusable.ReplaceAllString(event, "_")
	request := object{"name": event, "summary": help, "payload": payload}
	if len(given) > 0 {
		request["examples"] = []object{{"payload": given}}
	}
	channel := object{"$ref": "#/channels/" + key}
	in := d.channel(event, "request", request)
	out := d.channel(event, "ack", object{"name": event + " ack", "payload": ack})
	d.operations["receive_"+key] = object{"action": "receive", "channel": channel, "summary": help,
		"messages": []object{in}, "tags": []object{{"name": tag}},
		"reply": object{"channel": channel, "messages": []object{out}}}
}

// send adds an event that the server sends.
func (d *asyncDocument) send(e op.Event) {
	key := unusable.ReplaceAllString(e.Name, "_")
	payload := schema.Schema{}
	if e.Payload != nil {
		payload = d.service.set.Result(e.Payload)
	}
	message := d.channel(e.Name, "event", object{"name": e.Name, "summary": e.Help, "payload": payload})
	d.operations["send_"+key] = object{"action": "send", "channel": object{"$ref": "#/channels/" + key}, "summary": e.Help,
		"messages": []object{message}, "tags": []object{{"name": "events"}}}
}
