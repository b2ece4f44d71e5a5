package trace_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"parley/domain"
	"parley/domain/trace"
)

// notebook is a Tracer that writes down what it is told.
type notebook struct{ lines []string }

// Begin notes the beginning.
func (n *notebook) Begin(ctx context.Context, b trace.Beginning, attrs []trace.Attr) (context.Context, trace.Recording) {
	line := "begin " + b.Name
	if b.Message != "" {
		line += " of " + b.Message
	}
	for _, a := range attrs {
		line += " " + a.Key + "=" + a.Text
	}
	n.lines = append(n.lines, line)
	return ctx, page{n, b.Name}
}

// page is a span in a notebook.
type page struct {
	book *notebook
	name string
}

// Set notes attributes.
func (p page) Set(attrs []trace.Attr) {
	p.book.lines = append(p.book.lines, "set "+p.name+" "+attrs[0].Key)
}

// End notes the end.
func (p page) End(err error) {
	line := "end " + p.name
	if err != nil {
		line += ": " + err.Error()
	}
	p.book.lines = append(p.book.lines, line)
}

// TraceID is the same for all.
func (page) TraceID() string { return "cafe" }

func TestSpansBeginBelowTheOneOfTheContext(t *testing.T) {
	var book notebook
	ctx, root := trace.Begin(t.Context(), &book, trace.Beginning{Name: "request"}, trace.Text("door", "rest"))
	below, child := trace.Start(ctx, "store", trace.Client)
	child.Set(trace.Number("rows", 3))
	child.End(errors.New("full"))
	message := trace.Posted(below, domain.MessageID("m-1"))
	message.End(nil)
	_, turn := trace.InMessage(t.Context(), &book, domain.MessageID("m-1"), "turn", trace.Consumer)
	turn.End(nil)
	root.End(nil)
	want := []string{"begin request door=rest", "begin store", "set store rows", "end store: full", "begin message of m-1",
		"end message", "begin turn of m-1", "end turn", "end request"}
	if !slices.Equal(book.lines, want) {
		t.Errorf("noted\n%q\nwant\n%q", book.lines, want)
	}
	if trace.ID(below) != "cafe" || trace.ID(t.Context()) != "" || !root.On() {
		t.Error("a context does not know whether it is traced")
	}
}

func TestWithoutATracerNothingHappensAndNothingIsAllocated(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "something else")
	id := domain.MessageID("3d7f0a52-6f0e-4b0c-9a53-0d4a1c8a55aa")
	allocations := testing.AllocsPerRun(100, func() {
		under, span := trace.Begin(ctx, nil, trace.Beginning{Name: "request"}, trace.Text("id", id))
		under, child := trace.Start(under, "store", trace.Client, trace.Text("id", id), trace.Number("seq", 7))
		_, turn := trace.InMessage(under, nil, id, "turn", trace.Consumer, trace.Text("id", id))
		message := trace.Posted(under, id, trace.Text("id", id))
		child.Set(trace.Text("id", id))
		for _, s := range []trace.Span{span, child, turn, message} {
			s.End(nil)
		}
		if trace.ID(under) != "" {
			t.Error("there is a trace")
		}
	})
	if allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}
