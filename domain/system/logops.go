package system

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/domain"
	"parley/domain/op"
)

// defaultSince is how far back the log is read unless the caller says otherwise.
const defaultSince = time.Hour

// maxSubmitted bounds the entries of one request, maxSubmittedText a message in bytes.
const (
	maxSubmitted     = 100
	maxSubmittedText = 4 << 10
)

// logOps declares the operations on the server's log.
func logOps(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "system:logs", Help: "Returns the newest entries of the server's log, and appends entries that are sent along.",
		Routes: []string{"GET /api/server/logs", "POST /api/server/logs"}, Access: op.Admin, Dual: true,
		Example: LogsRequest{Level: "warn", Limit: 20},
	}, s.ListLogs)
	op.Define(r, op.Spec{
		Name: "system:clear-logs", Help: "Empties the buffer of the server's log.",
		Routes: []string{"DELETE /api/server/logs"}, Access: op.Admin, Dual: true, Example: Request{},
	}, s.ClearLogs)
	op.DefineStream(r, op.Spec{
		Name: "system:follow-logs", Help: "Streams the server's log as it is written; with format=json it returns the newest entries only.",
		Routes: []string{"GET /api/server/logs/stream"}, Access: op.Admin,
		Example: FollowRequest{Level: "warn", Replay: 10, Format: "json"},
	}, s.ReplayLogs, s.FollowLogs)
}

// LogsRequest selects entries of the log. With Logs it appends them first.
type LogsRequest struct {
	// Since is the earliest time; absent means an hour ago.
	Since *domain.Instant `json:"since,omitempty"`
	// Level is the only level, not the least one; "" and "all" mean any, an unknown name
	// means info.
	Level string `json:"level"`
	// AgentName and AgentID say what the entries are about; "" and "all" mean anything.
	AgentName string `json:"agentName"`
	AgentID   string `json:"agentId"`
	// Limit is 100 unless given, at most 1000.
	Limit int `json:"limit"`
	// Logs are entries to append.
	Logs []Submitted `json:"logs,omitempty"`
}

// Submitted is an entry that a caller adds to the log.
type Submitted struct {
	// Level is a name or a number of the contract; absent means info.
	Level json.RawMessage `json:"level,omitempty"`
	// Message is the text.
	Message string `json:"message"`
	// Source says who writes.
	Source string `json:"source,omitempty"`
	// Metadata is kept beside it; agentName and agentId in it make the entry about an agent.
	Metadata map[string]any `json:"metadata,omitempty"`
}

// Validate returns every fault of the entries to append.
func (r *LogsRequest) Validate() error {
	var f domain.Faults
	if len(r.Logs) > maxSubmitted {
		f.Add("logs", "may hold %d entries", maxSubmitted)
		return f.Err()
	}
	for i, entry := range r.Logs {
		path := fmt.Sprintf("logs.%d.", i)
		f.Require(path+"message", strings.TrimSpace(entry.Message))
		if len(entry.Message) > maxSubmittedText {
			f.Add(path+"message", "may be %d bytes long", maxSubmittedText)
		}
		if len(entry.Source) > 200 {
			f.Add(path+"source", "may be 200 bytes long")
		}
		if _, ok := entry.level(); !ok {
			f.Add(path+"level", "must be one of %s, or a number from 1 to 100", strings.Join(levelNames(), ", "))
		}
		if line, err := entry.line(time.Time{}); err != nil || len(line) > maxEntry {
			f.Add(path+"metadata", "makes the entry longer than %d bytes", maxEntry)
		}
	}
	return f.Err()
}

// level is the number of the entry's level.
func (e Submitted) level() (int, bool) {
	if len(e.Level) == 0 || string(e.Level) == "null" {
		return Info, true
	}
	var name string
	if json.Unmarshal(e.Level, &name) == nil {
		return levelNumber(name)
	}
	var n int
	err := json.Unmarshal(e.Level, &n)
	return n, err == nil && n >= 1 && n <= 100
}

// line is the entry as a line of the log.
func (e Submitted) line(now time.Time) ([]byte, error) {
	level, _ := e.level()
	fields := map[string]any{"level": level, "time": now.UTC().Format(time.RFC3339Nano), "message": e.Message, "submitted": true}
	if e.Source != "" {
		fields["source"] = e.Source
	}
	if len(e.Metadata) > 0 {
		fields["metadata"] = e.Metadata
	}
	for _, key := range []string{"agentName", "agentId"} {
		if text, ok := e.Metadata[key].(string); ok {
			fields[key] = text
		}
	}
	return json.Marshal(fields)
}

// LogList answers system:logs.
type LogList struct {
	Logs []Entry `json:"logs"`
	// Count is how many entries there are here.
	Count int `json:"count"`
	// Total counts the buffer, before it was filtered.
	Total          int      `json:"total"`
	RequestedLevel string   `json:"requestedLevel"`
	AgentName      string   `json:"agentName"`
	AgentID        string   `json:"agentId"`
	Levels         []string `json:"levels"`
	// Replica is whose log this is; it is there only in a cluster, where each keeps its own.
	Replica string `json:"replica,omitempty"`
	// Accepted counts the entries that were appended; it is there only if some were sent.
	Accepted *int `json:"accepted,omitempty"`
	// Received is Accepted, as the reference's client library calls it.
	Received *int `json:"received,omitempty"`
}

// TotalCount is Total.
func (l LogList) TotalCount() (total int, ok bool) { return l.Total, true }

// ListLogs returns the last entries that match, oldest first, after appending those that
// are sent along: they go to the buffer and to who watches it, not to standard output.
// Codes: internal.
func (s *Service) ListLogs(_ context.Context, _ domain.Actor, r LogsRequest) (LogList, error) {
	var accepted *int
	if r.Logs != nil {
		n, err := s.submit(r.Logs)
		if err != nil {
			return LogList{}, err
		}
		accepted = &n
	}
	all := s.opts.Logs.Entries()
	found := newLogQuery(r, s.opts.Now()).find(all)
	return LogList{Logs: found, Count: len(found), Total: len(all), RequestedLevel: orAll(strings.ToLower(r.Level)),
		AgentName: orAll(r.AgentName), AgentID: orAll(r.AgentID), Levels: levelNames(), Replica: s.opts.Logs.Replica(), Accepted: accepted, Received: accepted}, nil
}

// submit appends entries and returns how many.
func (s *Service) submit(entries []Submitted) (int, error) {
	for _, entry := range entries {
		line, err := entry.line(s.opts.Now())
		if err != nil { // what came as JSON always has that form
			return 0, fmt.Errorf("encode a log entry: %w", err)
		}
		if _, err := s.opts.Logs.Write(line); err != nil {
			return 0, err
		}
	}
	return len(entries), nil
}

// orAll is what an absent filter is called in the reply.
func orAll(filter string) string {
	if filter == "" {
		return "all"
	}
	return filter
}

// logQuery is a LogsRequest made ready.
type logQuery struct {
	since              int64
	level              int // 0 is any
	agentName, agentID string
	limit              int
}

// newLogQuery fills what the request left open.
func newLogQuery(r LogsRequest, now time.Time) logQuery {
	q := logQuery{since: domain.Millis(now.Add(-defaultSince)), agentName: r.AgentName, agentID: r.AgentID, limit: 100}
	if r.Since != nil && !r.Since.IsZero() {
		q.since = domain.Millis(r.Since.Time)
	}
	if level := orAll(strings.ToLower(r.Level)); level != "all" {
		q.level = Info
		if slices.Contains(levelNames(), level) {
			q.level, _ = levelNumber(level)
		}
	}
	if r.Limit != 0 {
		q.limit = min(max(r.Limit, 1), keptEntries)
	}
	return q
}

// find returns the last matches, oldest first. Where fewer than a tenth of all entries
// name an agent, those that name none pass the filter too, as in the reference: else a
// screen that filters by agent would stand empty.
func (q logQuery) find(all []Entry) []Entry {
	names, ids := 0, 0
	for _, e := range all {
		if e.AgentName != "" {
			names++
		}
		if e.AgentID != "" {
			ids++
		}
	}
	fewNames, fewIDs := names*10 < len(all), ids*10 < len(all)
	found := []Entry{}
	for _, e := range slices.Backward(all) {
		if len(found) == q.limit {
			break
		}
		named := is(q.agentName, e.AgentName) || fewNames && e.AgentName == ""
		known := is(q.agentID, e.AgentID) || fewIDs && e.AgentID == ""
		if e.Time >= q.since && (q.level == 0 || q.level == e.Level) && named && known {
			found = append(found, e)
		}
	}
	slices.Reverse(found)
	return found
}

// Cleared answers system:clear-logs.
type Cleared struct {
	Status  string `json:"status"`
	Message string `json:"message"`
	// Count is how many entries were there.
	Count int `json:"cleared"`
}

// ClearLogs empties the buffer.
func (s *Service) ClearLogs(context.Context, domain.Actor, Request) (Cleared, error) {
	return Cleared{Status: "success", Message: "Logs cleared successfully", Count: s.opts.Logs.Clear()}, nil
}
