package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

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

// errContended answers what has lost against others too often.
var errContended = domain.Errorf(domain.Unavailable, "Too many change the same at once")

// MongoDB's codes of errors that this package tells apart.
const (
	codeDocumentTooLarge = 17420
	codeBSONTooLarge     = 10334
	codeUnauthorized     = 13
	codeAuthentication   = 18
	codeIndexOptions     = 85
	codeIndexKeys        = 86
)

// translate turns an error of the driver into a domain error whose message starts with
// what. Domain errors and those of a caller's context stay as they are. No error of the
// driver tells a password.
func translate(ctx context.Context, err error, what string) error {
	var known *domain.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case hasCode(err, codeUnauthorized), hasCode(err, codeAuthentication):
		return domain.Wrap(domain.Unavailable, err, what+": the database refuses the credentials")
	case hasCode(err, codeDocumentTooLarge), hasCode(err, codeBSONTooLarge):
		return domain.Wrap(domain.TooLarge, err, what+": it is too large for the database")
	case mongo.IsDuplicateKeyError(err):
		return domain.Wrap(domain.Conflict, err, what+": it exists already")
	case unreached(err):
		return domain.Wrap(domain.Unavailable, err, what+": the database does not answer")
	}
	return domain.Wrap(domain.Internal, err, what)
}

// hasCode reports whether the server has answered with a code.
func hasCode(err error, code int) bool {
	var from mongo.ServerError
	return errors.As(err, &from) && from.HasErrorCode(code)
}

// unreached reports whether the server has not answered, or has not carried out what it
// was asked for because of its own state. What was asked for may have been done.
func unreached(err error) bool {
	var from mongo.ServerError
	switch {
	case mongo.IsNetworkError(err), mongo.IsTimeout(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.Is(err, mongo.ErrClientDisconnected):
		return true
	case errors.As(err, &from):
		return from.HasErrorLabel("RetryableWriteError") || from.HasErrorLabel("SystemOverloadedError") || hasConcernError(err)
	default:
		// No server was found, the pool was cleared: errors of the driver itself. Those of
		// encoding a document would come at the first test.
		var encoding bson.ValueEncoderError
		return !errors.As(err, &encoding)
	}
}

// hasConcernError reports whether a write was carried out but is not known to be safe.
func hasConcernError(err error) bool {
	var many mongo.BulkWriteException
	var one mongo.WriteException
	return errors.As(err, &many) && many.WriteConcernError != nil || errors.As(err, &one) && one.WriteConcernError != nil
}
