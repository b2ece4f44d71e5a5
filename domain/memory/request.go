package memory

import (
	"encoding/json"
	"slices"

	"parley/domain"
)

// content is a memory's content in a request: an object, or a text, which stands for the
// object {text}.
type content struct{ domain.Metadata }

// Forms are those in which it may stand on the wire.
func (content) Forms() []any { return []any{domain.Metadata{}, ""} }

// UnmarshalJSON reads either form; null leaves it as it is.
func (c *content) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil && string(data) != "null" {
		c.Metadata = domain.Metadata{}
		c.Set("text", text)
		return nil
	}
	if err := json.Unmarshal(data, &c.Metadata); err != nil {
		return domain.Wrap(domain.Invalid, err, "must be an object or a string")
	}
	return nil
}

// memoryRef is a memory's id in a path, as it came. It is checked by parse and not on
// decoding, because some words there are no id that is malformed: they name operations.
type memoryRef string

// parse returns the id. Codes: invalid, not_found.
func (r memoryRef) parse() (domain.MemoryID, error) {
	if slices.Contains([]string{"search", "stats", "all", "insights", "export", "import"}, string(r)) {
		return "", domain.Errorf(domain.NotFound, "API endpoint not found")
	}
	if r == "" {
		var f domain.Faults
		f.Require("memoryId", "")
		return "", f.Err()
	}
	id, err := domain.ParseID[domain.MemoryID](string(r))
	if err != nil {
		var f domain.Faults
		f.Add("memoryId", "must be a UUID")
		named := domain.AsError(f.Err())
		named.Reason = "INVALID_ID"
		return "", named
	}
	return id, nil
}

// check returns the first of the errors: that of the id tells whether there is such an
// operation at all.
func (r memoryRef) check(f *domain.Faults) error {
	if _, err := r.parse(); err != nil {
		return err
	}
	return f.Err()
}
