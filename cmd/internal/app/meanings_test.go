package app_test

import (
	"encoding/json"
	"strings"
	"testing"

	"parley/domain"
	"parley/domain/documents"
)

// TestEveryNounAndFieldHasAMeaning reads the OpenAPI document as a client's author
// does.
func TestEveryNounAndFieldHasAMeaning(t *testing.T) {
	open, err := documents.New(documents.Options{Registry: built(t)}).OpenAPI(t.Context(), domain.Actor{}, documents.Request{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(open)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Parameters  []struct{ Name, Description string }
			RequestBody struct {
				Content map[string]struct{ Schema described }
			}
			Responses map[string]answer
		}
		Components struct{ Schemas map[string]described }
		Tags       []struct{ Name, Description string }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for _, tag := range document.Tags {
		if tag.Description == "" {
			t.Errorf("nothing is said of %s", tag.Name)
		}
	}
	for name, schema := range document.Components.Schemas {
		for _, path := range schema.untold(document.Components.Schemas, "") {
			t.Errorf("%s: nothing is said of %s", name, path)
		}
	}
	for _, item := range document.Paths {
		for _, o := range item {
			for _, p := range o.Parameters {
				if p.Description == "" || strings.HasPrefix(p.Description, "Also accepted as") {
					t.Errorf("%s: nothing is said of %s", o.OperationID, p.Name)
				}
			}
			for _, body := range o.RequestBody.Content {
				for _, path := range body.Schema.untold(document.Components.Schemas, "") {
					t.Errorf("%s: nothing is said of %s", o.OperationID, path)
				}
			}
			for status, a := range o.Responses {
				for _, body := range a.Content {
					for _, path := range body.Schema.untold(document.Components.Schemas, "") {
						t.Errorf("%s, %s: nothing is said of %s", o.OperationID, status, path)
					}
				}
			}
		}
	}
}

// answer is a reply in the document.
type answer struct {
	Content map[string]struct{ Schema described }
}

// described is as much of a JSON Schema as the test needs.
type described struct {
	Description string
	Ref         string `json:"$ref"`
	Properties  map[string]described
	Items       *described
}

// untold are the fields of an object that have no description, by their paths.
func (d described) untold(named map[string]described, path string) (list []string) {
	for name, f := range d.Properties {
		if f.Description == "" && named[strings.TrimPrefix(f.Ref, "#/components/schemas/")].Description == "" {
			list = append(list, path+name)
		}
		list = append(list, f.untold(named, path+name+".")...)
	}
	if d.Items != nil {
		list = append(list, d.Items.untold(named, path+"[].")...)
	}
	return list
}
