package realtime

import (
	"container/list"
	"context"
	"sync"
	"time"

	"parley/domain"
	"parley/domain/system"
	"parley/realtime/sio"
)

// Sessions keeps what sockets need to come back. Safe for concurrent use.
type Sessions interface {
	// Save keeps a session, in place of an earlier one with its PID, until its Until. It may
	// forget the oldest ones to stay within its bounds. Conflict says that the session was
	// taken since: the socket is another connection's, and this one a leftover.
	Save(ctx context.Context, s SavedSession) error
	// Look tells where the session of a private id is. Without one of this identity, or
	// after its Until, found is false.
	Look(ctx context.Context, pid, identity string) (p Place, found bool, err error)
	// Take hands out the session of a private id, and raises its Generation in the same step,
	// so that it is handed out once. found is false where Look finds none, and if the
	// generation is not the one given; then nothing is changed.
	Take(ctx context.Context, pid, identity string, generation int64) (s SavedSession, found bool, err error)
	// Drop forgets a session whose socket does not come back, unless it was taken since.
	Drop(ctx context.Context, s SavedSession) error
	// Shared says that other processes find the sessions too, so that they must be saved
	// while their connections are open: this one may die without a word. Such a session has no
	// Trail, and its rooms' Rev alone decides.
	Shared() bool
}

// Place is where a session is.
type Place struct {
	// Owner is the replica that has it, "" if that is this one in any case.
	Owner string
	// Generation is how often it was taken.
	Generation int64
}

// SavedSession is what is kept of a socket.
type SavedSession struct {
	// PID is the socket's private id, SocketID its public one.
	PID, SocketID string
	// Generation is how often it was taken.
	Generation int64
	// Identity is who it is; nobody else gets it.
	Identity string
	// Began is when its last connection began; an older one does not get it.
	Began time.Time
	// Ended is when its connection was gone, Until when it is over.
	Ended, Until time.Time
	Rooms        []SavedRoom
	// Gone are channels that were deleted while the socket was in them, of which it may not
	// have heard.
	Gone []domain.ChannelID
	// Agents are those whose rooms it is in.
	Agents []domain.AgentID
	// Logs is the filter of its subscription to the log, nil without one.
	Logs *system.Filter
	// Trail tells what the client has of the rooms, by its offset.
	Trail *sio.Trail
}

// entries is what a session takes in a store.
func (s SavedSession) entries() int { return len(s.Rooms) + len(s.Gone) + s.Trail.Len() }

// SavedRoom is a channel whose room the socket is in.
type SavedRoom struct {
	ChannelID domain.ChannelID
	// Rev is the last number of the channel that has certainly arrived.
	Rev int64
	// Entity and Name are as whom it is present, "" if as nobody.
	Entity domain.EntityID
	Name   string
}

// The bounds of MemorySessions, in sessions, and in rooms and entries of trails of all
// sessions: some 30 MB.
const (
	maxSavedSessions = 20_000
	maxSavedEntries  = 200_000
)

var _ Sessions = (*MemorySessions)(nil)

// MemorySessions keeps sessions in this process.
type MemorySessions struct {
	now domain.Clock

	mu    sync.Mutex
	byPID map[string]*list.Element // of order, whose values are SavedSession
	order *list.List               // the longest saved first
	// entries are those of all sessions.
	entries int
	// sweeping says that sweep is to run.
	sweeping bool
}

// NewMemorySessions returns an empty store.
func NewMemorySessions(now domain.Clock) *MemorySessions {
	return &MemorySessions{now: now, byPID: map[string]*list.Element{}, order: list.New()}
}

// Save is part of Sessions; it never fails.
func (m *MemorySessions) Save(_ context.Context, s SavedSession) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.byPID[s.PID]; old != nil {
		m.forget(old)
	}
	m.byPID[s.PID] = m.order.PushBack(s)
	m.entries += s.entries()
	for m.order.Len() > 1 && (m.order.Len() > maxSavedSessions || m.entries > maxSavedEntries || m.over(m.order.Front())) {
		m.forget(m.order.Front())
	}
	m.sweepLater()
	return nil
}

// sweepLater has the sessions forgotten whose time has passed, also if none is saved any
// more: a rush of thousands of clients would else stay in memory. m.mu is held.
func (m *MemorySessions) sweepLater() {
	if !m.sweeping && m.order.Len() > 0 {
		m.sweeping = true
		time.AfterFunc(recoverFor, m.sweep)
	}
}

// sweep forgets the sessions whose time has passed.
func (m *MemorySessions) sweep() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.order.Len() > 0 && m.over(m.order.Front()) {
		m.forget(m.order.Front())
	}
	m.sweeping = false
	m.sweepLater()
}

// Look is part of Sessions; it never fails.
func (m *MemorySessions) Look(_ context.Context, pid, identity string) (Place, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, s, found := m.find(pid, identity)
	return Place{Generation: s.Generation}, found, nil
}

// find returns a session and its element. m.mu is held.
func (m *MemorySessions) find(pid, identity string) (e *list.Element, s SavedSession, found bool) {
	e = m.byPID[pid]
	if e == nil || m.over(e) {
		return nil, s, false
	}
	s, _ = e.Value.(SavedSession)
	return e, s, s.Identity == identity
}

// Take is part of Sessions; it never fails.
func (m *MemorySessions) Take(_ context.Context, pid, identity string, generation int64) (SavedSession, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, s, found := m.find(pid, identity)
	if !found || s.Generation != generation {
		return SavedSession{}, false, nil
	}
	m.forget(e)
	s.Generation++
	return s, true, nil
}

// Drop is part of Sessions. There is nothing to do: a session is saved only once its
// connection is over.
func (m *MemorySessions) Drop(context.Context, SavedSession) error { return nil }

// Shared is part of Sessions.
func (m *MemorySessions) Shared() bool { return false }

// Len is how many sessions are kept.
func (m *MemorySessions) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.order.Len()
}

// over reports whether a session's time has passed. m.mu is held.
func (m *MemorySessions) over(e *list.Element) bool {
	s, _ := e.Value.(SavedSession)
	return m.now().After(s.Until)
}

// forget drops a session. m.mu is held.
func (m *MemorySessions) forget(e *list.Element) {
	s, _ := m.order.Remove(e).(SavedSession)
	delete(m.byPID, s.PID)
	m.entries -= s.entries()
}
