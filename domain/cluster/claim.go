package cluster

import (
	"context"
	"time"

	"parley/domain"
)

// patience is how long an announcement may take.
const patience = 3 * time.Second

// Claim announces this replica and brings the list up to date. If another process has the
// name it waits until that is heard again (codes: conflict) or has been silent for long
// enough to be dead, and takes its place then. Codes: conflict, unavailable.
func (m *Members) Claim(ctx context.Context) error {
	if m.opts.Store == nil {
		return nil
	}
	holder, err := m.announce(ctx, Member{})
	if err != nil || holder == nil {
		return err
	}
	m.log.Warn().Str("member", holder.Name).Msg("another process has this replica's name; waiting whether it lives")
	if holder, err = m.outwait(ctx, *holder); err != nil || holder == nil {
		return err
	}
	return domain.Errorf(domain.Conflict, "Another replica with the name %q is running (started %s, at %s): "+
		"give each its own PARLEY_REPLICA", holder.Name, domain.ISO(holder.Started.Time), holder.Address)
}

// outwait waits for a beat of the holder of this replica's name. Without one it takes its
// place; with one, or if a third process was faster, it returns who has the name.
func (m *Members) outwait(ctx context.Context, holder Member) (*Member, error) {
	silence := time.Duration(silences * float64(m.opts.Interval))
	began := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(min(m.opts.Interval/2, max(silence-time.Since(began), 0))):
		}
		var instead Member
		if time.Since(began) >= silence {
			instead = holder
		}
		now, err := m.announce(ctx, instead)
		if err != nil || now == nil || now.Instance != holder.Instance || now.Beat != holder.Beat {
			return now, err
		}
	}
}

// announce does one round and returns who has the name if that is another process.
func (m *Members) announce(ctx context.Context, instead Member) (*Member, error) {
	m.rounds.Lock()
	defer m.rounds.Unlock()
	a := Announcement{TTL: m.opts.Lifetime, Instead: instead}
	load := m.opts.Load()
	m.mu.Lock()
	if m.left {
		m.mu.Unlock()
		return nil, nil //nolint:nilnil // nobody has the name, and nothing went wrong
	}
	m.self.Load = load
	m.self.Beat++
	a.Member = m.self
	if m.opts.Secret == "" {
		a.Secret = m.proposal
	}
	m.mu.Unlock()
	asked, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	round, err := m.opts.Store.Announce(asked, a)
	if err != nil {
		m.miss(ctx)
		return nil, err
	}
	if round.Holder != nil {
		return round.Holder, nil
	}
	gone, callbacks := m.take(round)
	for _, member := range gone {
		for _, f := range callbacks {
			f(member)
		}
	}
	return nil, nil //nolint:nilnil // as above
}

// miss notes a round that failed.
func (m *Members) miss(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() == nil {
		m.broken = true
	}
}

// take brings the list up to date and returns who has gone, with those who want to hear of it.
func (m *Members) take(round Round) (gone []Member, callbacks []func(Member)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now() // the monotonic clock, which nobody sets
	if m.broken || m.announced && !round.Known {
		m.spared = now.Add(m.opts.Lifetime)
	}
	m.broken, m.announced = false, true
	if round.Secret != "" {
		m.secret, m.proposal = round.Secret, round.Secret
	}
	list := map[string]Member{}
	for _, member := range round.Members {
		list[member.Name] = member
	}
	for name, before := range m.list {
		after, there := list[name]
		switch {
		case name == m.self.Name, there && after.Instance == before.Instance:
		case !there && now.Before(m.spared):
			list[name] = before
		default:
			gone = append(gone, before)
			m.log.Info().Str("member", name).Bool("draining", before.Draining).Msg("replica has gone")
		}
	}
	for name, member := range list {
		if before, there := m.list[name]; !there || before.Instance != member.Instance {
			m.log.Info().Str("member", name).Str("address", member.Address).Msg("replica is there")
		}
	}
	m.list = list
	return gone, m.gone
}
