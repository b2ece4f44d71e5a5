package domain

import (
	"encoding/json"
	"testing"
)

func TestMetadataKeepsItsValuesByteForByte(t *testing.T) {
	given := `{"a":"<b>&</b>","n":1.50,"o":{"z":1,"a":2}}`
	var m Metadata
	if err := json.Unmarshal([]byte(given), &m); err != nil {
		t.Fatal(err)
	}
	back, err := m.MarshalJSON()
	if err != nil || string(back) != given {
		t.Errorf("got %s, %v", back, err)
	}
	if empty, err := Metadata(nil).MarshalJSON(); err != nil || string(empty) != "{}" {
		t.Errorf("the zero value is %s, %v", empty, err)
	}
}
