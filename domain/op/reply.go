package op

import "parley/domain"

// Reply is the envelope of every answer, the same on REST and in a socket's ack.
type Reply struct {
	Success bool              `json:"success"`
	Data    any               `json:"data,omitempty"`
	Error   *domain.ErrorBody `json:"error,omitempty"`
	// Errors are the single faults of a result that is Mixed.
	Errors any `json:"errors,omitempty"`
}

// NewReply wraps a result, or a failure if there is one.
func NewReply(data any, failure *domain.Error) Reply {
	if failure != nil {
		body := failure.Body()
		return Reply{Error: &body}
	}
	if mixed, ok := data.(Mixed); ok {
		if failure, errors, whole := mixed.Failure(); failure != nil {
			body := failure.Body()
			if whole {
				data = nil
			}
			return Reply{Data: data, Error: &body, Errors: errors}
		}
	}
	return Reply{Success: true, Data: data}
}
