package documents

import (
	"context"
	"encoding/json"

	"parley/domain"
	"parley/domain/op"
)

// Request has no fields.
type Request struct{}

// Document is a document that is JSON itself: over REST it is the whole body, on a
// socket the data.
type Document struct{ text json.RawMessage }

// MarshalJSON writes the document.
func (d Document) MarshalJSON() ([]byte, error) { return d.text, nil }

// Forms are those in which it may stand on the wire.
func (Document) Forms() []any { return []any{map[string]any{}} }

// Raw returns the document alone, so that tools can read it.
func (d Document) Raw() (string, []byte, bool) {
	return "application/json; charset=utf-8", d.text, true
}

// PageRequest names a page or a file of the site.
type PageRequest struct {
	// Page is a noun such as messages, events, or a file that the pages need; without it
	// the first page is meant.
	Page string `json:"page"`
}

// Page is a page of the site, or a file that the pages need.
type Page struct {
	ContentType string `json:"contentType"`
	Text        string `json:"text"`
}

// Raw returns the page as it is.
func (p Page) Raw() (string, []byte, bool) { return p.ContentType, []byte(p.Text), true }

// policy is the content policy of the pages: nothing inline, nothing from elsewhere.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'self'"

// Headers are those of the page.
func (p Page) Headers() map[string]string {
	return map[string]string{"Content-Security-Policy": policy}
}

// Ops declares the operations of this package. They need a key where all of the API does.
func Ops(r *op.Registry, s *Service) {
	op.Define(r, op.Spec{
		Name: "documents:openapi", Help: "Returns the REST API as an OpenAPI 3.1 document.",
		Routes: []string{"GET /api/openapi.json"}, Example: Request{},
	}, s.OpenAPI)
	op.Define(r, op.Spec{
		Name: "documents:asyncapi", Help: "Returns the Socket.IO API as an AsyncAPI 3.0 document.",
		Routes: []string{"GET /api/asyncapi.json"}, Example: Request{},
	}, s.AsyncAPI)
	op.Define(r, op.Spec{
		Name: "documents:page", Help: "Returns a page of this documentation.",
		Routes: []string{"GET /api/docs", "GET /api/docs/:page"}, Errors: []domain.Code{domain.NotFound},
		Example: PageRequest{Page: "messages"},
	}, s.Page)
}

// OpenAPI returns the REST API as an OpenAPI document.
func (s *Service) OpenAPI(context.Context, domain.Actor, Request) (Document, error) {
	return s.document(&s.open, s.openapi)
}

// AsyncAPI returns the Socket.IO API as an AsyncAPI document.
func (s *Service) AsyncAPI(context.Context, domain.Actor, Request) (Document, error) {
	return s.document(&s.async, s.asyncapi)
}

// Page returns a page of the site. Codes: not_found.
func (s *Service) Page(_ context.Context, _ domain.Actor, r PageRequest) (Page, error) {
	if err := s.prepare(); err != nil {
		return Page{}, err
	}
	page, ok := s.page(r.Page)
	if !ok {
		return Page{}, domain.Errorf(domain.NotFound, "There is no page of this name")
	}
	return page, nil
}
