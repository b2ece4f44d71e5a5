package agents

// Lanes is the number of lanes that wait or are served.
func (s *Service) Lanes() int { return s.lanes.size() }
