package agents

import "parley/domain"

// FirstRunning is the first of the agents that run, by name, or "" if none does.
func (s *Service) FirstRunning() domain.AgentID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var first Agent
	byName := order{}
	for _, a := range s.known {
		if a.Desired && !a.Leaving && (first.ID == "" || byName.compare(a, first) < 0) {
			first = a
		}
	}
	return first.ID
}
