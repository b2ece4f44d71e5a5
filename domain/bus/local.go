package bus

import "context"

var _ Bus = (*Local)(nil)

// Local is the bus of a process that is alone. The zero value is ready.
type Local struct {
	topics Topics
}

// Publish is part of Bus and never fails.
func (l *Local) Publish(_ context.Context, topic string, payload []byte) error {
	l.topics.Deliver(topic, payload)
	return nil
}

// Subscribe is part of Bus. The subscription is in force at once, so nothing lapses.
func (l *Local) Subscribe(topic string, s Subscriber) (cancel func()) {
	_, end := l.topics.Subscribe(topic, s)
	return func() { end() }
}
