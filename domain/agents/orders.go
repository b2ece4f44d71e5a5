package agents

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/google/uuid"

	"parley/domain"
	"parley/domain/bus"
)

// The topic of orders about turns, and their bounds.
const (
	ordersTopic = "agents"
	// maxOrders is how many withdrawals wait to be told; of more some are lost, and their
	// turns end only when they look whether their question is still there.
	maxOrders = 256
	// stopWait is how long a stop waits for the process that works on the turn.
	stopWait = time.Second
	// orderTimeout bounds the telling of an order.
	orderTimeout = 2 * time.Second
)

// directive is what one process asks the others to do with their turns, or the answer to it.
type directive struct {
	Do   string `json:"do"`
	From string `json:"from"`
	To   string `json:"to,omitempty"`
	N    uint64 `json:"n,omitempty"`

	Channel domain.ChannelID `json:"channel,omitempty"`
	// Message restricts a stop as StopRequest does.
	Message domain.MessageID `json:"message,omitempty"`
	// First and Last number the messages that are withdrawn.
	First int64 `json:"first,omitempty"`
	Last  int64 `json:"last,omitempty"`
	// Seen are the turns under way that a stop was about, Stopped those that it has ended.
	Seen    []TurnID `json:"seen,omitempty"`
	Stopped []TurnID `json:"stopped,omitempty"`
}

// What an order says.
const (
	orderWithdraw = "withdraw"
	orderStop     = "stop"
	orderStopped  = "stopped"
)

// orders are sent to the other processes and heard from them. Safe for concurrent use.
type orders struct {
	bus  bus.Bus
	self string
	// waiting are those that are told by and by.
	waiting chan directive

	mu    sync.Mutex
	last  uint64
	asked map[uint64]chan directive
}

// newOrders returns orders over a bus, nil if there is none.
func newOrders(b bus.Bus) *orders {
	if b == nil {
		return nil
	}
	return &orders{bus: b, self: uuid.NewString(), waiting: make(chan directive, maxOrders), asked: map[uint64]chan directive{}}
}

// tell hands an order to the bus.
func (o *orders) tell(ctx context.Context, what directive) error {
	what.From = o.self
	payload, err := json.Marshal(what)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	return o.bus.Publish(ctx, ordersTopic, payload)
}

// tellLater tells an order soon, or never if there are too many.
func (o *orders) tellLater(what directive) {
	if o == nil {
		return
	}
	select {
	case o.waiting <- what:
	default:
	}
}

// ask tells an order and returns what answers come from, and what ends that.
func (o *orders) ask(ctx context.Context, what directive) (answers <-chan directive, end func(), err error) {
	heard := make(chan directive, bus.MaxPeers)
	o.mu.Lock()
	o.last++
	what.N = o.last
	o.asked[what.N] = heard
	o.mu.Unlock()
	end = func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.asked, what.N)
	}
	return heard, end, o.tell(ctx, what)
}

// answered hands an answer to who has asked.
func (o *orders) answered(a directive) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if heard := o.asked[a.N]; heard != nil && a.To == o.self {
		select {
		case heard <- a:
		default:
		}
	}
}

// obey does what other processes order, and tells them this one's orders, until ctx ends.
func (s *Service) obey(ctx context.Context) {
	if s.orders == nil {
		return
	}
	cancel := s.orders.bus.Subscribe(ordersTopic, bus.Subscriber{Receive: func(payload []byte) {
		var o directive
		if json.Unmarshal(payload, &o) == nil && o.From != s.orders.self {
			s.carryOut(ctx, o)
		}
	}})
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-s.orders.waiting:
			if err := s.orders.tell(ctx, o); err != nil && ctx.Err() == nil {
				s.log.Debug().Err(err).Msg("other replicas do not hear of a withdrawal")
			}
		}
	}
}

// carryOut does what one order says.
func (s *Service) carryOut(ctx context.Context, o directive) {
	switch o.Do {
	case orderWithdraw:
		s.withdraw(o.Channel, o.First, o.Last)
	case orderStop:
		seen, stopped := s.running.stop(StopRequest{ChannelID: o.Channel, MessageID: o.Message})
		if len(seen) == 0 {
			return
		}
		answer := directive{Do: orderStopped, To: o.From, N: o.N, Seen: seen, Stopped: stopped}
		if err := s.orders.tell(ctx, answer); err != nil && ctx.Err() == nil {
			s.log.Debug().Err(err).Msg("who stopped an answer does not hear that it has ended")
		}
	case orderStopped:
		s.orders.answered(o)
	}
}

// Withdraw ends the turns that answer messages of the channel which are gone: those
// numbered first to last, wherever they are worked on. It does not wait for them.
func (s *Service) Withdraw(channel domain.ChannelID, first, last int64) {
	s.withdraw(channel, first, last)
	s.orders.tellLater(directive{Do: orderWithdraw, Channel: channel, First: first, Last: last})
}

// withdraw is Withdraw for the turns of this process.
func (s *Service) withdraw(channel domain.ChannelID, first, last int64) {
	s.running.cancel(errWithdrawn, func(key Lane, u underWay) bool {
		return key.Channel == channel && first <= u.seq && u.seq <= last
	})
}
