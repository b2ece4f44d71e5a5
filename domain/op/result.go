package op

import "parley/domain"

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
