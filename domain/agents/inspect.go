package agents

import (
	"slices"
	"time"

	"parley/domain"
)

// Activity is what an agent does at the moment.
type Activity struct {
	// ID is the agent.
	ID domain.AgentID
	// Name and Plugins are those of its character.
	Name    string
	Plugins []string
	Status  Status
	// StartedAt is when it became active, at the earliest when this process began; zero if
	// it is not active.
	StartedAt time.Time
	// Pending counts the channels in which messages wait for it, InFlight the messages that
	// it is answering.
	Pending, InFlight int
}

// Activity tells what the agents do, in the order in which they are listed. It asks no store.
func (s *Service) Activity() []Activity {
	pending, inFlight := s.lanes.perAgent(), s.running.perAgent()
	all := s.all()
	slices.SortFunc(all, order{}.compare)
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Activity, 0, len(all))
	for _, a := range all {
		entry := Activity{ID: a.ID, Name: a.Character.Name, Plugins: a.Character.Plugins, Status: a.Status(),
			Pending: pending[a.ID], InFlight: inFlight[a.ID]}
		if a.Desired {
			entry.StartedAt = s.began
			if at, ok := s.started[a.ID]; ok {
				entry.StartedAt = at
			}
		}
		list = append(list, entry)
	}
	return list
}

// Backlog is how many lanes wait or are served, and agents are being removed.
func (s *Service) Backlog() int { return s.lanes.size() + len(s.departures.open()) }

// Backlog is how many entries wait to be stored, or to be held against what was deleted
// meanwhile.
func (j *Journal) Backlog() int { return int(j.backlog.Load()) }

// perAgent counts the lanes that nobody serves.
func (l *lanes) perAgent() map[domain.AgentID]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[domain.AgentID]int{}
	for _, key := range l.queue {
		counts[key.Agent]++
	}
	return counts
}

// perAgent counts the turns under way.
func (r *running) perAgent() map[domain.AgentID]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := map[domain.AgentID]int{}
	for key := range r.turns {
		counts[key.Agent]++
	}
	return counts
}

// Turned tells a metrics sink about work on a message that has ended.
type Turned struct {
	// Code is ok, or the code of the failure that leaves the message to a later try.
	Code string
	// Duration is how long it took.
	Duration time.Duration
}

// observe tells whoever counts how the work on a message ended.
func (r *Runner) observe(began time.Time, err error) {
	if r.Observe == nil {
		return
	}
	code := "ok"
	if err != nil {
		code = string(domain.AsError(err).Code)
	}
	r.Observe(Turned{Code: code, Duration: r.Now().Sub(began)})
}
