package agents

// OnStep lets a test end turns as if the process had died before a step. It must be
// called before Run.
func (r *Runner) OnStep(ask func(step string) error) { r.onStep = ask }

// Lanes is the number of lanes that wait or are served.
func (s *Service) Lanes() int { return s.lanes.size() }
