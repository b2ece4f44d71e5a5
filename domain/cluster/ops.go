package cluster

import (
	"context"
	"math"

	"parley/domain"
	"parley/domain/op"
)

// Service answers questions about the cluster. It is safe for concurrent use.
type Service struct {
	members  *Members
	degraded func() bool
	load     func() Load
	now      domain.Clock
}

// NewService returns a service about members. degraded tells whether Redis does not answer,
// nil says that there is none; load tells how busy this replica is.
func NewService(members *Members, degraded func() bool, load func() Load, now domain.Clock) *Service {
	return &Service{members: members, degraded: degraded, load: load, now: now}
}

// Ops declares the operations of this package.
func Ops(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "system:cluster", Help: "Returns the replicas that serve together, and how busy they are.",
		Events: []string{"cluster"}, Routes: []string{"GET /api/system/cluster"}, Access: op.Admin, Dual: true, Example: Request{},
	}, s.Cluster)
}

// Request has no fields.
type Request struct{}

// The states of Redis.
const (
	redisUp   = "up"
	redisDown = "down"
	redisNone = "none"
)

// View answers system:cluster.
type View struct {
	// Replica is the name of the one that answers.
	Replica string `json:"replica"`
	// Redis is up, down, or none for a server that is alone.
	Redis string `json:"redis"`
	// Degraded says that Redis does not answer: each replica goes on alone.
	Degraded bool `json:"degraded"`
	// Stale says that the members are those that were known last.
	Stale bool `json:"stale"`
	// Members are the replicas by their names.
	Members []Replica `json:"members"`
	// Count is how many there are.
	Count int `json:"count"`
}

// Replica is a member as it is shown.
type Replica struct {
	// Name is unique in the cluster.
	Name string `json:"name"`
	// Self marks the one that answers.
	Self bool `json:"self"`
	// Version is that of its program.
	Version string `json:"version"`
	// Address is where other replicas reach it, "" for a server that is alone.
	Address string `json:"address"`
	// StartedAt is when its process began.
	StartedAt string `json:"startedAt"`
	// Uptime is how long ago that is, in seconds.
	Uptime float64 `json:"uptime"`
	// Draining says that it is about to leave.
	Draining bool `json:"draining"`
	// Load is how busy it was when it was heard last.
	Load Load `json:"load"`
}

// Cluster returns the replicas that serve together.
func (s *Service) Cluster(context.Context, domain.Actor, Request) (View, error) {
	members, stale := s.members.List()
	self := s.members.Self()
	v := View{Replica: self.Name, Redis: redisNone, Stale: stale, Members: []Replica{}, Count: len(members)}
	if s.degraded != nil {
		v.Redis, v.Degraded = redisUp, s.degraded()
		if v.Degraded {
			v.Redis = redisDown
		}
	}
	for _, m := range members {
		if m.Name == self.Name {
			m.Load = s.load()
		}
		m.Load.CPU = math.Round(1000*m.Load.CPU) / 1000
		v.Members = append(v.Members, Replica{
			Name: m.Name, Self: m.Name == self.Name, Version: m.Version, Address: m.Address, Draining: m.Draining, Load: m.Load,
			StartedAt: domain.ISO(m.Started.Time), Uptime: math.Round(1000*max(0, s.now().Sub(m.Started.Time).Seconds())) / 1000,
		})
	}
	return v, nil
}
