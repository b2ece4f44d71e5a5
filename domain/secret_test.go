package domain_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"parley/domain"
)

func TestSecretIsNeverShown(t *testing.T) {
	const text = "hunter2"
	s := domain.Secret(text)
	held := struct {
		Key  domain.Secret
		Keys []domain.Secret
		Ptr  *domain.Secret
	}{s, []domain.Secret{s}, &s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%T"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", s, held, &held)
	}
	encoded, err := json.Marshal(map[string]any{"held": held})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	log := zerolog.New(&out)
	log.Info().Stringer("a", s).Interface("b", held).Any("c", s).Str("d", s.String()).Msgf("%v", s)
	hex := fmt.Sprintf("%x", text)
	if got := out.String(); strings.Contains(got, text) || strings.Contains(strings.ToLower(got), hex) || !strings.Contains(got, "***") {
		t.Fatalf("shown: %s", got)
	}
	if s.Reveal() != text || domain.Secret("").String() != "" {
		t.Error("Reveal or the empty secret is wrong")
	}
}
