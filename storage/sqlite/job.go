package sqlite

import (
	"context"
	"sync/atomic"
)

// The states of a job.
const (
	waiting int32 = iota
	taken
	dropped
)

// job is one change on its way through the writer.
type job struct {
	// what begins the message of an error.
	what string
	// apply makes the change within the batch's transaction. An error undoes it alone,
	// unless the database itself fails.
	apply func(context.Context, *writer) error
	// whole says that apply runs several statements, of which all or none may stand.
	whole bool
	// late says that it may wait for jobs that are not: it is not on the way of a message.
	late bool
	// done hears the outcome after the commit.
	done  func(error)
	err   error
	state atomic.Int32
}

// take reserves the job for the writer; false if its submitter has given up.
func (j *job) take() bool { return j.state.CompareAndSwap(waiting, taken) }

// joined is batch with the job, unless its submitter has given up.
func (j *job) joined(batch []*job) []*job {
	if j.take() {
		return append(batch, j)
	}
	return batch
}

// drop gives the job up; false if the writer has it already.
func (j *job) drop() bool { return j.state.CompareAndSwap(waiting, dropped) }

// submit puts j into its queue and waits while that is full.
func (s *Store) submit(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return errClosed
	}
	queue := s.queue
	if j.late {
		queue = s.late
	}
	select {
	case queue <- j:
		return nil
	default:
	}
	select {
	case queue <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write makes a change and waits for its commit. When ctx ends before the writer
// has begun, nothing is changed.
func (s *Store) write(ctx context.Context, apply func(context.Context, *writer) error) error {
	result := make(chan error, 1)
	j := &job{what: changeNotStored, apply: apply, whole: true, done: func(err error) { result <- err }}
	return s.await(ctx, j, result)
}

// await submits j, whose done sends to result, and waits for its commit; see write.
func (s *Store) await(ctx context.Context, j *job, result <-chan error) error {
	if err := s.submit(ctx, j); err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		if j.drop() {
			return ctx.Err()
		}
		return <-result
	}
}
