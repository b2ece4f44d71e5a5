package realtimetest

import (
	"errors"
	"fmt"
	"regexp"

	"parley/domain/documents/documentstest"
	"parley/domain/op"
	"parley/realtime/sio/siotest"
)

// Checker compares acknowledgements and events with a document. It is safe for
// concurrent use.
type Checker struct {
	// keys are those of the document's channels, by the name of their event.
	keys     map[string]string
	channels map[string]channel
	schemas  *documentstest.Schemas
}

// channel is what a check needs of a channel's object.
type channel struct {
	Address  string `json:"address"`
	Messages map[string]struct {
		Ref string `json:"$ref"`
	} `json:"messages"`
}

// NewChecker returns a checker for the operations and events of a registry.
func NewChecker(registry *op.Registry) (*Checker, error) {
	var document struct {
		Channels map[string]channel `json:"channels"`
	}
	schemas, err := documentstest.AsyncAPI(registry, &document)
	if err != nil {
		return nil, err
	}
	keys := map[string]string{}
	for key, of := range document.Channels {
		keys[of.Address] = key
	}
	return &Checker{keys: keys, channels: document.Channels, schemas: schemas}, nil
}

// place is the offset that recovery goes on from, the last argument of some events.
var place = regexp.MustCompile(`^"(-|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:\d+)"$`)

// Event compares an event that was heard. The document must have it, its first argument
// must be the payload, and there may be a second one, the offset.
func (c *Checker) Event(e siotest.Event) *documentstest.Fault {
	pointer, ok := c.payload(e.Name, "event")
	var err error
	switch {
	case !ok:
		err = errors.New("the document does not have it: add it to the gateway's table of events")
	case len(e.Binary) > 0:
		err = errors.New("it has attachments")
	case len(e.Args) == 0:
		err = errors.New("it has no payload")
	case len(e.Args) > 2, len(e.Args) == 2 && !place.Match(e.Args[1]):
		err = fmt.Errorf("behind the payload stands %.200s, which is no offset", e.Args[1:])
	default:
		err = c.schemas.Validate(pointer, e.Args[0])
	}
	return fault("event", e.Name, e, err)
}

// Ack compares the answer to an event of a name. Of an event that the document does not
// have it can only be a failure.
func (c *Checker) Ack(event string, answer siotest.Event) *documentstest.Fault {
	pointer, ok := c.payload(event, "ack")
	if !ok {
		pointer = "#/components/schemas/Failure"
	}
	var err error
	switch {
	case len(answer.Binary) > 0:
		err = errors.New("it has attachments")
	case len(answer.Args) != 1:
		err = fmt.Errorf("it has %d arguments, not one", len(answer.Args))
	default:
		err = c.schemas.Validate(pointer, answer.Args[0])
	}
	return fault("ack of", event, answer, err)
}

// payload is the place of the schema of what the document says of an event.
func (c *Checker) payload(event, part string) (string, bool) {
	key, ok := c.keys[event]
	if !ok {
		return "", false
	}
	message, ok := c.channels[key].Messages[part]
	return message.Ref + "/payload", ok
}

// fault says what is wrong with what, nil for nothing.
func fault(what, name string, e siotest.Event, err error) *documentstest.Fault {
	var said []byte
	if len(e.Args) > 0 {
		said = e.Args[0]
	}
	return documentstest.NewFault(fmt.Sprintf("%s %.80q", what, name), err, said)
}
