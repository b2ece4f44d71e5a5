package script_test

import (
	"testing"

	"parley/cmd/parleydiff/internal/script"
)

func TestStepsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, step := range script.All() {
		if step.Name == "" || seen[step.Name] {
			t.Errorf("the name %q is empty or not the only one", step.Name)
		}
		seen[step.Name] = true
	}
}
