package app

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parley/cmd/internal/tracing"
	"parley/domain"
	"parley/domain/agents"
	"parley/domain/audio"
	"parley/domain/cluster"
	"parley/domain/documents"
	"parley/domain/media"
	"parley/domain/memory"
	"parley/domain/messaging"
	"parley/domain/models/builtin"
	"parley/domain/op"
	"parley/domain/presence"
	"parley/domain/system"
	"parley/realtime"
	"parley/rest"
	"parley/storage/mongo"
	"parley/storage/sqlite"
	"parley/web"
)

// pacesPerAnswer bounds how long the built-in model writes: an answer of more words than that
// has shorter pauses.
const pacesPerAnswer = 60

// textProvider is who offers the model that writes.
const textProvider = "builtin"

// openStore opens MongoDB if it is named, else the embedded store below the data folder.
func (a *App) openStore(ctx context.Context, _ Options) error {
	var err error
	if a.cfg.MongoURI != "" {
		a.store, err = mongo.Open(ctx, mongo.Options{URI: a.cfg.MongoURI, Logger: a.log, Now: a.now})
		if err != nil {
			return fmt.Errorf("%w (MONGODB_URI names another database)", err)
		}
	} else {
		a.store, err = sqlite.Open(ctx, sqlite.Options{Dir: a.cfg.DataDir, Logger: a.log})
		if err != nil {
			return fmt.Errorf("%w (PARLEY_DATA_DIR chooses another folder)", err)
		}
	}
	if a.tracing != nil {
		tracing.Stores(a.store)
	}
	return nil
}

// buildServices builds the domain on the store, and the gateway that it announces to.
func (a *App) buildServices(ctx context.Context, o Options) error {
	var err error
	a.presence = a.newPresence()
	a.gateway, err = realtime.New(realtime.Options{
		Identity: a.identity, Logs: a.logs, Presence: a.presence, Now: a.now, Logger: a.log,
		EventRate: a.cfg.SocketRate, EventBurst: a.cfg.SocketBurst, ControlMessages: a.cfg.ControlMessages,
		LegacyLogEvents: a.cfg.LegacyLogEvents,
		AllowOrigin:     a.allowOrigin(), Proxies: a.cfg.TrustProxy, ConnectRate: a.cfg.ConnectRate, Limits: a.shared.limits,
		Bus: a.shared.bus, Sessions: a.shared.sessions, Replica: a.connectionName(), Tracer: a.tracer(), Joins: func(j memory.Join) { a.memory.Joined(j) },
	})
	if err != nil {
		return err
	}
	roster := messaging.NewRoster(a.store.Messaging, a.shared.caches)
	if err := a.buildAgents(roster); err != nil {
		return err
	}
	if err := a.agents.Load(ctx); err != nil {
		return err
	}
	a.memory = memory.New(memory.Options{Store: a.store.Memory, Agents: a.agents, Log: a.store.Messaging, RoomLogs: a.journal, Watcher: a.gateway,
		Caches: a.shared.caches, Now: a.now, Logger: a.log})
	if err := a.buildMedia(); err != nil {
		return err
	}
	model := builtin.New(builtin.Options{Pace: a.cfg.BuiltinPace, Max: pacesPerAnswer * a.cfg.BuiltinPace})
	a.messaging = messaging.New(messaging.Options{
		Store: a.media.Noting(a.store.Messaging), Announcer: a.gateway, Signals: a.gateway, Duties: a.agents,
		Caches: a.shared.caches, Bus: a.shared.bus, Now: a.now, Roster: roster, Agents: a.agents, Titles: model, Dependents: checked[messaging.Dependents](o.OnDeletion, a.journal, a.memory, a.media),
	})
	a.media.SetMembers(a.messaging)
	a.runner = agents.NewRunner(agents.RunnerOptions{
		Agents: a.agents, Store: a.store.Agents, Log: a.store.Messaging, Channels: a.messaging,
		Signals: hearing{a.gateway, a.messaging.Answers()}, Listener: a.gateway, Model: countedText{Text: model, provider: textProvider, calls: a.metrics.models}, Memories: a.memory,
		Observe: a.metrics.observeTurn, Now: a.now, Logger: a.log,
		Respond: agents.RespondOptions{Types: a.cfg.BypassTypes, Sources: a.cfg.BypassSources, ChainLimit: a.cfg.AgentChain},
		Workers: a.cfg.AgentWorkers, TurnTimeout: a.cfg.TurnTimeout, Drain: a.cfg.DrainTimeout / 2,
		OnStep: o.OnTurnStep, Tracer: a.tracer(), Journal: a.journal, Provider: textProvider, Leases: a.shared.leases, Hints: a.shared.hints,
	})
	a.remover = agents.NewRemover(agents.RemoverOptions{
		Agents: a.agents, Store: a.store.Agents, Logs: a.store.AgentLogs, Owners: checked[agents.Owner](o.OnDeletion, a.messaging, a.memory, a.media), Logger: a.log,
		Leases: a.shared.leases,
	})
	a.buildSystem(o)
	return nil
}

// buildSystem builds what tells about the server itself.
func (a *App) buildSystem(o Options) {
	a.system = system.New(system.Options{
		Version: o.Version, AppVersion: a.cfg.AppVersion, Environment: a.cfg.Environment,
		Agents: a.agents, Store: a.store, NoAgentsStatus: a.cfg.NoAgentsStatus, Now: a.now,
		Logs: a.logs, Servers: a.messaging, Inspector: &inspector{app: a}, Env: a.cfg.EnvFile(), Stop: a.stopSoon,
		AuthMode: string(a.identity.Mode()), SocketAuth: a.cfg.SocketAuth, WebUI: a.cfg.UI, Database: a.driver(),
		Models: system.Models{Text: textProvider},
		Limits: system.Limits{JSONBody: a.cfg.MaxPayload, MessageText: messaging.MaxContent,
			APIRequests: a.cfg.APIRate, APIWindowSeconds: a.cfg.APIWindow.Seconds(),
			SocketEvents: a.cfg.SocketRate, SocketBurst: a.cfg.SocketBurst,
			AgentWorkers: a.cfg.AgentWorkers, TurnSeconds: a.cfg.TurnTimeout.Seconds()},
		Degraded:        a.degraded(),
		AllowRemoteStop: a.cfg.RemoteStop, AllowRemoteEnv: a.cfg.RemoteEnv, MetricsOpen: a.cfg.MetricsEnabled,
	})
}

// buildAgents builds what knows the agents, and what makes agents at the start.
func (a *App) buildAgents(roster *messaging.Roster) error {
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	stored := []string{filepath.Join(cwd, ".eliza", "data", "characters"), filepath.Join(absolute(cwd, a.cfg.DataDir), "characters")}
	library := agents.Library{Cwd: cwd}
	for _, dir := range a.cfg.CharacterDirs {
		library.Dirs = append(library.Dirs, absolute(cwd, dir))
	}
	library.Dirs = append(library.Dirs, stored...)
	if a.cfg.RemoteCharacters {
		library.Remote = agents.NewFetcher(agents.FetcherOptions{})
	}
	a.agents = agents.NewService(agents.ServiceOptions{
		Store: a.store.Agents, Watcher: a.gateway, Servers: roster, Now: a.now, Logger: a.log,
		Caches: a.shared.caches, Bus: a.shared.bus,
		Salt: a.cfg.SecretSalt, Env: a.cfg.Variables(), Library: library,
	})
	a.journal = agents.NewJournal(agents.JournalOptions{Store: a.store.AgentLogs, Log: a.store.Messaging, Agents: a.agents, Now: a.now, Logger: a.log})
	if !a.cfg.CharacterStorage {
		stored = nil
	}
	a.importer = agents.NewImporter(agents.ImporterOptions{Agents: a.agents, Dirs: stored, URLs: a.cfg.CharacterURLs, Logger: a.log})
	return nil
}

// absolute is a path that counts from a folder.
func absolute(from, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(from, path)
}

// seed makes what always exists, and at the very first start something to talk to.
func (a *App) seed(ctx context.Context, _ Options) error {
	first, err := a.messaging.EnsureDefaults(ctx)
	if err == nil && first && a.cfg.Seed {
		err = a.seedFirst(ctx)
	}
	if err != nil {
		return err
	}
	return a.agents.JoinDefault(ctx)
}

// seedFirst makes something to talk to.
func (a *App) seedFirst(ctx context.Context) error {
	agent, err := a.seedAgent(ctx, "eliza", true)
	if err != nil {
		return err
	}
	// A second one to start, for who wants to see several in one channel.
	if _, err := a.seedAgent(ctx, "example", false); err != nil {
		return err
	}
	now := a.now().UTC().Truncate(time.Millisecond)
	_, err = a.messaging.EnsureChannel(ctx, messaging.Channel{
		ID: domain.StringToUUID[domain.ChannelID]("parley:lobby"), ServerID: domain.DefaultServer, Name: "Lobby",
		Type: messaging.TypeGroup, SourceType: "parley", CreatedAt: now, UpdatedAt: now,
		Metadata:     domain.Metadata{"source": []byte(`"client_group_chat"`)},
		Participants: []domain.EntityID{domain.EntityID(agent.ID)},
	})
	return err
}

// seedAgent makes an agent of a built-in character, running or not.
func (a *App) seedAgent(ctx context.Context, character string, runs bool) (agents.Agent, error) {
	c, err := agents.Builtin(character)
	if err != nil {
		return agents.Agent{}, err
	}
	return a.agents.Seed(ctx, c, runs)
}

// buildDoors binds the operations to both doors and joins them on one port.
func (a *App) buildDoors(_ context.Context, o Options) error {
	a.registry = op.NewRegistry(op.Options{Logger: a.log.With().Str("component", "op").Logger(),
		Now: a.now, Observe: a.metrics.observe, Tracer: a.tracer(), Membership: a.messaging.TakesPart})
	messaging.Ops(a.registry, a.messaging)
	presence.Ops(a.registry, a.presence)
	agents.Ops(a.registry, a.agents, a.runner, a.journal)
	memory.Ops(a.registry, a.memory)
	system.Ops(a.registry, a.system)
	media.Ops(a.registry, a.media)
	audio.Ops(a.registry, audio.New(audio.Options{Agents: agentStates{a.agents}}))
	cluster.Ops(a.registry, cluster.NewService(a.members, a.degraded(), a.load, a.now))
	a.gateway.Bind(a.registry, a.messaging)
	if err := a.link(); err != nil {
		return err
	}
	a.metrics.watchSockets(a.gateway.Stats)
	a.metrics.gauge("parley_background_work", "Work that no caller waits for: turns and removals of agents, entries of their logs, joins.",
		func() float64 { return float64(a.Backlog()) })
	a.metrics.watchGateway(a.gateway.Counts, a.logs.Dropped)
	a.metrics.watchStore(a.store.Stats)

	documents.Ops(a.registry, documents.New(documents.Options{Registry: a.registry, Version: o.Version}))

	files, err := a.webFiles()
	if err != nil {
		return err
	}
	api, err := rest.New(rest.Options{
		Registry: a.registry, Identity: a.identity, Logger: a.log, Files: files, UI: a.cfg.UI, ForeignUI: a.cfg.WebDir != "",
		Metrics: a.metrics.handler(), Profiles: profiles(), MetricsEnabled: a.cfg.MetricsEnabled, Production: a.cfg.Environment == "production",
		MaxBody: a.cfg.MaxPayload, UploadDir: a.files.Spool(), Blobs: a.served, Origins: a.cfg.Origins, APIOrigins: a.cfg.APIOrigins,
		Proxies: a.cfg.TrustProxy, RateLimit: a.cfg.APIRate, RateWindow: a.cfg.APIWindow, Now: a.now,
		UploadLimit: a.cfg.UploadRate, FileLimit: a.cfg.FileRate, ChannelMediaLimit: a.cfg.MediaRate, Limits: a.shared.limits,
		Draining: a.draining, Observe: a.metrics.observeRequest, Tracer: a.tracer(),
	})
	if err != nil {
		return err
	}
	a.http = &http.Server{
		Handler:           doors(a.sockets(), api),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	return nil
}

// sockets serves the Engine.IO endpoint.
func (a *App) sockets() http.Handler {
	if a.redis != nil {
		return a.shared.relay
	}
	return a.gateway
}

// doors sends the Engine.IO endpoint to the gateway and everything else to REST.
func doors(gateway, api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/socket.io" || strings.HasPrefix(r.URL.Path, "/socket.io/") {
			gateway.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// webFiles are the files of the web client: the embedded ones, or another build.
func (a *App) webFiles() (fs.FS, error) {
	if a.cfg.WebDir == "" {
		return web.Files(), nil
	}
	info, err := os.Stat(a.cfg.WebDir)
	if err != nil {
		return nil, fmt.Errorf("PARLEY_WEB_DIR: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("PARLEY_WEB_DIR: %s is not a folder", a.cfg.WebDir)
	}
	return os.DirFS(a.cfg.WebDir), nil
}
