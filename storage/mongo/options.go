package mongo

import (
	"cmp"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"parley/domain"
)

// The limits of waiting. What the server is asked for is small: it takes longer only where
// something is wrong.
const (
	// connectTime bounds the making of a connection.
	connectTime = 5 * time.Second
	// selectTime is how long an operation waits for a primary: an election takes less.
	selectTime = 5 * time.Second
	// operationTime bounds one call of a port.
	operationTime = 15 * time.Second
)

// standardDatabase is the database where the URI names none.
const standardDatabase = "parley"

// Options of a store.
type Options struct {
	// URI tells where the deployment is, as MongoDB's connection strings do. What it says
	// of the pool, of time-outs and of TLS holds; read and write concerns are the store's.
	URI domain.Secret
	// Database is the database's name; "" means the one of the URI, else parley.
	Database string
	// Logger hears of what goes wrong at start and at the end.
	Logger zerolog.Logger
	// Now tells the time; nil means time.Now.
	Now domain.Clock
	// Queue is how many writes can wait before senders have to; 0 means 1024.
	Queue int
	// Pool is how many connections are open at most, unless the URI says so; 0 means 64.
	Pool uint64

	// monitor hears all commands; nil for none.
	monitor *event.CommandMonitor
}

// setDefaults fills in what is zero.
func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Queue = cmp.Or(max(o.Queue, 0), 1024)
	o.Pool = cmp.Or(o.Pool, 64)
}

// client is the driver's options. The error says nothing of the URI, which may hold a
// password.
func (o *Options) client() (*options.ClientOptions, error) {
	c := options.Client().SetConnectTimeout(connectTime).SetServerSelectionTimeout(selectTime).SetMaxPoolSize(o.Pool).
		SetAppName("parley").ApplyURI(o.URI.Reveal())
	if c.Validate() != nil {
		return nil, domain.Errorf(domain.Invalid, "The URI of MongoDB cannot be used: it must look like "+
			"mongodb://user:password@host:27017/database, with what is special in the password percent-encoded")
	}
	journal := true
	majority := writeconcern.Majority()
	majority.Journal = &journal
	c.SetWriteConcern(majority).SetReadConcern(readconcern.Majority()).SetReadPreference(readpref.Primary())
	return c.SetMonitor(o.monitor), nil
}

// database is the name of the database.
func (o *Options) database() string {
	_, rest, _ := strings.Cut(o.URI.Reveal(), "://")
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		rest = rest[at+1:]
	}
	_, name, _ := strings.Cut(rest, "/")
	name, _, _ = strings.Cut(name, "?")
	return cmp.Or(o.Database, name, standardDatabase)
}
