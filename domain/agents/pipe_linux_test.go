package agents_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"parley/domain"
)

func TestAPipeIsNoCharacterFile(t *testing.T) {
	library, home := shelf(t)
	if err := syscall.Mkfifo(filepath.Join(home, "characters", "pipe.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := library.Find(t.Context(), "characters/pipe.json"); !domain.IsCode(err, domain.NotFound) {
		t.Errorf("err = %v", err)
	}
}
