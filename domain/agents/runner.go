package agents

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"parley/domain"
	"parley/domain/messaging"
	"parley/domain/models"
	"parley/domain/trace"
)

// RunnerOptions are what a Runner needs. Those after Logger have defaults.
type RunnerOptions struct {
	// Agents are served; the Runner takes the hints that their Service was given.
	Agents   *Service
	Store    Store
	Log      Log
	Channels Channels
	Signals  Signals
	Model    models.Text
	// Memories keep what agents see and say; nil keeps nothing.
	Memories Memories
	Now      domain.Clock
	Logger   zerolog.Logger
	// Listener hears of each step; nil means nobody.
	Listener Listener
	// Journal takes what agents log of their work; nil means nobody does.
	Journal *Journal
	// Provider is the name of who offers Model, for that log; "" means builtin.
	Provider string

	// Respond are the rules of when to answer.
	Respond RespondOptions
	// Workers is how many turns are worked on at once; 0 means 8. More costs memory
	// and calls to the model at the same time.
	Workers int
	// Sweep is how often the store is searched for duties nobody hinted at; 0 means
	// 30 s. Less costs one query per 50 open duties each time.
	Sweep time.Duration
	// TurnTimeout is how long a model may think; 0 means 120 s.
	TurnTimeout time.Duration
	// Drain is how long turns may go on after Run was told to stop; 0 means 5 s.
	Drain time.Duration
	// TypingEvery is how often a typing signal is repeated; 0 means 4 s, as clients
	// forget it after 6 s.
	TypingEvery time.Duration
	// ChunkEvery is the least time between two chunks of an answer that arises; 0 means
	// 25 ms. Less costs an event to the whole room for each piece a model hands out.
	ChunkEvery time.Duration
	// Attempts is how often a turn is begun before it is given up; 0 means 10. It ends
	// a message that kills the process each time.
	Attempts int64
	// OnStep is asked before each step of a turn: take, think, commit, append 0 (1 ...),
	// finish turn, finish duty, complete. An error ends the turn as if the process had
	// died there. It is for tests of faults; nil asks nobody.
	OnStep func(step string) error
	// Observe is told how the work on each message ended; nil tells nobody.
	Observe func(Turned)
	// Tracer traces each turn, in the trace of the message that it answers; nil traces none.
	Tracer trace.Tracer
	// Backoff is the first pause after a failure of the store, doubled each time; 0
	// means 100 ms.
	Backoff time.Duration
	// Leases let one process at a time work on a lane; nil means that there is no other.
	Leases Leases
	// Hints are the hints that processes share; nil means that this one keeps its own.
	Hints Hints
}

// setDefaults fills the fields that may be zero.
func (o *RunnerOptions) setDefaults() {
	setDefault(&o.Workers, 8)
	setDefault(&o.Sweep, 30*time.Second)
	setDefault(&o.TurnTimeout, 120*time.Second)
	setDefault(&o.Drain, 5*time.Second)
	setDefault(&o.TypingEvery, 4*time.Second)
	setDefault(&o.ChunkEvery, 25*time.Millisecond)
	setDefault(&o.Provider, "builtin")
	setDefault(&o.Attempts, 10)
	setDefault(&o.Backoff, 100*time.Millisecond)
	if o.Leases == nil {
		o.Leases = alone{}
	}
	if o.Listener == nil {
		o.Listener = nobody{}
	}
	if o.OnStep == nil {
		o.OnStep = func(string) error { return nil }
	}
}

// setDefault sets a field that has its zero value.
func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// How often a step on the store is tried, for how long.
const (
	tries       = 6
	stepTimeout = 30 * time.Second
	maxBackoff  = 2 * time.Second
)

// Runner works the duties off; see the package comment. Make one with NewRunner and
// call Run once.
type Runner struct {
	RunnerOptions
	lanes *lanes
	// leasing says whether the leases can be asked now.
	leasing breaker
	// quiet are the duties of others that were seen without leases.
	quiet quiet
}

// NewRunner returns a Runner that does nothing until Run.
func NewRunner(o RunnerOptions) *Runner {
	o.setDefaults()
	o.Logger = o.Logger.With().Str("component", "agents").Logger()
	o.Agents.lanes.share(o.Hints != nil)
	return &Runner{RunnerOptions: o, lanes: o.Agents.lanes}
}

// Run works until ctx ends. Then it begins no more turns; those under way get Drain
// to finish, after which their models are canceled: a turn without an outcome is left
// to the other processes, or to the next start. It returns when all of them have ended.
func (r *Runner) Run(ctx context.Context) error {
	hard, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(r.Drain):
			cancel()
		case <-hard.Done():
		}
	})
	defer stop()

	over, end := context.WithCancel(context.WithoutCancel(ctx)) // when the last turn has ended
	defer end()
	var workers, group sync.WaitGroup
	for range r.Workers {
		workers.Go(func() { r.work(ctx, hard) })
	}
	group.Go(func() { r.sweepAlways(ctx) })
	group.Go(func() { r.Agents.obey(over) })
	if r.Hints != nil {
		group.Go(func() { r.putHints(ctx) })
		group.Go(func() { r.takeHints(ctx) })
	}
	if r.Hints != nil {
		group.Go(func() { r.handOverAlways(ctx, over) })
	}
	workers.Wait() // until then turns can be stopped
	end()
	group.Wait()
	return nil
}

// work serves lanes until ctx ends; the turn at hand may go on until hard ends.
func (r *Runner) work(ctx, hard context.Context) {
	for {
		key, ok := r.lanes.take(ctx)
		if !ok {
			return
		}
		r.serve(hard, key)
	}
}

// serve does the oldest duty of a lane, if this process gets its lease, and gives the lane
// back. After a failure the lane is left to the next sweep, which keeps a broken store from
// being asked all the time.
func (r *Runner) serve(ctx context.Context, key Lane) {
	held, err := r.hold(ctx, key)
	if domain.IsCode(err, domain.Conflict) {
		r.lanes.park(key, r.Leases.TTL())
		return
	}
	if err == nil && held.lease == nil && !r.mayGuess(ctx, key) {
		r.lanes.drop(key)
		return
	}
	served, err := r.serveHeld(held.ctx, key)
	held.release()
	more := served
	if err == nil && r.Leases.TTL() > 0 { // who was refused the lease meanwhile relies on this look
		more, err = r.owes(ctx, key)
	}
	switch {
	case ctx.Err() != nil: // it is handed over, or left to the next start
		r.lanes.done(key, true)
	case err != nil:
		r.lanes.drop(key)
	default:
		r.finish(ctx, key, more)
	}
}

// serveHeld does the oldest duty of a lane; served is false if there is none.
func (r *Runner) serveHeld(ctx context.Context, key Lane) (served bool, err error) {
	m, err := r.nextDuty(ctx, key)
	if domain.IsCode(err, domain.NotFound) {
		return false, nil
	}
	if err != nil {
		if ctx.Err() == nil {
			r.unread(key, err)
		}
		return false, err
	}
	return true, r.workOn(ctx, key, m)
}

// owes tells whether there is a duty in a lane.
func (r *Runner) owes(ctx context.Context, key Lane) (bool, error) {
	_, err := r.nextDuty(ctx, key)
	if domain.IsCode(err, domain.NotFound) {
		return false, nil
	}
	if err != nil && ctx.Err() == nil {
		r.unread(key, err)
	}
	return err == nil, err
}

// unread says that duties cannot be read.
func (r *Runner) unread(key Lane, err error) {
	a, _ := r.Agents.agent(key.Agent)
	r.Logger.Warn().Err(err).Str("agentName", a.Character.Name).Str("agentId", string(key.Agent)).
		Str("roomId", string(key.Channel)).Msg("duties cannot be read")
}

// workOn does a duty.
func (r *Runner) workOn(ctx context.Context, key Lane, m messaging.Message) error {
	ctx, span := trace.InMessage(ctx, r.Tracer, m.ID, "turn", trace.Consumer, trace.Text("parley.agent", key.Agent),
		trace.Text("parley.channel", key.Channel), trace.Text("parley.message", m.ID))
	t, began := r.newTurn(ctx, key, m), r.Now()
	t.span = span
	err := t.run(ctx)
	t.report(ctx, err)
	t.endSpan(err)
	r.observe(began, err)
	return err
}

// nextDuty asks the store for the oldest duty of a lane.
func (r *Runner) nextDuty(ctx context.Context, key Lane) (m messaging.Message, err error) {
	err = r.retry(ctx, func(ctx context.Context) error {
		m, err = r.Store.NextDuty(ctx, key.Agent, key.Channel)
		return err
	})
	return m, err
}

// retry calls step until it succeeds, fails for good, has failed often enough, or ctx
// ends. It pauses longer after each failure.
func (r *Runner) retry(ctx context.Context, step func(context.Context) error) error {
	pause := r.Backoff
	for try := 1; ; try++ {
		err := r.once(ctx, step)
		if err == nil || !passing(err) || try == tries {
			return err
		}
		jitter := time.Duration(rand.Int64N(int64(pause)/2 + 1)) //nolint:gosec // it only spreads retries
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause + jitter):
		}
		pause = min(2*pause, maxBackoff)
	}
}

// once calls step with a bound on its time.
func (r *Runner) once(ctx context.Context, step func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	return step(ctx)
}

// passing reports whether an error may be gone at the next try.
func passing(err error) bool {
	switch domain.AsError(err).Code { //nolint:exhaustive // all other codes stay as they are
	case domain.Unavailable, domain.Timeout, domain.Internal, domain.RateLimited:
		return true
	default:
		return false
	}
}
