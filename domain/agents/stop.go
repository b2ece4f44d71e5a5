package agents

import (
	"context"
	"errors"
	"fmt"

	"parley/domain"
	"parley/domain/messaging"
)

// stopPage is how many messages at a time are searched for open duties.
const stopPage = 100

// StopRequest says which answers to stop.
type StopRequest struct {
	ChannelID domain.ChannelID `json:"channelId" alias:"roomId" access:"channel"`
	// MessageID is the message that is being answered, or the answer that arises; ""
	// stops all answers in the channel.
	MessageID domain.MessageID `json:"messageId"`
}

// Validate returns every fault of the request.
func (r *StopRequest) Validate() error {
	var f domain.Faults
	f.Require("channelId", string(r.ChannelID))
	return f.Err()
}

// StopResult answers messages:stop.
type StopResult struct {
	ChannelID domain.ChannelID `json:"channelId"`
	// Stopped is the number of turns that were ended, those included that had not begun.
	Stopped int `json:"stopped"`
}

// Stop ends the turns that answer a message, or all in a channel. Of an answer that has
// begun, what was said so far stays as its message; a turn that has not begun is decided
// to say nothing. It returns when that is written down or under way, not when the
// channel has heard of it. Nothing to stop is no error. Codes: unavailable.
func (r *Runner) Stop(ctx context.Context, _ domain.Actor, req StopRequest) (StopResult, error) {
	waiting, err := r.waiting(ctx, req)
	stopped := map[TurnID]bool{}
	for _, m := range waiting {
		if err == nil {
			err = r.stopWaiting(ctx, m, stopped)
		}
	}
	// Those under way come last: one of those above may have begun meanwhile.
	r.Agents.running.cancel(errStopped, func(key laneKey, u underWay) bool {
		matches := key.channel == req.ChannelID && (req.MessageID == "" || req.MessageID == u.question ||
			req.MessageID == NewReplyID(key.agent, u.question, 0))
		if matches {
			stopped[NewTurnID(key.agent, u.question)] = true
		}
		return matches
	})
	return StopResult{ChannelID: req.ChannelID, Stopped: len(stopped)}, err
}

// waiting reads the messages of a request that agents owe a turn, newest first.
func (r *Runner) waiting(ctx context.Context, req StopRequest) ([]messaging.Message, error) {
	if req.MessageID != "" {
		m, err := r.Log.Message(ctx, req.ChannelID, req.MessageID)
		if domain.IsCode(err, domain.NotFound) {
			return nil, nil
		}
		return []messaging.Message{m}, err
	}
	var found []messaging.Message
	q := messaging.PageQuery{Channel: req.ChannelID, Limit: stopPage}
	for {
		page, err := r.Log.Page(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read the channel's last messages: %w", err)
		}
		before := len(found)
		for _, m := range page {
			if len(m.Awaiting) > 0 {
				found = append(found, m)
			}
		}
		if len(page) < stopPage || len(found) == before {
			return found, nil // duties are worked off in order: before a page without any there are none
		}
		q.BeforeSeq = page[len(page)-1].Seq
	}
}

// stopWaiting decides that the agents which have not begun with m say nothing, and
// notes their turns.
func (r *Runner) stopWaiting(ctx context.Context, m messaging.Message, stopped map[TurnID]bool) error {
	for _, agent := range m.Awaiting {
		key := laneKey{agent: agent, channel: m.ChannelID}
		if r.Agents.running.has(key, m.ID) {
			continue
		}
		done, err := r.newTurn(ctx, key, m).stopUnbegun(ctx)
		if err != nil {
			return err
		}
		if done {
			stopped[NewTurnID(agent, m.ID)] = true
			r.lanes.hint(key)
		}
	}
	return nil
}

// stopUnbegun writes down that the turn says nothing. It reports false if the turn was
// decided otherwise before.
func (t *turn) stopUnbegun(ctx context.Context) (bool, error) {
	doc, err := t.take(ctx)
	if errors.Is(err, errQuestionGone) {
		return false, nil
	}
	if err != nil || doc.Outcome != nil {
		return false, err
	}
	err = t.Store.CommitOutcome(ctx, doc.ID, doc.Fence, Outcome{Replies: []Reply{}, Stopped: true})
	if domain.IsCode(err, domain.Conflict) {
		return false, nil // somebody has just begun, or decided
	}
	return err == nil, err
}
