package app

import (
	"context"
	"strconv"
	"time"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
)

// checkpoint asks before a part of the server hears that something is gone or changed.
type checkpoint struct {
	step string
	ask  func(step string) error
}

var (
	_ messaging.Dependents = checkpoint{}
	_ agents.Owner         = checkpoint{}
)

// checked puts checkpoints around the parts, deletion 0 before the first one; none if
// nobody is to be asked. T is an interface that a checkpoint implements.
func checked[T any](ask func(step string) error, parts ...T) []T {
	if ask == nil {
		return parts
	}
	var list []T
	point := func(n int) {
		if part, ok := any(checkpoint{step: "deletion " + strconv.Itoa(n), ask: ask}).(T); ok {
			list = append(list, part)
		}
	}
	for i, part := range parts {
		point(i)
		list = append(list, part)
	}
	point(len(parts))
	return list
}

// MessageEdited asks.
func (c checkpoint) MessageEdited(context.Context, domain.ChannelID, domain.MessageID) error {
	return c.ask(c.step)
}

// MessageDeleted asks.
func (c checkpoint) MessageDeleted(context.Context, domain.ChannelID, domain.MessageID) error {
	return c.ask(c.step)
}

// ChannelCleared asks.
func (c checkpoint) ChannelCleared(context.Context, domain.ChannelID, time.Time) error {
	return c.ask(c.step)
}

// ChannelDeleted asks.
func (c checkpoint) ChannelDeleted(context.Context, domain.ChannelID) error { return c.ask(c.step) }

// ServerDeleted asks.
func (c checkpoint) ServerDeleted(context.Context, domain.ServerID) error { return c.ask(c.step) }

// AgentDeleted asks.
func (c checkpoint) AgentDeleted(context.Context, domain.AgentID) error { return c.ask(c.step) }
