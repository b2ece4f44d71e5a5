package op

import (
	"context"
	"io"
	"time"

	"parley/domain"
)

// Statuser is implemented by results whose REST status is not always that of the Spec,
// such as 200 instead of 201 for what existed already.
type Statuser interface {
	// HTTPStatus is the status of the reply; 0 means that of the Spec.
	HTTPStatus() int
}

// Totaler is implemented by lists that know how many entries there are in all; REST
// tells it in the header X-Total-Count.
type Totaler interface {
	// TotalCount is the number of entries in all; ok is false if it is not known.
	TotalCount() (total int, ok bool)
}

// Raw is implemented by results that are not JSON over REST, at least not always. The
// socket door sends their JSON form.
type Raw interface {
	// Raw returns the body and its Content-Type; ok is false where the JSON form is wanted.
	Raw() (contentType string, body []byte, ok bool)
}

// Mixed is implemented by results that may be a failure in part. The reply is then that of
// a failure, with the result as its data and the single faults beside the error; its status
// is told by Statuser.
type Mixed interface {
	// Failure is what failed, nil if nothing did, and the list of the single faults; whole
	// says that nothing succeeded, and then there is no data.
	Failure() (failure *domain.Error, errors any, whole bool)
}

// Filer is implemented by results that may be files over REST. The socket door sends
// their JSON form and opens nothing.
type Filer interface {
	// OpenFile opens what is to be sent, nil where the JSON form is wanted. The door closes it.
	OpenFile(ctx context.Context) (*Download, error)
}

// Download is a file on its way to the caller, who may ask for a part of it.
type Download struct {
	// Name is what the caller's machine may call it, Type its media type.
	Name, Type string
	// Inline says that a browser may show it; else it is to be saved.
	Inline bool
	// Tag changes with the content, Modified when it was stored.
	Tag      string
	Modified time.Time
	Content  io.ReadSeekCloser
}
