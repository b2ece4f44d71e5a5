package op

// Headerer is implemented by Raw results that set headers of the REST reply, such as the
// content policy of a page of their own.
type Headerer interface {
	// Headers are the headers by name.
	Headers() map[string]string
}
