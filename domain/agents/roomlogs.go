package agents

import (
	"context"
	"errors"
	"sync"

	"parley/domain"
)

// RoomDeleted removes what an agent has logged of a room, page by page; the entries of a
// page go together, which costs little more than one. The same again is no error. Codes:
// unavailable.
func (j *Journal) RoomDeleted(ctx context.Context, agent domain.AgentID, room domain.RoomID) error {
	for {
		found, err := j.Store.Logs(ctx, LogQuery{AgentID: agent, Rooms: []domain.RoomID{room}, Limit: logsPage})
		if err != nil || len(found) == 0 {
			return err
		}
		errs := make([]error, len(found))
		var all sync.WaitGroup
		for i, e := range found {
			all.Go(func() { errs[i] = j.Store.DeleteLog(ctx, agent, e.ID) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
}
