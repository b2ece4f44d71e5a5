package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/media"
	"parley/domain/memory"
	"parley/domain/messaging"
	"parley/storage"
)

// Store implements the ports on one database.
type Store struct {
	client *mongo.Client
	db     *mongo.Database
	log    zerolog.Logger
	now    domain.Clock
	pool   pool
	lanes  lanes
	stats  stats
	// searching holds a token per search under way.
	searching chan struct{}

	// mu is held for reading while a call is counted in, for writing to close the door.
	mu     sync.RWMutex
	closed bool
	// calls are those that are under way.
	calls sync.WaitGroup
	// sweeping is the sweep of files' contents, which stopSweep ends.
	sweeping  sync.WaitGroup
	stopSweep context.CancelFunc
	// closing is closed when Close begins.
	closing  chan struct{}
	once     sync.Once
	closeErr error
}

// The ports and the backend are what Store is for.
var (
	_ messaging.Store = (*Store)(nil)
	_ agents.Store    = (*Store)(nil)
	_ agents.LogStore = (*Store)(nil)
	_ memory.Store    = (*Store)(nil)
	_ media.Store     = (*Store)(nil)
	_ storage.Backend = (*Store)(nil)
)

// Open connects to the deployment of the options and creates what is missing in the
// database. It fails if no primary answers in time, if an index differs from the one that
// is needed, or if a newer program has written the database. No error tells a password.
// The caller closes the Set.
func Open(ctx context.Context, o Options) (*storage.Set, error) {
	s, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return &storage.Set{Backend: s, Messaging: s, Agents: s, AgentLogs: s, Memory: s, Files: s, Blobs: &Blobs{s: s}, Caps: storage.Caps{Name: "MongoDB", Replicas: true}}, nil
}

// Host is where the URI leads, without credentials, for people.
func Host(uri domain.Secret) string {
	c, err := (&Options{URI: uri}).client()
	if err != nil {
		return ""
	}
	return strings.Join(c.Hosts, ",")
}

// open is Open with the error bare.
func open(ctx context.Context, o Options) (*Store, error) {
	o.setDefaults()
	clientOptions, err := o.client()
	if err != nil {
		return nil, err
	}
	s := &Store{
		log: o.Logger.With().Str("component", "mongo").Logger(), now: o.Now,
		searching: make(chan struct{}, searches), closing: make(chan struct{}),
	}
	s.lanes.init(o.Queue)
	if s.pool.limit = o.Pool; clientOptions.MaxPoolSize != nil {
		s.pool.limit = *clientOptions.MaxPoolSize
	}
	if s.client, err = mongo.Connect(clientOptions.SetPoolMonitor(s.pool.monitor())); err != nil {
		return nil, domain.Errorf(domain.Invalid, "The URI of MongoDB cannot be used")
	}
	s.db = s.client.Database(o.database())
	if err := s.prepareSoon(ctx); err != nil {
		return nil, errors.Join(translate(ctx, err, "The database cannot be used"), s.client.Disconnect(context.WithoutCancel(ctx)))
	}
	sweep, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stopSweep = stop
	s.sweeping.Go(func() { (&Blobs{s: s}).run(sweep) })
	return s, nil
}

// schemaVersion is the form of the documents that this program writes.
const schemaVersion = 1

// schema is the document that tells which form the documents have.
type schema struct {
	ID      string `bson:"_id"`
	Version int    `bson:"version"`
}

// openTime is how long a database that does not answer is waited for at the start: it may be
// starting too.
const openTime = 30 * time.Second

// openPause is how long it is left alone between two tries.
const openPause = 500 * time.Millisecond

// prepareSoon is prepare once the database answers, within openTime.
func (s *Store) prepareSoon(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	again := time.NewTicker(openPause)
	defer again.Stop()
	for told := false; ; told = true {
		err := s.prepare(limited)
		var known *domain.Error
		if err == nil || errors.As(err, &known) || !unreached(err) || hasCode(err, codeAuthentication) || limited.Err() != nil {
			return err
		}
		if !told {
			s.log.Warn().Err(err).Dur("atMost", openTime).Msg("the database does not answer; it is waited for")
		}
		select {
		case <-again.C:
		case <-limited.Done():
			return err
		}
	}
}

// prepare makes the database ready: of our schema, and with all indexes.
func (s *Store) prepare(ctx context.Context) error {
	meta := s.db.Collection("meta")
	_, err := meta.InsertOne(ctx, schema{ID: "schema", Version: schemaVersion})
	if err != nil && !mongo.IsDuplicateKeyError(err) {
		return err
	}
	known, _, err := findOne[schema](ctx, meta, bson.D{{Key: "_id", Value: "schema"}})
	if err != nil {
		return err
	}
	if known.Version > schemaVersion {
		return domain.Errorf(domain.Invalid, "A newer program has written the database: its schema is %d, this program knows %d", known.Version, schemaVersion)
	}
	return ensureIndexes(ctx, s.db, allIndexes())
}

// Ping asks the primary whether it answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, func(ctx context.Context) error { return s.client.Ping(ctx, nil) })
}

// Stats tells how the writing goes.
func (s *Store) Stats() storage.Stats {
	stats := s.stats.read()
	stats.Queued, stats.QueueLimit = s.lanes.waiting()
	s.pool.fill(&stats)
	return stats
}

// Close waits for the writes that were submitted; see storage.Backend.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closing)
		s.stopSweep()
		s.sweeping.Wait()
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.calls.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), operationTime)
		defer cancel()
		if err := s.client.Disconnect(ctx); err != nil {
			s.closeErr = fmt.Errorf("close store: %w", err)
		}
	})
	return s.closeErr
}

// enter counts a call in, so that Close waits for it; leave is to be called when it ends.
func (s *Store) enter() (leave func(), err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, errClosed
	}
	s.calls.Add(1)
	return s.calls.Done, nil
}

// read lets fn ask the database.
func (s *Store) read(ctx context.Context, fn func(context.Context) error) error {
	return s.call(ctx, notRead, fn)
}

// write lets fn change documents; each change must be whole by itself.
func (s *Store) write(ctx context.Context, fn func(context.Context) error) error {
	return s.call(ctx, changeNotStored, fn)
}

// call runs fn for at most operationTime. What begins the message of an error.
func (s *Store) call(ctx context.Context, what string, fn func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	limited, cancel := context.WithTimeout(ctx, operationTime)
	defer cancel()
	return translate(ctx, fn(limited), what)
}

// findOne reads the first document of a query; found is false if there is none.
func findOne[T any](ctx context.Context, c *mongo.Collection, filter any, o ...options.Lister[options.FindOneOptions]) (doc T, found bool, err error) {
	err = c.FindOne(ctx, filter, o...).Decode(&doc)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return doc, false, nil
	}
	return doc, err == nil, err
}

// find reads the documents of a query.
func find[T any](ctx context.Context, c *mongo.Collection, filter any, o ...options.Lister[options.FindOptions]) (list []T, err error) {
	cursor, err := c.Find(ctx, filter, o...)
	if err != nil {
		return nil, err
	}
	err = cursor.All(ctx, &list)
	return list, err
}

// dateOf is the stored form of a time.
func dateOf(t time.Time) bson.DateTime { return bson.DateTime(domain.Millis(t)) }

// timeOf is the time of its stored form.
func timeOf(d bson.DateTime) time.Time { return domain.FromMillis(int64(d)) }
