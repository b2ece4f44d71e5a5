package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"parley/cmd/parleyload/internal/histogram"
)

// How the probe commits: a page of SQLite's size, fifty times a second.
const (
	probePage     = 4096
	probeInterval = 20 * time.Millisecond
)

// probe measures, beside a load, what the least durable commit costs on a disk: one page
// appended and synced. It is the floor under any acknowledgement of a durable send.
type probe struct {
	file   *os.File
	took   histogram.Histogram
	cancel context.CancelFunc
	done   sync.WaitGroup
	err    error
}

// startProbe begins to commit to a file in the folder until stop is called.
func startProbe(ctx context.Context, dir string) (*probe, error) {
	file, err := os.CreateTemp(dir, "probe-")
	if err != nil {
		return nil, fmt.Errorf("start the commit probe: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &probe{file: file, cancel: cancel}
	p.done.Go(func() { p.err = p.run(ctx) })
	return p, nil
}

// run commits at the interval.
func (p *probe) run(ctx context.Context) error {
	page := make([]byte, probePage)
	ticker := time.NewTicker(probeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		begun := time.Now()
		if _, err := p.file.Write(page); err != nil {
			return fmt.Errorf("commit probe: %w", err)
		}
		if err := p.file.Sync(); err != nil {
			return fmt.Errorf("commit probe: %w", err)
		}
		p.took.Record(time.Since(begun))
	}
}

// stop ends the probe, removes its file and returns what the commits took.
func (p *probe) stop() (histogram.Snapshot, error) {
	p.cancel()
	p.done.Wait()
	err := errors.Join(p.err, p.file.Close(), os.Remove(p.file.Name()))
	return p.took.Snapshot(), err
}
