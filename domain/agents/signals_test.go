package agents_test

import (
	"slices"
	"sync"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
)

// signals records what channels were told.
type signals struct {
	mu          sync.Mutex
	completions []messaging.Completion
	typings     []agents.Typing
	chunks      []agents.Chunk
	ended       []domain.MessageID
	failures    []agents.Failure
	// agents are the events about agents, such as "updated Eliza active".
	agents []string
}

// Completed records a completion.
func (s *signals) Completed(c messaging.Completion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.completions = append(s.completions, c)
}

// ChannelUpdated is not recorded.
func (s *signals) ChannelUpdated(messaging.ChannelRow, []domain.EntityID) {}

// MessageGone is not recorded.
func (s *signals) MessageGone(domain.ChannelID, domain.MessageID) {}

// ChannelDeleted is not recorded.
func (s *signals) ChannelDeleted(domain.ChannelID) {}

// Typing records a typing signal.
func (s *signals) Typing(t agents.Typing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.typings = append(s.typings, t)
}

// Streamed records a chunk.
func (s *signals) Streamed(c agents.Chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chunks = append(s.chunks, c)
}

// StreamEnded records the end of a stream.
func (s *signals) StreamEnded(_ domain.ChannelID, answer domain.MessageID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, answer)
}

// Failed records a failure.
func (s *signals) Failed(f agents.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, f)
}

// AgentChanged records a change of an agent.
func (s *signals) AgentChanged(a agents.ListItem) { s.about("updated", a) }

// AgentRemoved records the end of an agent.
func (s *signals) AgentRemoved(a agents.ListItem) { s.about("removed", a) }

// about records an event about an agent.
func (s *signals) about(what string, a agents.ListItem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agents = append(s.agents, what+" "+a.Name+" "+string(a.Status))
}

// told returns the events about agents so far, but for the first one: Eliza's.
func (s *signals) told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.agents[min(1, len(s.agents)):])
}

// streamed returns the chunks so far.
func (s *signals) streamed() []agents.Chunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.chunks)
}

// failed returns the failures so far.
func (s *signals) failed() []agents.Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.failures)
}

// completed returns the completions so far.
func (s *signals) completed() []messaging.Completion {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.completions)
}

// typed returns the typing signals so far.
func (s *signals) typed() []agents.Typing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.typings)
}

// ReadMoved is not listened to.
func (*signals) ReadMoved(messaging.ReadSet) {}
