package agents

import (
	"context"

	"parley/domain"
)

// PanelList is a list of panels, which on the wire is an array.
type PanelList []Panel

// Panels returns the pages that plugins offer for an agent. Codes: not_found.
func (s *Service) Panels(ctx context.Context, _ domain.Actor, r GetRequest) (PanelList, error) {
	if err := s.exists(ctx, r.AgentID); err != nil {
		return nil, err
	}
	if s.panels == nil {
		return PanelList{}, nil
	}
	panels, err := s.panels.Panels(ctx, r.AgentID)
	return list(panels), err
}
