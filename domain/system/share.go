package system

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"parley/domain/bus"
)

// The bus topics of the log: its lines, and who wants them.
const (
	topicLines  = "logs"
	topicWanted = "logs-wanted"
)

const (
	// wantEvery is how often a replica says that somebody watches the log there.
	wantEvery = 10 * time.Second
	// wantedFor is how long others send their lines after that.
	wantedFor = 3 * wantEvery
	// shareBuffer is how many lines may wait to be sent; more are dropped.
	shareBuffer = 1024
	// shareBatch is how many lines go at once.
	shareBatch = 64
	// shareRate is how many lines a replica sends in a second; more are dropped.
	shareRate = 500
	// sharePause is how long nothing is sent after the bus has failed.
	sharePause = time.Second
	// shareTimeout is how long the bus may take.
	shareTimeout = 2 * time.Second
)

// LogShare lets who watches the log of one replica see the lines of all. A replica sends its
// lines only while somebody watches on another one. It never logs, and leaves out what is
// said about Redis, so that a line about a failing bus is no reason for more of them.
type LogShare struct {
	logs    *Logs
	bus     bus.Bus
	replica string
	// wanted is until when others want the lines, in Unix nanoseconds.
	wanted atomic.Int64
}

// NewLogShare shares logs, whose lines are tagged with the replica's name from now on, so it
// must be called before anything is logged that is to be shared.
func NewLogShare(logs *Logs, b bus.Bus, replica string) *LogShare {
	logs.tag(replica)
	return &LogShare{logs: logs, bus: b, replica: replica}
}

// Run shares lines until ctx ends.
func (s *LogShare) Run(ctx context.Context) {
	defer s.bus.Subscribe(topicWanted, bus.Subscriber{Receive: s.heardWant})()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		s.send(ctx)
	}()
	s.watch(ctx)
	<-sent
}

// want says that somebody watches the log of a replica.
type want struct {
	Replica string `json:"replica"`
}

// heardWant notes that another replica wants the lines of this one.
func (s *LogShare) heardWant(payload []byte) {
	var w want
	if json.Unmarshal(payload, &w) == nil && w.Replica != s.replica {
		s.wanted.Store(time.Now().Add(wantedFor).UnixNano())
	}
}

// watch takes the lines of others while somebody watches here, and tells them so.
func (s *LogShare) watch(ctx context.Context) {
	ticker := time.NewTicker(wantEvery)
	defer ticker.Stop()
	var cancel func()
	for {
		watched := s.logs.watched()
		switch {
		case watched && cancel == nil:
			cancel = s.bus.Subscribe(topicLines, bus.Subscriber{Receive: s.heardLines})
		case !watched && cancel != nil:
			cancel()
			cancel = nil
		}
		if watched {
			s.publish(ctx, topicWanted, want{Replica: s.replica})
		}
		select {
		case <-ctx.Done():
			if cancel != nil {
				cancel()
			}
			return
		case <-ticker.C:
		case <-s.logs.changed:
		}
	}
}

// heardLines shows the lines of another replica to who watches here.
func (s *LogShare) heardLines(payload []byte) {
	var lines []json.RawMessage
	if json.Unmarshal(payload, &lines) != nil || len(lines) > shareBatch {
		return
	}
	for _, line := range lines {
		e := parseEntry(line, time.Now())
		if e.Replica = takeText(e.Fields, "replica"); e.Replica != "" && e.Replica != s.replica {
			s.logs.show(e)
		}
	}
}

// send publishes the lines of this replica while others want them.
func (s *LogShare) send(ctx context.Context) {
	entries, cancel := s.logs.Subscribe(shareBuffer)
	defer cancel()
	var window time.Time // of shareRate
	var resume time.Time // after a failure
	count := 0
	for {
		var batch []Entry
		select {
		case <-ctx.Done():
			return
		case e := <-entries:
			batch = s.gather(e, entries)
		}
		now := time.Now()
		if now.Sub(window) > time.Second {
			window, count = now, 0
		}
		if len(batch) == 0 || now.UnixNano() > s.wanted.Load() {
			continue
		}
		if count += len(batch); count > shareRate || now.Before(resume) {
			s.logs.lost(len(batch))
			continue
		}
		if !s.publish(ctx, topicLines, batch) {
			resume = time.Now().Add(sharePause)
		}
	}
}

// gather returns the entries that are to be shared of the first one and those that wait.
func (s *LogShare) gather(e Entry, entries <-chan Entry) []Entry {
	var batch []Entry
	for {
		if e.Replica == s.replica && e.Fields["component"] != "redis" {
			batch = append(batch, e)
		}
		if len(batch) == shareBatch {
			return batch
		}
		select {
		case e = <-entries:
		default:
			return batch
		}
	}
}

// publish hands something to the bus and reports whether that took it.
func (s *LogShare) publish(ctx context.Context, topic string, note any) bool {
	payload, err := json.Marshal(note)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, shareTimeout)
	defer cancel()
	return s.bus.Publish(ctx, topic, payload) == nil
}
