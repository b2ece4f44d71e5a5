package op

// Lifter is implemented by results of which some fields stand at the top level of the REST
// body too, beside data, because some clients look for them there.
type Lifter interface {
	// Lift returns those fields by their names; none is nil. The names success, data and
	// error are not among them.
	Lift() map[string]any
}
