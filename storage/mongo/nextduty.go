package mongo

import (
	"cmp"
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/messaging"
)

// AgentDuties returns messages that await an agent; see agents.Store.
func (s *Store) AgentDuties(ctx context.Context, id domain.AgentID, limit int) ([]messaging.Message, error) {
	return s.DutiesOf(ctx, id, limit)
}

// errNoDuty is the answer where an agent owes nothing.
var errNoDuty = domain.Errorf(domain.NotFound, "No message awaits the agent")

// NextDuty returns the first message of the channel that awaits agent; see agents.Store.
func (s *Store) NextDuty(ctx context.Context, agent domain.AgentID, channel domain.ChannelID) (m messaging.Message, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		l, found, err := s.line(ctx, channel)
		if err != nil || !found {
			return cmp.Or(err, error(errNoDuty))
		}
		list, err := find[messageDoc](ctx, s.messages(), bson.D{{Key: "awaiting", Value: string(agent)}, {Key: "owing", Value: l.key},
			{Key: "seq", Value: bson.D{{Key: "$gt", Value: l.cleared}}}}, options.Find().SetSort(bson.D{{Key: "owed", Value: 1}}).SetLimit(1))
		if err != nil || len(list) == 0 {
			return cmp.Or(err, error(errNoDuty))
		}
		m, err = list[0].message(l)
		return err
	})
	return m, err
}
