package agents

import "parley/domain"

// AgentName is an agent's name; known is false if there is no such agent, or if it is on
// its way out. One that does not run is known.
func (s *Service) AgentName(id domain.AgentID) (name string, known bool) {
	a, known := s.visible(id)
	return a.Character.Name, known
}

// Running reports whether an agent should be running.
func (s *Service) Running(id domain.AgentID) bool {
	a, known := s.visible(id)
	return known && a.Desired
}

// FirstRunning is the first of the agents that run, by name, or "" if none does.
func (s *Service) FirstRunning() domain.AgentID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var first Agent
	for _, a := range s.known {
		if a.Desired && !a.Leaving && (first.ID == "" || compareAgents(a, first) < 0) {
			first = a
		}
	}
	return first.ID
}
