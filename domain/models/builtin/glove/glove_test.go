package glove

import (
	"context"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// open loads the vectors.
func open(t testing.TB) *Space {
	t.Helper()
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pairs are statements, and questions about them in other words.
var pairs = []struct{ question, statement string }{
	{"Any pets at home?", "Our dog and the two cats sleep on the couch"},
	{"automobile trouble", "The engine of the car broke down on the highway"},
	{"medical problems", "The doctor said that the surgery on my knee went well"},
	{"What about money?", "We cannot pay the rent because the bank refused the loan"},
	{"musical skills", "She plays the violin and sings in a choir"},
	{"favourite meal", "Pasta with tomatoes and cheese for dinner makes me happy"},
	{"holiday plans", "We fly to a beach in Spain next summer"},
	{"employment", "He was hired as a clerk by an insurance company"},
	{"rain and storms", "Heavy snow and strong winds are expected tonight"},
	{"university studies", "I failed the exam at school because my teacher was ill"},
}

func TestAQuestionFindsTheStatementItIsAbout(t *testing.T) {
	s := open(t)
	for _, p := range pairs {
		question := s.Embed(p.question)
		best := slices.MaxFunc(pairs, func(a, b struct{ question, statement string }) int {
			return int(math.Copysign(1, Cosine(question, s.Embed(a.statement))-Cosine(question, s.Embed(b.statement))))
		})
		if best != p {
			t.Errorf("%q finds %q", p.question, best.statement)
		}
	}
}

func TestVectorsAreOfLengthOneOrZero(t *testing.T) {
	s := open(t)
	tests := []struct {
		text string
		want float64
	}{
		{"The dog barks", 1}, {"DOG", 1}, {"dog's", 1}, {"dog\u2019s", 1}, {"", 0}, {"qqzxw \u05e9\u05dc\u05d5\u05dd 123456789", 0}, {"'-'", 0},
	}
	for _, tt := range tests {
		v := s.Embed(tt.text)
		if got := math.Sqrt(Cosine(v, v)); len(v) != 100 || math.Abs(got-tt.want) > 1e-5 {
			t.Errorf("%q has %d numbers of length %f, want %f", tt.text, len(v), got, tt.want)
		}
	}
	if Cosine(s.Embed("The DOG's"), s.Embed("the dog")) < 0.9999 {
		t.Error("case and the genitive make a difference")
	}
}

func TestWordsAreFoundByRank(t *testing.T) {
	s := open(t)
	for word, want := range map[string]int{"the": 1, "of": 2, "maciej": 50_000, "": 0, "theofto": 0, "THE": 0} {
		if got := s.Rank(word); got != want {
			t.Errorf("%q has rank %d, want %d", word, got, want)
		}
	}
	if near, far := s.Similarity(s.Rank("mother"), s.Rank("father")), s.Similarity(s.Rank("mother"), s.Rank("gravel")); near < 0.7 || far > 0.3 {
		t.Errorf("mother is %f to father and %f to gravel", near, far)
	}
	if s.Similarity(0, 1) != 0 {
		t.Error("an unknown word is close to something")
	}
}

func TestThePortIsServed(t *testing.T) {
	var e Embedding
	vectors, err := e.Embed(t.Context(), []string{"one", "two"})
	if err != nil || len(vectors) != 2 || len(vectors[0]) != e.Dimensions() || e.Model() == "" {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Embed(ctx, []string{"one"}); err == nil {
		t.Error("embeds although its context has ended")
	}
}

func TestManyMayEmbedAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if Cosine(open(t).Embed("a quiet evening"), open(t).Embed("a quiet evening")) < 0.9999 {
				t.Error("the same text gets two vectors")
			}
		})
	}
	wg.Wait()
}

func TestTheTablesAreSmall(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s, err := decode(file)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
		t.Errorf("they take %d bytes", grown)
	}
	runtime.KeepAlive(s)
}

func TestABrokenFileIsRefused(t *testing.T) {
	cut := slices.Clone(file)
	cut[4]++ // one more word than there is
	for name, data := range map[string][]byte{"empty": nil, "other": []byte(strings.Repeat("x", 40)), "cut": file[:1000], "wrong count": cut} {
		if _, err := decode(data); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzEmbed(f *testing.F) {
	for _, text := range []string{"", "The dog's name", "\xff'-\u2019s", "a-b-c"} {
		f.Add(text)
	}
	s := open(f)
	f.Fuzz(func(t *testing.T, text string) {
		v := s.Embed(text)
		if n := Cosine(v, v); n != 0 && math.Abs(n-1) > 1e-4 {
			t.Fatalf("%q has length %f", text, n)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := decode(file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEmbed(b *testing.B) {
	s := open(b)
	for b.Loop() {
		s.Embed("I think my brother is angry with me because I forgot his birthday")
	}
}
