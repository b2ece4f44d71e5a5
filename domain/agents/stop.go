package agents

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	var elsewhere []away
	for _, m := range waiting {
		if err == nil {
			var others []away
			others, err = r.stopWaiting(ctx, m, stopped)
			elsewhere = append(elsewhere, others...)
		}
	}
	// Those under way come last: one of those above may have begun meanwhile.
	_, ended := r.Agents.running.stop(req)
	for _, id := range ended {
		stopped[id] = true
	}
	if err == nil && len(elsewhere) > 0 {
		err = r.stopElsewhere(ctx, req, elsewhere, stopped)
	}
	return StopResult{ChannelID: req.ChannelID, Stopped: len(stopped)}, err
}

// away is a turn that another process works on.
type away struct {
	key     Lane
	message messaging.Message
}

// id is that of the turn.
func (a away) id() TurnID { return NewTurnID(a.key.Agent, a.message.ID) }

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
// notes their turns. It returns those that other processes have begun.
func (r *Runner) stopWaiting(ctx context.Context, m messaging.Message, stopped map[TurnID]bool) (elsewhere []away, err error) {
	for _, agent := range m.Awaiting {
		key := Lane{Agent: agent, Channel: m.ChannelID}
		if r.Agents.running.has(key, m.ID) {
			continue
		}
		begun, err := r.begunElsewhere(ctx, key, m)
		if err != nil {
			return nil, err
		}
		if begun {
			elsewhere = append(elsewhere, away{key: key, message: m})
			continue
		}
		if err := r.stopOne(ctx, key, m, stopped); err != nil {
			return nil, err
		}
	}
	return elsewhere, nil
}

// stopOne decides that an agent says nothing to m, unless its turn is decided.
func (r *Runner) stopOne(ctx context.Context, key Lane, m messaging.Message, stopped map[TurnID]bool) error {
	done, err := r.newTurn(ctx, key, m).stopUnbegun(ctx)
	if err != nil {
		return err
	}
	if done {
		stopped[NewTurnID(key.Agent, m.ID)] = true
		r.lanes.hint(key)
	}
	return nil
}

// begunElsewhere tells whether another process works on m: somebody has the lane's lease,
// and m is its oldest duty.
func (r *Runner) begunElsewhere(ctx context.Context, key Lane, m messaging.Message) (bool, error) {
	if r.Agents.orders == nil || r.Leases.TTL() == 0 || !r.leasing.open() || r.Agents.running.at(key) {
		return false, nil
	}
	oldest, err := r.nextDuty(ctx, key)
	if domain.IsCode(err, domain.NotFound) || err == nil && oldest.ID != m.ID {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	asked, cancel := context.WithTimeout(ctx, leaseWait)
	defer cancel()
	lease, err := r.Leases.Acquire(asked, key)
	if err == nil {
		_ = withinLeaseWait(context.WithoutCancel(ctx), lease.Release) // else it runs out
		r.lanes.hint(key)                                              // who was refused it meanwhile relies on this
	}
	return domain.IsCode(err, domain.Conflict), nil
}

// stopElsewhere asks the processes that work on turns to end them, so that what was said so
// far stays. Where nobody answers the turn is decided here to say nothing, which the
// other's outcome cannot change any more.
func (r *Runner) stopElsewhere(ctx context.Context, req StopRequest, turns []away, stopped map[TurnID]bool) error {
	answers, end, err := r.Agents.orders.ask(ctx, directive{Do: orderStop, Channel: req.ChannelID, Message: req.MessageID})
	defer end()
	missing := map[TurnID]bool{}
	for _, t := range turns {
		missing[t.id()] = true
	}
	patience := time.NewTimer(stopWait)
	defer patience.Stop()
	for err == nil && len(missing) > 0 {
		select {
		case a := <-answers:
			for _, id := range a.Seen {
				delete(missing, id)
			}
			for _, id := range a.Stopped {
				stopped[id] = true
			}
		case <-patience.C:
			err = domain.Errorf(domain.Timeout, "Nobody has answered")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, t := range turns {
		if missing[t.id()] {
			if err := r.stopOne(ctx, t.key, t.message, stopped); err != nil {
				return err
			}
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
