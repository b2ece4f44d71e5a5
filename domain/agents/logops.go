package agents

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"parley/domain"
	"parley/domain/op"
)

// Bounds of a request for logs.
const (
	// logsDefault and logsMost are how many entries are returned.
	logsDefault, logsMost = 10, 1000
	// replayMost is how many entries a stream begins with.
	replayMost = 100
	// logsPage is how many entries are read at once.
	logsPage = 200
	// excludesMost is how many types can be left out.
	excludesMost = 50
)

// LogFilter selects entries of an agent's log. Zero fields do not restrict.
type LogFilter struct {
	// Type is the exact type.
	Type string
	// ExcludeTypes leaves out entries of these types, and those whose model's name contains
	// one, in any case.
	ExcludeTypes []string
	// RoomID is a room of the agent's, or the channel that it sees as that room.
	RoomID domain.RoomID
	// EntityID is an entity, or whoever the agent sees as that entity: what the entry is
	// about, or whose message led to it.
	EntityID domain.EntityID
	From, To domain.Instant
	// Search must occur in type or body, in any case.
	Search string
	// Level is error for entries that tell of a failure, or info for the others.
	Level string
}

// query is the part of the filter that the store decides.
func (f LogFilter) query(agent domain.AgentID) LogQuery {
	q := LogQuery{AgentID: agent, Type: f.Type, From: f.From.Time, To: f.To.Time, Limit: logsPage}
	if f.RoomID != "" {
		q.Rooms = []domain.RoomID{f.RoomID, domain.UniqueUUID[domain.RoomID](agent, string(f.RoomID))}
	}
	if f.EntityID != "" {
		q.Entities = []domain.EntityID{f.EntityID, domain.UniqueUUID[domain.EntityID](agent, string(f.EntityID))}
	}
	return q
}

// match decides the rest.
func (f LogFilter) match(e LogEntry) bool {
	excluded := slices.ContainsFunc(f.ExcludeTypes, func(t string) bool {
		return t != "" && (t == e.Type || strings.Contains(strings.ToLower(e.Model), strings.ToLower(t)))
	})
	switch {
	case excluded:
		return false
	case f.Level != "" && f.Level != "all" && e.Failed != (f.Level == "error"):
		return false
	case f.Search == "":
		return true
	default:
		search := strings.ToLower(f.Search)
		return strings.Contains(strings.ToLower(e.Type), search) || strings.Contains(strings.ToLower(string(e.Body)), search)
	}
}

// LogRow is an entry of an agent's log on the wire.
type LogRow struct {
	ID        domain.LogID    `json:"id"`
	EntityID  domain.EntityID `json:"entityId"`
	RoomID    domain.RoomID   `json:"roomId"`
	Type      string          `json:"type"`
	Body      json.RawMessage `json:"body"`
	CreatedAt string          `json:"createdAt"`
}

// newLogRow is e on the wire.
func newLogRow(e LogEntry) LogRow {
	return LogRow{ID: e.ID, EntityID: e.EntityID, RoomID: e.RoomID, Type: e.Type, Body: e.Body, CreatedAt: domain.ISO(e.CreatedAt)}
}

// LogsRequest asks for entries of an agent's log.
type LogsRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	// RoomID is a room of the agent's, or the channel that it sees as that room.
	RoomID domain.RoomID `json:"roomId" alias:"channelId"`
	// Type is the exact type, such as action or useModel:TEXT_LARGE.
	Type string `json:"type"`
	// ExcludeTypes leaves out entries of these types, and those whose model's name contains
	// one, in any case.
	ExcludeTypes []string `json:"excludeTypes"`
	// Count is how many are returned; 0 means 10.
	Count int `json:"count" alias:"limit"`
	// Offset skips that many of those that match.
	Offset int            `json:"offset"`
	From   domain.Instant `json:"from"`
	To     domain.Instant `json:"to"`
	// Search must occur in type or body, in any case.
	Search string `json:"search"`
	// Level is error for entries that tell of a failure, info for the others, or all.
	Level string `json:"level"`
	// EntityID narrows to one entity; over REST the header X-Entity-Id does it too.
	EntityID domain.EntityID `json:"entityId"`
}

// Validate returns every fault of the request, and brings numbers into their range.
func (r *LogsRequest) Validate() error {
	r.Count = min(r.Count, logsMost)
	if r.Count <= 0 {
		r.Count = logsDefault
	}
	r.Offset = max(r.Offset, 0)
	return checkLogs(r.AgentID, r.ExcludeTypes)
}

// checkLogs checks what both requests for logs have.
func checkLogs(agent domain.AgentID, excludes []string) error {
	var f domain.Faults
	f.Require("agentId", string(agent))
	if len(excludes) > excludesMost {
		f.Add("excludeTypes", "must have at most %d entries", excludesMost)
	}
	return f.Err()
}

// LogList is a list of entries, which on the wire is an array.
type LogList []LogRow

// Logs returns entries of an agent's log, newest first: those that match are counted,
// then the page is cut. Codes:
// not_found, unavailable.
func (j *Journal) Logs(ctx context.Context, actor domain.Actor, r LogsRequest) (LogList, error) {
	if err := j.Agents.exists(ctx, r.AgentID); err != nil {
		return nil, err
	}
	return j.page(ctx, r.AgentID, r.filter(actor), r.Offset, r.Count)
}

// filter is what the request selects.
func (r LogsRequest) filter(actor domain.Actor) LogFilter {
	return LogFilter{Type: r.Type, ExcludeTypes: r.ExcludeTypes, RoomID: r.RoomID, EntityID: narrow(actor, r.EntityID),
		From: r.From, To: r.To, Search: r.Search, Level: strings.ToLower(r.Level)}
}

// narrow is the entity whose entries are wanted: the one that is named, else the one that
// a REST caller says it is. A socket says so once for everything, and means all.
func narrow(actor domain.Actor, named domain.EntityID) domain.EntityID {
	if named == "" && actor.Socket == "" {
		return actor.Entity
	}
	return named
}

// page reads the entries that match, newest first, without the first offset.
func (j *Journal) page(ctx context.Context, agent domain.AgentID, f LogFilter, offset, count int) (LogList, error) {
	found := LogList{}
	q := f.query(agent)
	q.Limit = min(offset+count, logsPage) // most callers ask often, and for few
	for {
		entries, err := j.Store.Logs(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			q.Before = e.ID
			switch {
			case !f.match(e):
			case offset > 0:
				offset--
			default:
				if found = append(found, newLogRow(e)); len(found) == count {
					return found, nil
				}
			}
		}
		if len(entries) < q.Limit {
			return found, nil
		}
		q.Limit = logsPage
	}
}

// StreamLogsRequest asks for an agent's log as it grows.
type StreamLogsRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	// RoomID is a room of the agent's, or the channel that it sees as that room.
	RoomID domain.RoomID `json:"roomId" alias:"channelId"`
	// Type is the exact type, such as action or useModel:TEXT_LARGE.
	Type string `json:"type"`
	// ExcludeTypes leaves out entries of these types, and those whose model's name contains
	// one, in any case.
	ExcludeTypes []string `json:"excludeTypes"`
	// Replay is how many of the last entries come first, at most 100.
	Replay int `json:"replay"`
	// LastEventID is the id of the last entry that the caller has; what came after it
	// comes first.
	LastEventID string `json:"lastEventId"`
	// Count is how many entries an answer has that is no stream; 0 means 10.
	Count int `json:"count" alias:"limit"`
}

// Validate returns every fault of the request, and brings numbers into their range.
func (r *StreamLogsRequest) Validate() error {
	r.Replay = min(max(r.Replay, 0), replayMost)
	r.Count = min(r.Count, logsMost)
	if r.Count <= 0 {
		r.Count = logsDefault
	}
	return checkLogs(r.AgentID, r.ExcludeTypes)
}

// filter is what the request selects.
func (r StreamLogsRequest) filter(actor domain.Actor) LogFilter {
	return LogFilter{Type: r.Type, ExcludeTypes: r.ExcludeTypes, RoomID: r.RoomID, EntityID: narrow(actor, "")}
}

// Snapshot answers a request for a stream whose caller does not take one. Codes:
// not_found, unavailable.
func (j *Journal) Snapshot(ctx context.Context, actor domain.Actor, r StreamLogsRequest) (LogList, error) {
	if err := j.Agents.exists(ctx, r.AgentID); err != nil {
		return nil, err
	}
	return j.page(ctx, r.AgentID, r.filter(actor), 0, r.Count)
}

// LogsOpened is the first event of a stream.
type LogsOpened struct {
	AgentID    domain.AgentID `json:"agentId"`
	Subscribed bool           `json:"subscribed"`
}

// Stream sends an agent's log as it grows: the event open, then log for each entry. It
// reads what is new from the store, so that a caller who is slow misses nothing but what
// was trimmed meanwhile. It ends with ctx. Codes: not_found, unavailable.
func (j *Journal) Stream(ctx context.Context, actor domain.Actor, r StreamLogsRequest, out op.Sink) error {
	if err := j.Agents.exists(ctx, r.AgentID); err != nil {
		return err
	}
	woken, end := j.watch(r.AgentID)
	defer end()
	filter := r.filter(actor)
	after := domain.NewID[domain.LogID]()
	replayed, err := j.replay(ctx, r, filter)
	if err != nil {
		return err
	}
	if err := out.Send("open", "", LogsOpened{AgentID: r.AgentID, Subscribed: true}); err != nil {
		return err
	}
	if resumed, err := domain.ParseID[domain.LogID](r.LastEventID); err == nil {
		after = resumed
	}
	for _, l := range slices.Backward(replayed) {
		if err := out.Send("log", string(l.ID), l); err != nil {
			return err
		}
		after = l.ID
	}
	for {
		if after, err = j.sendAfter(ctx, r.AgentID, filter, after, out); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-woken:
		case <-ctx.Done():
			return nil
		}
	}
}

// replay reads the entries that a stream begins with, newest first.
func (j *Journal) replay(ctx context.Context, r StreamLogsRequest, f LogFilter) (LogList, error) {
	if r.Replay == 0 || r.LastEventID != "" {
		return nil, nil
	}
	return j.page(ctx, r.AgentID, f, 0, r.Replay)
}

// sendAfter sends the entries after an id, and returns the id of the last one.
func (j *Journal) sendAfter(ctx context.Context, agent domain.AgentID, f LogFilter, after domain.LogID, out op.Sink) (domain.LogID, error) {
	for q := f.query(agent); ; {
		q.After = after
		entries, err := j.Store.Logs(ctx, q)
		if err != nil {
			return after, err
		}
		for _, e := range entries {
			after = e.ID
			if !f.match(e) {
				continue
			}
			if err := out.Send("log", string(e.ID), newLogRow(e)); err != nil {
				return after, err
			}
		}
		if len(entries) < q.Limit {
			return after, nil
		}
	}
}

// DeleteLogRequest names an entry of an agent's log.
type DeleteLogRequest struct {
	AgentID domain.AgentID `json:"agentId"`
	LogID   domain.LogID   `json:"logId" alias:"id"`
}

// Validate returns every fault of the request.
func (r *DeleteLogRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	f.Require("logId", string(r.LogID))
	return f.Err()
}

// Nothing answers operations that have nothing to tell.
type Nothing struct{}

// DeleteLog removes an entry; one that does not exist is no error. Codes: not_found (the
// agent), unavailable.
func (j *Journal) DeleteLog(ctx context.Context, _ domain.Actor, r DeleteLogRequest) (Nothing, error) {
	if err := j.Agents.exists(ctx, r.AgentID); err != nil {
		return Nothing{}, err
	}
	return Nothing{}, j.Store.DeleteLog(ctx, r.AgentID, r.LogID)
}

// LogsCleared answers agents:clear-logs.
type LogsCleared struct {
	DeletedCount int `json:"deletedCount"`
}

// ClearLogs removes all entries of an agent's log. Codes: not_found, unavailable.
func (j *Journal) ClearLogs(ctx context.Context, _ domain.Actor, r GetRequest) (LogsCleared, error) {
	if err := j.Agents.exists(ctx, r.AgentID); err != nil {
		return LogsCleared{}, err
	}
	n, err := clearLogs(ctx, j.Store, r.AgentID)
	return LogsCleared{DeletedCount: n}, err
}

// clearLogs removes an agent's log in pieces, and returns how many entries it had.
func clearLogs(ctx context.Context, store LogStore, agent domain.AgentID) (int, error) {
	for total := 0; ; {
		n, err := store.TrimLogs(ctx, agent, 0, logsPage)
		total += n
		if err != nil || n < logsPage {
			return total, err
		}
	}
}
