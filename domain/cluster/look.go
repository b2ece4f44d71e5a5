package cluster

import (
	"context"
	"time"
)

// lookPause is the least time between two looks for members that are not known.
const lookPause = 250 * time.Millisecond

// Look returns a member by its name as Find does. One that is not known may have come since
// the last announcement: the store is asked, once for all who look at the same time.
func (m *Members) Look(ctx context.Context, name string) (Member, bool) {
	member, ok := m.Find(name)
	if ok || m.opts.Store == nil {
		return member, ok
	}
	came := time.Now()
	m.looking.Lock()
	defer m.looking.Unlock()
	if m.looked.After(came) {
		return m.Find(name)
	}
	if wait := lookPause - time.Since(m.looked); wait > 0 {
		select {
		case <-ctx.Done():
			return Member{}, false
		case <-time.After(wait):
		}
	}
	m.looked = time.Now()
	// What kept the announcement from working is told by the regular ones.
	_, _ = m.announce(ctx, Member{})
	return m.Find(name)
}
