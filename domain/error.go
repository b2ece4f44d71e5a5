package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Code classifies a failure. The set is closed; Codes lists it with what each
// code means on the wire.
type Code string

// The codes; see Codes for their HTTP status, wire name and log level.
const (
	Invalid         Code = "invalid"
	Unauthenticated Code = "unauthenticated"
	Forbidden       Code = "forbidden"
	NotFound        Code = "not_found"
	Conflict        Code = "conflict"
	TooLarge        Code = "too_large"
	// UnsupportedMedia is a file of a type that is not taken.
	UnsupportedMedia Code = "unsupported_media"
	RateLimited      Code = "rate_limited"
	Canceled         Code = "canceled"
	Internal         Code = "internal"
	Unsupported      Code = "unsupported"
	Unavailable      Code = "unavailable"
	Timeout          Code = "timeout"
)

// CodeInfo is a row of the error table.
type CodeInfo struct {
	Code Code
	// HTTP is the status of a REST reply.
	HTTP int
	// Reason is the wire code where an Error names none of its own.
	Reason string
	// Level is the zerolog level name at which the failure is logged; "" is not at all.
	Level string
}

// Codes is the one error table; rest and realtime both read it.
func Codes() []CodeInfo {
	return []CodeInfo{
		{Invalid, 400, "INVALID_REQUEST", "debug"},
		{Unauthenticated, 401, "AUTH_REQUIRED", "info"},
		{Forbidden, 403, "FORBIDDEN", "info"},
		{NotFound, 404, "NOT_FOUND", "debug"},
		{Conflict, 409, "CONFLICT", "debug"},
		{TooLarge, 413, "PAYLOAD_TOO_LARGE", "info"},
		{UnsupportedMedia, 415, "UNSUPPORTED_MEDIA_TYPE", "info"},
		{RateLimited, 429, "RATE_LIMITED", "info"},
		{Canceled, 499, "CANCELED", ""},
		{Internal, 500, "INTERNAL_ERROR", "error"},
		{Unsupported, 501, "NOT_IMPLEMENTED", "info"},
		{Unavailable, 503, "DB_ERROR", "warn"},
		{Timeout, 504, "TIMEOUT", "warn"},
	}
}

// Info returns the row of c; an unknown code is treated as Internal.
func (c Code) Info() CodeInfo {
	table := Codes()
	internal := table[0]
	for _, row := range table {
		if row.Code == c {
			return row
		}
		if row.Code == Internal {
			internal = row
		}
	}
	return internal
}

// Issue names one fault of one field of a request.
type Issue struct {
	// Path is the field, e.g. "channelId" or "metadata.channelType".
	Path string `json:"path"`
	// Message says what is wrong with it, safe for the caller.
	Message string `json:"message"`
}

// Error is a failure that may be told to the caller. Everything but the cause is
// safe to send; the cause is for the log only.
type Error struct {
	Code Code
	// Reason is the wire code; empty means the default of Code.
	Reason string
	// Message is one sentence for the caller.
	Message string
	// Details adds a second one, e.g. which limit was passed.
	Details string
	// Issues lists the faults of a request, field by field.
	Issues []Issue
	// LegacyCode is the wire code that the reference sends in the same case, "" if it is
	// not told.
	LegacyCode string
	// RetryAfter is how long to wait before trying again; 0 says nothing.
	RetryAfter time.Duration

	cause error
}

// Error gives the safe message and, for the log, the cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// WireCode is the code that clients see.
func (e *Error) WireCode() string {
	if e.Reason != "" {
		return e.Reason
	}
	return e.Code.Info().Reason
}

// Body is the error object of the envelope.
func (e *Error) Body() ErrorBody {
	return ErrorBody{Code: e.WireCode(), Message: e.Message, Details: e.Details, LegacyCode: e.LegacyCode, Issues: e.Issues}
}

// ErrorBody is the wire form of a failure, the same on REST and on sockets.
type ErrorBody struct {
	Code       string  `json:"code"`
	Message    string  `json:"message"`
	Details    string  `json:"details,omitempty"`
	LegacyCode string  `json:"legacyCode,omitempty"`
	Issues     []Issue `json:"issues,omitempty"`
}

// Errorf makes an Error with a message that is safe to send.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error that hides cause from the caller and shows it in the log.
func Wrap(code Code, cause error, message string) *Error {
	return &Error{Code: code, Message: message, cause: cause}
}

// AsError turns any error into an Error: cancellation and deadlines get their
// codes, everything unclassified becomes Internal with a message that tells nothing.
func AsError(err error) *Error {
	var known *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled):
		return Wrap(Canceled, err, "The request was canceled")
	case errors.Is(err, context.DeadlineExceeded):
		return Wrap(Timeout, err, "The operation took too long")
	default:
		return Wrap(Internal, err, "Internal error")
	}
}

// IsCode reports whether err has one of the codes; nil has none.
func IsCode(err error, codes ...Code) bool {
	return err != nil && slices.Contains(codes, AsError(err).Code)
}

// Faults gathers the issues of a request while it is validated.
type Faults struct{ issues []Issue }

// Add notes that the field at path is wrong.
func (f *Faults) Add(path, format string, args ...any) {
	f.issues = append(f.issues, Issue{Path: path, Message: fmt.Sprintf(format, args...)})
}

// Require notes that the field at path is missing when value is empty.
func (f *Faults) Require(path, value string) {
	if value == "" {
		f.Add(path, "is required")
	}
}

// Err returns nil without faults, else one Invalid error that names all of them.
func (f *Faults) Err() error {
	if len(f.issues) == 0 {
		return nil
	}
	parts := make([]string, len(f.issues))
	for i, issue := range f.issues {
		parts[i] = issue.Path + " " + issue.Message
	}
	return &Error{Code: Invalid, Message: strings.Join(parts, "; "), Issues: f.issues}
}
