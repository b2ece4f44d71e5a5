package op

import (
	"strings"

	"parley/domain"
)

// asGiven names the faults of a request as its caller named the fields: who posts
// `content` is told about content, not about message. given maps a field's name to
// the alias under which it came. It is empty for a socket, whose door answers in the
// names of the reference's events.
func asGiven(err error, given map[string]string) error {
	failure := domain.AsError(err)
	if len(given) == 0 || len(failure.Issues) == 0 {
		return err
	}
	var ours, theirs domain.Faults
	for _, issue := range failure.Issues {
		ours.Add(issue.Path, "%s", issue.Message)
		name, rest, nested := strings.Cut(issue.Path, ".")
		if g, ok := given[name]; ok {
			name = g
		}
		if nested {
			name += "." + rest
		}
		theirs.Add(name, "%s", issue.Message)
	}
	renamed, named := *failure, domain.AsError(theirs.Err())
	renamed.Issues = named.Issues
	if failure.Message == ours.Err().Error() { // else it has words of its own
		renamed.Message = named.Message
	}
	return &renamed
}
