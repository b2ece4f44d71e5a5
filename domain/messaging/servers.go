package messaging

import (
	"context"
	"maps"
	"slices"

	"parley/domain"
)

// ListServersRequest has no fields.
type ListServersRequest struct{}

// ListServers returns all message servers; to a bound caller the default one and those of
// its channels.
func (s *Service) ListServers(ctx context.Context, a domain.Actor, _ ListServersRequest) (ServerList, error) {
	found, err := s.store.Servers(ctx)
	if err != nil {
		return ServerList{}, err
	}
	own, err := s.ownChannels(ctx, a)
	if err != nil {
		return ServerList{}, err
	}
	if a.Bound {
		found = slices.DeleteFunc(found, func(server Server) bool {
			return server.ID != domain.DefaultServer && !slices.ContainsFunc(own, func(c Channel) bool { return c.ServerID == server.ID })
		})
	}
	rows := make([]ServerRow, len(found))
	for i, server := range found {
		rows[i] = newServerRow(server)
	}
	return ServerList{Servers: rows, MessageServers: rows}, nil
}

// requireServer returns NotFound with the reference's words if there is no such server.
func (s *Service) requireServer(ctx context.Context, id domain.ServerID) error {
	_, err := s.store.Server(ctx, id)
	return serverError(err, id)
}

// serverError says in the reference's words that there is no such server.
func serverError(err error, id domain.ServerID) error {
	if domain.IsCode(err, domain.NotFound) {
		return domain.Errorf(domain.NotFound, "Server %s does not exist", id)
	}
	return err
}

// CreateServerRequest makes a message server.
type CreateServerRequest struct {
	Name       string          `json:"name"`
	SourceType string          `json:"sourceType" alias:"source_type"`
	SourceID   string          `json:"sourceId" alias:"source_id"`
	Metadata   domain.Metadata `json:"metadata"`
}

// Validate returns every fault of the request.
func (r *CreateServerRequest) Validate() error {
	var f domain.Faults
	f.Require("name", r.Name)
	f.Require("sourceType", r.SourceType)
	checkNames(&f, map[string]string{"name": r.Name, "sourceType": r.SourceType, "sourceId": r.SourceID})
	return f.Err()
}

// checkNames notes the texts that cannot be names.
func checkNames(f *domain.Faults, names map[string]string) {
	for _, path := range slices.Sorted(maps.Keys(names)) {
		if fault := checkText(names[path], maxName); fault != "" {
			f.Add(path, "%s", fault)
		}
	}
}

// OneServer answers the operations on one server.
type OneServer struct {
	Server ServerRow `json:"server"`
}

// CreateServer makes a message server. No agent belongs to it yet. Codes: invalid,
// conflict (too many servers), unavailable.
func (s *Service) CreateServer(ctx context.Context, _ domain.Actor, r CreateServerRequest) (OneServer, error) {
	stored, err := s.makeServer(ctx, Server{ID: domain.RandomID[domain.ServerID](), Name: r.Name, SourceType: r.SourceType,
		SourceID: r.SourceID, Metadata: r.Metadata})
	return OneServer{Server: newServerRow(stored)}, err
}

// makeServer stores a server unless its id exists.
func (s *Service) makeServer(ctx context.Context, server Server) (Server, error) {
	if s.roster.full() {
		return Server{}, domain.Errorf(domain.Conflict, "There are %d servers already", maxServers)
	}
	server.CreatedAt = s.stamp()
	server.UpdatedAt = server.CreatedAt
	stored, created, err := s.store.EnsureServer(ctx, server)
	if created {
		s.roster.made(ctx, stored)
	}
	return stored, err
}

// ServerRequest names a message server.
type ServerRequest struct {
	ServerID domain.ServerID `json:"serverId" alias:"messageServerId,server_id,message_server_id"`
}

// Validate returns every fault of the request.
func (r *ServerRequest) Validate() error {
	var f domain.Faults
	f.Require("serverId", string(r.ServerID))
	return f.Err()
}

// ServerView answers servers:get.
type ServerView struct {
	Server       ServerRow        `json:"server"`
	ChannelCount int              `json:"channelCount"`
	Agents       []domain.AgentID `json:"agents"`
}

// GetServer returns one server, with the number of its channels and its agents. Codes:
// not_found (also for a bound caller that has no channel there), unavailable.
func (s *Service) GetServer(ctx context.Context, a domain.Actor, r ServerRequest) (ServerView, error) {
	sees, err := s.sees(ctx, a, r.ServerID)
	if err == nil && !sees {
		err = domain.Errorf(domain.NotFound, "Server %s does not exist", r.ServerID)
	}
	if err != nil {
		return ServerView{}, err
	}
	server, err := s.store.Server(ctx, r.ServerID)
	if err != nil {
		return ServerView{}, serverError(err, r.ServerID)
	}
	n, err := s.store.CountChannels(ctx, ChannelQuery{Server: r.ServerID})
	return ServerView{Server: newServerRow(server), ChannelCount: n, Agents: append([]domain.AgentID{}, server.Agents...)}, err
}

// UpdateServerRequest changes what is given of a server.
type UpdateServerRequest struct {
	ServerID domain.ServerID `json:"serverId" alias:"messageServerId,server_id,message_server_id"`
	Name     *string         `json:"name"`
	// Metadata replaces the values of the keys that it has.
	Metadata domain.Metadata `json:"metadata"`
}

// Validate returns every fault of the request.
func (r *UpdateServerRequest) Validate() error {
	var f domain.Faults
	f.Require("serverId", string(r.ServerID))
	if r.Name != nil {
		f.Require("name", *r.Name)
		checkNames(&f, map[string]string{"name": *r.Name})
	}
	return f.Err()
}

// UpdateServer changes a server's name and metadata. Codes: invalid, not_found, unavailable.
func (s *Service) UpdateServer(ctx context.Context, _ domain.Actor, r UpdateServerRequest) (OneServer, error) {
	stored, err := s.store.UpdateServer(ctx, r.ServerID, func(server Server) (Server, error) {
		if r.Name != nil {
			server.Name = *r.Name
		}
		if len(r.Metadata) > 0 {
			server.Metadata = server.Metadata.Clone()
			for key, value := range r.Metadata {
				server.Metadata[key] = value
			}
		}
		return server, nil
	})
	return OneServer{Server: newServerRow(stored)}, serverError(err, r.ServerID)
}

// CurrentServerRequest has no fields.
type CurrentServerRequest struct{}

// CurrentServer answers servers:current.
type CurrentServer struct {
	MessageServerID domain.ServerID `json:"messageServerId"`
}

// CurrentServer returns the server that this installation stands for: the default one.
func (s *Service) CurrentServer(context.Context, domain.Actor, CurrentServerRequest) (CurrentServer, error) {
	return CurrentServer{MessageServerID: domain.DefaultServer}, nil
}
