package agents

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"parley/domain/messaging"
)

// streamed sends pieces through a stream and returns its chunks.
func streamed(t *testing.T, pieces ...string) []string {
	t.Helper()
	var chunks []string
	s := &stream{now: time.Now, tell: func(index int, chunk string) {
		if index != len(chunks) || chunk == "" {
			t.Errorf("chunk %d is number %d: %q", len(chunks), index, chunk)
		}
		chunks = append(chunks, chunk)
	}}
	for _, p := range pieces {
		s.add(p)
	}
	if told := s.close(); told != strings.Join(chunks, "") {
		t.Errorf("told %q in chunks %q", told, chunks)
	}
	s.add("late")
	s.close()
	return chunks
}

func TestChunksJoinedAreTheStoredText(t *testing.T) {
	for _, pieces := range [][]string{
		{"Hello", " ", "world"},
		{"  \n", " Hi ", " there ", "  \n"},
		{"caf\xc3", "\xa9 ", "\xf0\x9f", "\x98\x80"},
		{"a\xff", "\xff\x00\xfe", "b\xe2\x82"},
		{"\x00", " \x00 x \x00 "},
		{""},
		{strings.Repeat("\u00e9", messaging.MaxContent-1), " ", "  y", "z"},
	} {
		whole := strings.Join(pieces, "")
		if got := strings.Join(streamed(t, pieces...), ""); got != storable(whole) {
			t.Errorf("%.40q is told as %.40q, stored as %.40q", whole, got, storable(whole))
		}
	}
}

func FuzzChunksJoinedAreTheStoredText(f *testing.F) {
	f.Add("a b\xff\xc3\xa9 \x00 \xe2\x82 ", int64(1))
	f.Fuzz(func(t *testing.T, text string, seed int64) {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		var pieces []string
		for rest := text; rest != ""; {
			n := 1 + random.IntN(len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		if got := strings.Join(streamed(t, pieces...), ""); got != storable(text) {
			t.Errorf("%q in %q is told as %q, stored as %q", text, pieces, got, storable(text))
		}
	})
}

func TestChunksAreGatheredForAWhile(t *testing.T) {
	now := time.Unix(0, 0)
	var chunks []string
	s := &stream{every: 25 * time.Millisecond, now: func() time.Time { return now },
		tell: func(_ int, chunk string) { chunks = append(chunks, chunk) }}
	for _, piece := range []string{"a", "b", "c"} {
		s.add(piece)
		now = now.Add(10 * time.Millisecond)
	}
	s.add("d") // 30 ms after the first
	s.add("e")
	s.flush()
	s.flush()
	if got := strings.Join(chunks, "|"); got != "a|bcd|e" {
		t.Errorf("chunks %s", got)
	}
}
