package mongo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/agents"
)

// turnsName is the collection of turns.
const turnsName = "turns"

// turnIndexes are the indexes of turns. A deleted message takes its turns with it, a deleted
// agent too.
func turnIndexes() []index {
	return []index{
		{collection: turnsName, keys: []string{"+agent"}, shapes: []shape{{form: "agent="}}},
		{collection: turnsName, keys: []string{"+message"}, shapes: []shape{{form: "message="}}},
	}
}

// turnDocument is a turn as it is stored.
type turnDocument struct {
	ID        agents.TurnID    `bson:"_id"`
	AgentID   domain.AgentID   `bson:"agent"`
	ChannelID domain.ChannelID `bson:"channel"`
	MessageID domain.MessageID `bson:"message"`
	Fence     int64            `bson:"fence"`
	State     agents.TurnState `bson:"state"`
	// Outcome is JSON, nil until it is decided.
	Outcome   *string   `bson:"outcome,omitempty"`
	CreatedAt time.Time `bson:"createdAt"`
	UpdatedAt time.Time `bson:"updatedAt"`
}

// turn reads the stored form.
func (d turnDocument) turn() (agents.Turn, error) {
	t := agents.Turn{ID: d.ID, AgentID: d.AgentID, ChannelID: d.ChannelID, MessageID: d.MessageID, Fence: d.Fence, State: d.State,
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt}
	if d.Outcome != nil {
		if err := json.Unmarshal([]byte(*d.Outcome), &t.Outcome); err != nil {
			return t, fmt.Errorf("read outcome of turn %s: %w", d.ID, err)
		}
	}
	return t, nil
}

// TakeTurn raises a turn's fence; see agents.Store. Most turns are new, so it tries to
// make one first.
func (s *Store) TakeTurn(ctx context.Context, t agents.Turn) (agents.Turn, error) {
	doc := turnDocument{ID: t.ID, AgentID: t.AgentID, ChannelID: t.ChannelID, MessageID: t.MessageID, Fence: 1,
		State: agents.StateTaken, CreatedAt: floor(t.CreatedAt), UpdatedAt: floor(t.UpdatedAt)}
	err := s.contend(ctx, func(ctx context.Context) (bool, error) {
		created, err := s.in(turnsName).insert(ctx, doc)
		if err != nil || created {
			return true, err
		}
		taken, err := s.raise(ctx, t)
		if taken != nil {
			doc = *taken
		}
		return taken != nil, err
	})
	if err != nil {
		return agents.Turn{}, err
	}
	return doc.turn()
}

// raise raises the fence of a turn that was there, unless it is done; nil if it is not
// there any more.
func (s *Store) raise(ctx context.Context, t agents.Turn) (*turnDocument, error) {
	var taken turnDocument
	found, err := s.in(turnsName).change(ctx, bson.D{{Key: "_id", Value: t.ID}, {Key: "state", Value: bson.D{{Key: "$ne", Value: agents.StateDone}}}},
		bson.D{{Key: "$inc", Value: bson.D{{Key: "fence", Value: int64(1)}}}, {Key: "$set", Value: bson.D{{Key: "updatedAt", Value: floor(t.UpdatedAt)}}}}, &taken)
	if err == nil && !found {
		found, err = s.in(turnsName).one(ctx, bson.D{{Key: "_id", Value: t.ID}}, &taken)
		found = found && taken.State == agents.StateDone // else the read was behind the write that it follows
	}
	if err != nil || !found {
		return nil, err
	}
	return &taken, nil
}

// errTakenOver is the answer where a turn is not the caller's any more.
func errTakenOver() error { return domain.Errorf(domain.Conflict, "The turn was taken over") }

// CommitOutcome writes what a turn decided; see agents.Store.
func (s *Store) CommitOutcome(ctx context.Context, id agents.TurnID, fence int64, outcome agents.Outcome) error {
	text, err := encode(outcome)
	if err != nil {
		return err
	}
	return s.changeTurn(ctx, id, fence, agents.StateTaken, bson.D{{Key: "outcome", Value: text}, {Key: "state", Value: agents.StateDecided}})
}

// changeTurn sets fields of a turn if its fence and its state are the given ones; Conflict
// if they are not.
func (s *Store) changeTurn(ctx context.Context, id agents.TurnID, fence int64, state agents.TurnState, set bson.D) error {
	held, err := s.in(turnsName).update(ctx, bson.D{{Key: "_id", Value: id}, {Key: "fence", Value: fence}, {Key: "state", Value: state}},
		bson.D{{Key: "$set", Value: append(set, bson.E{Key: "updatedAt", Value: s.now().UTC()})}})
	if err == nil && !held {
		err = errTakenOver()
	}
	return err
}

// FinishTurn notes that a turn's replies are appended; see agents.Store. The fence is the
// caller's own until somebody raises it, so between the read and the write nobody else
// changes the state.
func (s *Store) FinishTurn(ctx context.Context, id agents.TurnID, fence int64) error {
	t, err := s.Turn(ctx, id)
	if domain.IsCode(err, domain.NotFound) || err == nil && t.Fence != fence {
		return errTakenOver()
	}
	if err != nil {
		return err
	}
	set := bson.D{{Key: "state", Value: agents.StateDone}}
	if t.Outcome != nil {
		text, err := encode(t.Outcome.Bare())
		if err != nil {
			return err
		}
		set = append(set, bson.E{Key: "outcome", Value: text})
	}
	return s.changeTurn(ctx, id, fence, t.State, set)
}

// EraseTurn removes one turn; see agents.Store.
func (s *Store) EraseTurn(ctx context.Context, id agents.TurnID) error {
	_, err := s.in(turnsName).remove(ctx, bson.D{{Key: "_id", Value: id}})
	return err
}

// Turn returns one turn; see agents.Store.
func (s *Store) Turn(ctx context.Context, id agents.TurnID) (agents.Turn, error) {
	var doc turnDocument
	found, err := s.in(turnsName).one(ctx, bson.D{{Key: "_id", Value: id}}, &doc)
	if err != nil {
		return agents.Turn{}, err
	}
	if !found {
		return agents.Turn{}, domain.Errorf(domain.NotFound, "Turn %s does not exist", id)
	}
	return doc.turn()
}

// EraseTurns removes turns of an agent; see agents.Store.
func (s *Store) EraseTurns(ctx context.Context, id domain.AgentID, limit int) (int, error) {
	return s.in(turnsName).removeSome(ctx, bson.D{{Key: "agent", Value: id}}, options.Find(), limit)
}
