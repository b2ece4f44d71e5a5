package op

// Partial is a failure of a dual operation that still has something to tell: the
// fields of Result stand at the top level of the REST body, beside the error.
type Partial struct {
	Result any
	// Err is the failure proper; it is never nil.
	Err error
}

// Error is the text of the failure.
func (p Partial) Error() string { return p.Err.Error() }

// Unwrap returns the failure.
func (p Partial) Unwrap() error { return p.Err }
