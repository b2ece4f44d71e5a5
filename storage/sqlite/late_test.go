package sqlite_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"parley/domain"
	"parley/domain/messaging"
	"parley/storage/sqlite"
)

func TestReadPositionsLetMessagesGoFirst(t *testing.T) {
	set := open(t)
	defer closeSet(t, set)
	channel := newChannel(t, set)
	if _, err := send(t.Context(), set, text(channel, "first")); err != nil {
		t.Fatal(err)
	}
	before := set.Stats()
	release, err := sqlite.Hold(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	const readers = 400
	var read atomic.Int64
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			if _, moved, err := set.Messaging.SetRead(t.Context(), channel, domain.NewID[domain.EntityID](), 1); err != nil || !moved {
				t.Errorf("moved %v, %v", moved, err)
			}
			read.Add(1)
		})
	}
	for sqlite.Late(set) < readers {
		runtime.Gosched()
	}
	stored := make(chan int64, 1)
	err = set.Messaging.Append(t.Context(), text(channel, "second"), func(_ messaging.Appended, err error) {
		if err != nil {
			t.Error(err)
		}
		stored <- read.Load()
	})
	if err != nil {
		t.Fatal(err)
	}
	release()
	if n := <-stored; n > 200 {
		t.Errorf("the message waited for %d read positions", n)
	}
	all.Wait()
	if commits := set.Stats().Commits - before.Commits; commits > 12 {
		t.Errorf("%d read positions took %d commits", readers, commits)
	}
}

func TestCloseAnswersReadPositionsToo(t *testing.T) {
	set := open(t)
	channel := newChannel(t, set)
	for range 3 {
		if _, err := send(t.Context(), set, text(channel, "text")); err != nil {
			t.Fatal(err)
		}
	}
	begun := make(chan struct{}, 20)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for {
				_, _, err := set.Messaging.SetRead(t.Context(), channel, domain.NewID[domain.EntityID](), 3)
				if err != nil {
					if !domain.IsCode(err, domain.Unavailable) {
						t.Error(err)
					}
					return
				}
				select {
				case begun <- struct{}{}:
				default:
				}
			}
		})
	}
	<-begun
	closeSet(t, set)
	all.Wait()
}
