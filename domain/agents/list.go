package agents

import (
	"context"
	"slices"
	"strings"

	"parley/domain"
)

// ListRequest selects agents. Zero fields do not restrict.
type ListRequest struct {
	// Status selects those that run, or that do not.
	Status Status `json:"status"`
	// Query must occur in the name, in any case.
	Query string `json:"q"`
	// Limit is at most how many are returned; 0 and less mean all.
	Limit int `json:"limit"`
	// Offset skips that many.
	Offset int `json:"offset"`
}

// Validate returns every fault of the request.
func (r *ListRequest) Validate() error {
	var f domain.Faults
	if r.Status != "" && r.Status != Active && r.Status != Inactive {
		f.Add("status", "must be active or inactive")
	}
	return f.Err()
}

// List is a list of agents.
type List struct {
	Agents []ListItem `json:"agents"`
	// total is how many agents match, those included that are not on the page.
	total int
}

// TotalCount is how many agents match in all.
func (l List) TotalCount() (total int, ok bool) { return l.total, true }

// List returns the agents of a request, the active ones first, then by name as people order names.
func (s *Service) List(_ context.Context, _ domain.Actor, r ListRequest) (List, error) {
	query := strings.ToLower(r.Query)
	found := slices.DeleteFunc(s.all(), func(a Agent) bool {
		return r.Status != "" && a.Status() != r.Status ||
			!strings.Contains(strings.ToLower(a.Character.Name), query)
	})
	slices.SortFunc(found, order{}.compare)
	total := len(found)
	found = found[min(max(r.Offset, 0), len(found)):]
	if r.Limit > 0 {
		found = found[:min(r.Limit, len(found))]
	}
	out := List{Agents: make([]ListItem, len(found)), total: total}
	for i, a := range found {
		out.Agents[i] = newListItem(a)
	}
	return out, nil
}

// GetRequest names an agent.
type GetRequest struct {
	AgentID domain.AgentID `json:"agentId" alias:"id"`
}

// Validate returns every fault of the request.
func (r *GetRequest) Validate() error {
	var f domain.Faults
	f.Require("agentId", string(r.AgentID))
	return f.Err()
}

// Get returns one agent in full, to who is no administrator without what is its maker's
// business. Codes: not_found.
func (s *Service) Get(ctx context.Context, actor domain.Actor, r GetRequest) (View, error) {
	a, ok := s.find(ctx, r.AgentID)
	if !ok {
		return View{}, errNoAgent
	}
	view := newView(a)
	if actor.Role != domain.Admin {
		view = view.public()
	}
	return view, nil
}
