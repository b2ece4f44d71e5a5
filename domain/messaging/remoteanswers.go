package messaging

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/google/uuid"

	"parley/domain"
	"parley/domain/bus"
)

// The topic of answers that callers wait for in other processes, and its bounds.
const (
	answersTopic = "answers"
	// maxElsewhere is how many messages are remembered that others follow; of more the
	// followers find the answers in the store.
	maxElsewhere = 10_000
	// elsewhereFor is how long they are remembered at most: longer than anybody waits.
	elsewhereFor = 10 * time.Minute
	// answersQueue is how many notes wait for the bus.
	answersQueue = 1024
	// answersPoll is how often the store is asked about messages that are followed, for what
	// came of them where the bus did not tell.
	answersPoll = 2 * time.Second
	// answersTimeout bounds the telling of one note, lookTimeout one look into the store.
	answersTimeout = 500 * time.Millisecond
	lookTimeout    = 2 * time.Second
)

// answerNote is a note of the topic.
type answerNote struct {
	Do       string           `json:"do"`
	From     string           `json:"from"`
	Question domain.MessageID `json:"question"`
	Heard    *Heard           `json:"heard,omitempty"`
}

// What a note says.
const (
	answersFollow   = "follow"
	answersUnfollow = "unfollow"
	answersHeard    = "heard"
)

// remoteAnswers brings what becomes of messages to the processes where callers follow them,
// and only there. nil is ready, and has no other processes. Safe for concurrent use.
type remoteAnswers struct {
	bus  bus.Bus
	self string
	out  chan answerNote

	mu sync.Mutex
	// elsewhere are the messages that other processes follow, with the time of their word.
	elsewhere map[domain.MessageID]time.Time
}

// newRemoteAnswers returns the connection over a bus, nil without one.
func newRemoteAnswers(b bus.Bus) *remoteAnswers {
	if b == nil {
		return nil
	}
	return &remoteAnswers{bus: b, self: uuid.NewString(), out: make(chan answerNote, answersQueue), elsewhere: map[domain.MessageID]time.Time{}}
}

// publish hands a note to the bus. What is lost the followers find in the store.
func (r *remoteAnswers) publish(n answerNote) {
	n.From = r.self
	payload, err := json.Marshal(n)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), answersTimeout)
	defer cancel()
	_ = r.bus.Publish(ctx, answersTopic, payload)
}

// later publishes a note in its turn, unless too many wait.
func (r *remoteAnswers) later(n answerNote) {
	select {
	case r.out <- n:
	default:
	}
}

// follow tells the others that somebody here follows a message; it returns when that is on
// its way.
func (r *remoteAnswers) follow(question domain.MessageID) {
	if r != nil {
		r.publish(answerNote{Do: answersFollow, Question: question})
	}
}

// unfollow tells the others that nobody here follows a message any more.
func (r *remoteAnswers) unfollow(question domain.MessageID) {
	if r != nil {
		r.later(answerNote{Do: answersUnfollow, Question: question})
	}
}

// tell tells the others what becomes of a message, if one of them follows it.
func (r *remoteAnswers) tell(question domain.MessageID, h Heard) {
	if r == nil {
		return
	}
	r.mu.Lock()
	_, followed := r.elsewhere[question]
	r.mu.Unlock()
	if followed {
		r.later(answerNote{Do: answersHeard, Question: question, Heard: &h})
	}
}

// note notes that another process follows a message.
func (r *remoteAnswers) note(question domain.MessageID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.elsewhere) >= maxElsewhere {
		for id, at := range r.elsewhere {
			if time.Since(at) > elsewhereFor {
				delete(r.elsewhere, id)
			}
		}
	}
	if len(r.elsewhere) < maxElsewhere {
		r.elsewhere[question] = time.Now()
	}
}

// forget notes that another process does not follow a message any more. A second one that
// does finds the answer in the store.
func (r *remoteAnswers) forget(question domain.MessageID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.elsewhere, question)
}

// hearAnswers lets callers here hear of answers in other processes until ctx ends.
func (s *Service) hearAnswers(ctx context.Context) {
	r := s.answers.remote
	if r == nil {
		return
	}
	cancel := r.bus.Subscribe(answersTopic, bus.Subscriber{Receive: func(payload []byte) {
		var n answerNote
		if json.Unmarshal(payload, &n) != nil || n.From == r.self {
			return
		}
		switch {
		case n.Do == answersFollow:
			r.note(n.Question)
		case n.Do == answersUnfollow:
			r.forget(n.Question)
		case n.Heard != nil:
			s.answers.tellHere(n.Question, *n.Heard)
		}
	}})
	defer cancel()
	poll := time.NewTicker(answersPoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-r.out:
			r.publish(n)
		case <-poll.C:
			s.lookForAnswers(ctx)
		}
	}
}

// lookForAnswers tells callers here that nothing more comes where the store says so.
func (s *Service) lookForAnswers(ctx context.Context) {
	for _, question := range s.answers.followed() {
		looked, cancel := context.WithTimeout(ctx, lookTimeout)
		m, err := s.store.Lookup(looked, question)
		cancel()
		if domain.IsCode(err, domain.NotFound) {
			continue // it is on its way into the store
		}
		if err != nil {
			return // the next look may find more
		}
		if len(m.Awaiting) == 0 {
			s.answers.tellHere(question, Heard{Completed: &Completion{ChannelID: m.ChannelID, ServerID: m.ServerID, MessageID: m.ID}})
		}
	}
}
