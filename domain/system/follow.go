package system

import (
	"context"
	"slices"

	"parley/domain"
	"parley/domain/op"
)

// maxReplay is how many entries a stream of the log begins with at most, followBuffer how
// many may wait for a slow watcher; more are dropped.
const (
	maxReplay    = 100
	followBuffer = 256
)

// FollowRequest asks for the log as it is written.
type FollowRequest struct {
	// Level is the least level, unlike that of LogsRequest; an unknown name lets nothing pass.
	Level string `json:"level"`
	// AgentName and AgentID say what the entries are about; "" and "all" mean anything.
	AgentName string `json:"agentName"`
	AgentID   string `json:"agentId"`
	// Replay is how many entries of the past come first, at most 100.
	Replay int `json:"replay"`
	// Format json asks for the entries of the past only, as one reply.
	Format string `json:"format"`
}

// Validate reports an unknown format.
func (r *FollowRequest) Validate() error {
	var f domain.Faults
	if r.Format != "" && r.Format != "json" && r.Format != "sse" {
		f.Add("format", "must be sse or json")
	}
	return f.Err()
}

// WantsStream reports whether the answer is to be a stream, which it is unless the caller
// asks otherwise.
func (r *FollowRequest) WantsStream() bool { return r.Format != "json" }

// filter selects the entries that are asked for.
func (r *FollowRequest) filter() Filter {
	return Filter{AgentName: r.AgentName, AgentID: r.AgentID, Level: newThreshold(r.Level)}
}

// past returns the last matches of all, oldest first, as many as are asked for.
func (r *FollowRequest) past(all []Entry) []Entry {
	filter, found := r.filter(), []Entry{}
	for _, e := range slices.Backward(all) {
		if len(found) >= min(r.Replay, maxReplay) {
			break
		}
		if filter.Match(e) {
			found = append(found, e)
		}
	}
	slices.Reverse(found)
	return found
}

// Replayed answers system:follow-logs where no stream is wanted.
type Replayed struct {
	Logs  []Entry `json:"logs"`
	Count int     `json:"count"`
}

// ReplayLogs returns the entries with which the stream would begin.
func (s *Service) ReplayLogs(_ context.Context, _ domain.Actor, r FollowRequest) (Replayed, error) {
	found := r.past(s.opts.Logs.Entries())
	return Replayed{Logs: found, Count: len(found)}, nil
}

// following is the first event of a stream: the filters in force.
type following struct {
	Level     string `json:"level"`
	AgentName string `json:"agentName"`
	AgentID   string `json:"agentId"`
	Replay    int    `json:"replay"`
	Timestamp string `json:"timestamp"`
}

// FollowLogs sends the event open, then log for each entry, until ctx ends. It writes no
// log itself, so that the stream cannot feed itself.
func (s *Service) FollowLogs(ctx context.Context, _ domain.Actor, r FollowRequest, out op.Sink) error {
	all, entries, cancel := s.opts.Logs.Follow(followBuffer)
	defer cancel()
	defer s.opts.Logs.Want()()
	past, filter := r.past(all), r.filter()
	err := out.Send("open", "", following{Level: orAll(r.Level), AgentName: orAll(r.AgentName), AgentID: orAll(r.AgentID),
		Replay: len(past), Timestamp: s.stamp()})
	for _, e := range past {
		if err == nil {
			err = out.Send("log", "", e)
		}
	}
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case e := <-entries:
			if filter.Match(e) {
				err = out.Send("log", "", e)
			}
		}
	}
	return err
}
