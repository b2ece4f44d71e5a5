package mongo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/agents"
)

// agentsName is the collection of agents.
const agentsName = "agents"

// agentIndexes are the indexes of agents.
func agentIndexes() []index {
	return []index{{collection: agentsName, keys: []string{"+name"}, unique: true, shapes: []shape{{form: "name="}, {form: "+name"}}}}
}

// agentDocument is an agent as it is stored.
type agentDocument struct {
	ID domain.AgentID `bson:"_id"`
	// Name is the character's, for the index.
	Name string `bson:"name"`
	// Character is JSON.
	Character string    `bson:"character"`
	Enabled   bool      `bson:"enabled"`
	Desired   bool      `bson:"desired"`
	Leaving   bool      `bson:"leaving"`
	CreatedAt time.Time `bson:"createdAt"`
	UpdatedAt time.Time `bson:"updatedAt"`
	Revision  int64     `bson:"revision"`
}

// revision is how often the document was changed.
func (d agentDocument) revision() int64 { return d.Revision }

// newAgentDocument is the stored form of an agent.
func newAgentDocument(a agents.Agent) (agentDocument, error) {
	character, err := encode(a.Character)
	return agentDocument{ID: a.ID, Name: a.Character.Name, Character: character, Enabled: a.Enabled, Desired: a.Desired,
		Leaving: a.Leaving, CreatedAt: floor(a.CreatedAt), UpdatedAt: floor(a.UpdatedAt)}, err
}

// agent reads the stored form.
func (d agentDocument) agent() (agents.Agent, error) {
	a := agents.Agent{ID: d.ID, Enabled: d.Enabled, Desired: d.Desired, Leaving: d.Leaving, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt}
	if err := json.Unmarshal([]byte(d.Character), &a.Character); err != nil {
		return a, fmt.Errorf("read character of agent %s: %w", d.ID, err)
	}
	return a, nil
}

// errNoAgent is the answer where an agent is missing.
func errNoAgent(id domain.AgentID) error {
	return domain.Errorf(domain.NotFound, "Agent %s does not exist", id)
}

// errNameTaken is the answer where another agent has the name.
func errNameTaken(name string) error {
	return domain.Errorf(domain.Conflict, "An agent named %q exists already", name)
}

// EnsureAgent stores an agent unless it exists; see agents.Store. An agent that is there
// already, as at every start, costs no failed write.
func (s *Store) EnsureAgent(ctx context.Context, a agents.Agent) (stored agents.Agent, created bool, err error) {
	doc, err := newAgentDocument(a)
	if err != nil {
		return agents.Agent{}, false, err
	}
	err = s.contend(ctx, func(ctx context.Context) (bool, error) {
		stored, err = s.Agent(ctx, a.ID)
		if !domain.IsCode(err, domain.NotFound) {
			return true, err
		}
		if created, err = s.in(agentsName).insert(ctx, doc); err != nil {
			return true, err
		}
		if created {
			stored, err = doc.agent()
			return true, err
		}
		return false, s.checkName(ctx, a) // else the reads were behind what the write has met
	})
	if err != nil {
		return agents.Agent{}, false, err
	}
	return stored, created, nil
}

// checkName is Conflict if another agent has the name.
func (s *Store) checkName(ctx context.Context, a agents.Agent) error {
	var other agentDocument
	found, err := s.in(agentsName).one(ctx, bson.D{{Key: "name", Value: a.Character.Name}}, &other)
	if err == nil && found && other.ID != a.ID {
		err = errNameTaken(a.Character.Name)
	}
	return err
}

// Agent returns one agent; see agents.Store.
func (s *Store) Agent(ctx context.Context, id domain.AgentID) (agents.Agent, error) {
	var doc agentDocument
	found, err := s.in(agentsName).one(ctx, bson.D{{Key: "_id", Value: id}}, &doc)
	if err != nil {
		return agents.Agent{}, err
	}
	if !found {
		return agents.Agent{}, errNoAgent(id)
	}
	return doc.agent()
}

// Agents returns all agents; see agents.Store.
func (s *Store) Agents(ctx context.Context) ([]agents.Agent, error) {
	return listOf(ctx, s.in(agentsName), bson.D{}, options.Find().SetSort(bson.D{{Key: "name", Value: 1}}), agentDocument.agent)
}

// SetDesired stores whether an agent should run; see agents.Store.
func (s *Store) SetDesired(ctx context.Context, id domain.AgentID, desired bool) error {
	found, err := s.in(agentsName).update(ctx, bson.D{{Key: "_id", Value: id}},
		revised(bson.D{{Key: "desired", Value: desired}, {Key: "updatedAt", Value: s.now().UTC()}}))
	if err == nil && !found {
		err = errNoAgent(id)
	}
	return err
}

// UpdateAgent changes an agent; see agents.Store.
func (s *Store) UpdateAgent(ctx context.Context, id domain.AgentID, change func(agents.Agent) (agents.Agent, error)) (stored agents.Agent, err error) {
	err = revise(ctx, s.in(agentsName), id, func(before agentDocument) (bson.D, error) {
		a, err := before.agent()
		if err != nil {
			return nil, err
		}
		after, err := change(a)
		if err != nil {
			return nil, err
		}
		after.ID, after.CreatedAt = a.ID, a.CreatedAt
		doc, err := newAgentDocument(after)
		stored = after
		stored.UpdatedAt = doc.UpdatedAt
		return bson.D{{Key: "name", Value: doc.Name}, {Key: "character", Value: doc.Character}, {Key: "enabled", Value: doc.Enabled},
			{Key: "desired", Value: doc.Desired}, {Key: "leaving", Value: doc.Leaving}, {Key: "updatedAt", Value: doc.UpdatedAt}}, err
	})
	switch {
	case isDuplicate(err):
		err = errNameTaken(stored.Character.Name)
	case isAbsent(err):
		err = errNoAgent(id)
	}
	if err != nil {
		return agents.Agent{}, err
	}
	return stored, nil
}

// DeleteAgent removes an agent; see agents.Store.
func (s *Store) DeleteAgent(ctx context.Context, id domain.AgentID) error {
	_, err := s.in(agentsName).remove(ctx, bson.D{{Key: "_id", Value: id}})
	return err
}
