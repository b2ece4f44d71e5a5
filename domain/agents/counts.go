package agents

// Counts returns how many agents there are, and how many of them should be running.
func (s *Service) Counts() (total, active int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, a := range s.known {
		if a.Leaving {
			continue
		}
		total++
		if a.Desired {
			active++
		}
	}
	return total, active
}
