package domain

// Pagination says which part of a list an answer holds.
type Pagination struct {
	Limit   int  `json:"limit"`
	Offset  int  `json:"offset"`
	Total   int  `json:"total"`
	HasMore bool `json:"hasMore"`
}

// NewPagination is that of a page with listed entries, which were asked for by limit and
// offset, of a list of total entries.
func NewPagination(limit, offset, listed, total int) Pagination {
	return Pagination{Limit: limit, Offset: offset, Total: total, HasMore: offset+listed < total}
}
