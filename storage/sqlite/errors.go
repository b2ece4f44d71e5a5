package sqlite

import (
	"context"
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"parley/domain"
)

// What could not be done, as people are told.
const (
	messageNotStored = "The message could not be stored"
	changeNotStored  = "The change could not be stored"
	notRead          = "The data could not be read"
)

// errClosed answers everything that comes after Close.
var errClosed = domain.Errorf(domain.Unavailable, "The store is closed")

// translate turns an error of the driver into a domain error whose message starts
// with what. Domain errors and those of a context stay as they are.
func translate(err error, what string) error {
	var known *domain.Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	reason := fault(primary(err))
	if reason == "" {
		return domain.Wrap(domain.Internal, err, what)
	}
	return domain.Wrap(domain.Unavailable, err, what+": "+reason)
}

// fault tells people why the database cannot answer now, by SQLite's primary code; ""
// if the code is none that passes.
func fault(code int) string {
	switch code {
	case sqlite3.SQLITE_FULL:
		return "no space left on the data disk"
	case sqlite3.SQLITE_READONLY:
		return "the data folder is read-only"
	case sqlite3.SQLITE_IOERR:
		return "the data disk reports an error"
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return "the database cannot be opened"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return "the database is locked by another program"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return "the database is damaged"
	case sqlite3.SQLITE_NOMEM:
		return "out of memory"
	default:
		return ""
	}
}

// primary is SQLite's primary result code of err, 0 if it does not come from there.
func primary(err error) int {
	var from *sqlite.Error
	if errors.As(err, &from) {
		return from.Code() & 0xff
	}
	return 0
}

// rowFault reports whether err concerns one statement only, after which the
// transaction can go on.
func rowFault(err error) bool {
	switch primary(err) {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH:
		return true
	default:
		return false
	}
}
