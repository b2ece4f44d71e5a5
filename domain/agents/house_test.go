package agents_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/messaging"
	"parley/domain/models"
	"parley/storage"
	"parley/storage/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ann is the human of the tests.
const ann domain.EntityID = "22222222-2222-4222-8222-222222222222"

// house is a server without doors: a store, and what runs on it. A house may be
// entered again (again) as after a restart, or by a second process.
type house struct {
	t         *testing.T
	store     *storage.Set
	agents    *agents.Service
	messaging *messaging.Service
	signals   *signals
	journal   *agents.Journal
	// env is the environment of the next house.
	env map[string]domain.Secret
}

// newHouse opens a store in a temporary folder and makes Eliza active.
func newHouse(t *testing.T) *house {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h := enter(t, store, agents.ServiceOptions{Logger: zerolog.Nop()})
	if _, err := h.messaging.EnsureDefaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.seed("Eliza", true)
	return h
}

// enter builds the services over a store.
func enter(t *testing.T, store *storage.Set, o agents.ServiceOptions) *house {
	t.Helper()
	h := &house{t: t, store: store, signals: &signals{}}
	o.Store, o.Now, o.Watcher = store.Agents, time.Now, h.signals
	h.agents = agents.NewService(o)
	if err := h.agents.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.journal = agents.NewJournal(agents.JournalOptions{Store: store.AgentLogs, Log: store.Messaging, Agents: h.agents, Now: time.Now, Logger: zerolog.Nop()})
	h.messaging = messaging.New(messaging.Options{
		Store: store.Messaging, Announcer: announcer{}, Signals: h.signals, Duties: h.agents, Now: time.Now,
	})
	return h
}

// again is the house after a restart.
func (h *house) again() *house {
	return enter(h.t, h.store, agents.ServiceOptions{Logger: zerolog.Nop(), Env: h.env})
}

// seed makes an agent of a name.
func (h *house) seed(name string, desired bool) domain.AgentID {
	h.t.Helper()
	a, err := h.agents.Seed(h.t.Context(), character(name), desired)
	if err != nil {
		h.t.Fatal(err)
	}
	return a.ID
}

// character is a small character.
func character(name string) agents.Character {
	return agents.Character{ID: domain.StringToUUID[domain.AgentID](name), Name: name, Bio: agents.Bio{Lines: []string{"I am " + name + "."}}}
}

// eliza is the id of the agent that every house has.
var eliza = domain.StringToUUID[domain.AgentID]("Eliza")

// channel makes a channel with Ann and the agents as participants.
func (h *house) channel(kind messaging.ChannelType, members ...domain.AgentID) domain.ChannelID {
	h.t.Helper()
	c := messaging.Channel{
		ID: domain.NewID[domain.ChannelID](), ServerID: domain.DefaultServer, Name: "room", Type: kind,
		CreatedAt: time.Now().UTC(), UpdatedAt: time.Now().UTC(), Participants: []domain.EntityID{ann},
	}
	for _, id := range members {
		c.Participants = append(c.Participants, domain.EntityID(id))
	}
	if _, err := h.messaging.EnsureChannel(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
	return c.ID
}

// say posts a message of Ann's and returns it once it is stored.
func (h *house) say(channel domain.ChannelID, text string) domain.MessageID {
	h.t.Helper()
	type answer struct {
		posted messaging.Posted
		err    error
	}
	answers := make(chan answer, 1)
	h.messaging.Send(h.t.Context(), domain.Actor{Role: domain.Admin}, messaging.SendRequest{
		ChannelID: channel, ServerID: domain.DefaultServer, AuthorID: ann, AuthorName: "Ann", Text: text,
	}, func(p messaging.Posted, err error) { answers <- answer{p, err} })
	a := <-answers
	if a.err != nil {
		h.t.Fatal(a.err)
	}
	page := h.page(channel)
	at := slices.IndexFunc(page, func(m messaging.Message) bool { return m.Content == text })
	if at < 0 {
		h.t.Fatalf("%q is not in the channel", text)
	}
	return page[at].ID
}

// delete removes a message as a person does.
func (h *house) delete(channel domain.ChannelID, id domain.MessageID) {
	h.t.Helper()
	_, err := h.messaging.Delete(h.t.Context(), domain.Actor{Role: domain.Admin}, messaging.DeleteRequest{ChannelID: channel, MessageID: id})
	if err != nil {
		h.t.Fatal(err)
	}
}

// page is the channel's messages, newest first.
func (h *house) page(channel domain.ChannelID) []messaging.Message {
	h.t.Helper()
	page, err := h.store.Messaging.Page(h.t.Context(), messaging.PageQuery{Channel: channel, Limit: 1000})
	if err != nil {
		h.t.Fatal(err)
	}
	return page
}

// replies is the agents' messages of a channel, oldest first.
func (h *house) replies(channel domain.ChannelID) []messaging.Message {
	h.t.Helper()
	all := slices.DeleteFunc(h.page(channel), func(m messaging.Message) bool { return m.SourceType != agents.SourceReply })
	slices.Reverse(all)
	return all
}

// duties is the number of messages that wait for agents.
func (h *house) duties() int {
	h.t.Helper()
	open, err := h.store.Messaging.Duties(h.t.Context(), messaging.DutyCursor{}, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	return len(open)
}

// settle waits until no message waits for an agent and as many completions were
// heard as wanted.
func (h *house) settle(completions int) {
	h.t.Helper()
	eventually(h.t, "all duties are done", func() bool { return h.duties() == 0 })
	eventually(h.t, fmt.Sprintf("%d completions", completions), func() bool { return len(h.signals.completed()) >= completions })
	if got := h.signals.completed(); len(got) != completions {
		h.t.Fatalf("%d completions instead of %d: %+v", len(got), completions, got)
	}
}

// runner is a runner that does not run yet.
func (h *house) runner(model models.Text, adjust ...func(*agents.RunnerOptions)) *agents.Runner {
	o := agents.RunnerOptions{
		Respond: agents.RespondOptions{ChainLimit: 6},
		Agents:  h.agents, Store: h.store.Agents, Log: h.store.Messaging, Channels: h.messaging, Signals: h.signals,
		Model: model, Now: time.Now, Logger: zerolog.Nop(), Journal: h.journal, Backoff: time.Millisecond, Sweep: time.Hour,
	}
	for _, f := range adjust {
		f(&o)
	}
	return agents.NewRunner(o)
}

// run starts a runner and returns what stops it and waits for it.
func (h *house) run(model models.Text, adjust ...func(*agents.RunnerOptions)) (*agents.Runner, func()) {
	h.t.Helper()
	return h.runWith(model, nil, adjust...)
}

// runWith is run with a hook on the steps of turns.
func (h *house) runWith(model models.Text, onStep func(string) error, adjust ...func(*agents.RunnerOptions)) (*agents.Runner, func()) {
	h.t.Helper()
	r := h.runner(model, append(adjust, func(o *agents.RunnerOptions) { o.OnStep = onStep })...)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				h.t.Error(err)
			}
		case <-time.After(time.Minute):
			h.t.Error("the runner does not stop")
		}
	})
	h.t.Cleanup(stop)
	return r, stop
}

// eventually waits for a condition, for a minute at most.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("it never came to this: %s", what)
		case <-poll.C:
		}
	}
}

// announcer brings events to rooms that nobody is in.
type announcer struct{}

// Announce says at once that the event is delivered.
func (announcer) Announce(e messaging.Event) {
	if e.Delivered != nil {
		e.Delivered()
	}
}

// model is a model made of a function; it counts its calls.
type model struct {
	mu    sync.Mutex
	calls int
	reply func(ctx context.Context, p models.Prompt) (models.Completion, error)
	// speak replaces reply by a model that emits on its own.
	speak func(ctx context.Context, p models.Prompt, emit func(string)) (models.Completion, error)
}

// Reply calls the function.
func (m *model) Reply(ctx context.Context, p models.Prompt, emit func(piece string)) (models.Completion, error) {
	m.mu.Lock()
	m.calls++
	m.mu.Unlock()
	if m.speak != nil {
		return m.speak(ctx, p, emit)
	}
	c, err := m.reply(ctx, p)
	emit(c.Text)
	return c, err
}

// called is how often the model was asked.
func (m *model) called() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

// echo answers with what it was told.
func echo() *model {
	return &model{reply: func(_ context.Context, p models.Prompt) (models.Completion, error) {
		return models.Completion{Text: "You said: " + p.Question.Text, Thought: "an echo"}, nil
	}}
}

// stuck answers only when it is let go, or its context ends.
func stuck() (m *model, let chan struct{}) {
	let = make(chan struct{})
	return &model{reply: func(ctx context.Context, p models.Prompt) (models.Completion, error) {
		select {
		case <-let:
			return models.Completion{Text: "Late: " + p.Question.Text}, nil
		case <-ctx.Done():
			return models.Completion{}, ctx.Err()
		}
	}}, let
}

// errKilled stands for the end of the process.
var errKilled = errors.New("killed")
