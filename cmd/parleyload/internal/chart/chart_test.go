package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// wellFormed reads a document to its end.
func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, svg)
		}
	}
}

// TestEveryPictureIsWellFormed draws ordinary and degenerate ones.
func TestEveryPictureIsWellFormed(t *testing.T) {
	long := make([]float64, 5000)
	for i := range long {
		long[i] = float64(i)
	}
	for name, p := range map[string]Picture{
		"empty":          {},
		"markup in text": {Title: `<b>&"`, Subtitle: "]]>", Panels: []Panel{{Title: "<", Series: []Series{{Name: "&", Values: nil}}}}},
		"lines with a gap": {Panels: []Panel{{X: []float64{0, 1, 2}, XLabel: "s",
			Series: []Series{{"a", []float64{1, math.NaN(), 3}}, {"b", []float64{0, 0}}}}}},
		"one point": {Panels: []Panel{{X: []float64{5}, Series: []Series{{"a", []float64{7}}}}}},
		"many":      {Panels: []Panel{{X: long, Series: []Series{{"a", long}}}}},
		"bars":      {Panels: []Panel{{Labels: []string{"x", "y"}, Series: []Series{{"a", []float64{1, 2e6}}, {"b", []float64{math.NaN()}}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			svg := p.SVG()
			wellFormed(t, svg)
			if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
				t.Errorf("a coordinate is no number:\n%s", svg)
			}
			if len(svg) > 40_000 {
				t.Errorf("%d bytes: the line was not thinned out", len(svg))
			}
		})
	}
}

// TestStepsAreRound covers the axis labels.
func TestStepsAreRound(t *testing.T) {
	for least, want := range map[float64]float64{0: 1, 0.3: 0.5, 1: 1, 1.1: 2, 30: 50, 51: 100, 9999: 10000} {
		if got := niceStep(least); math.Abs(got-want) > 1e-9 {
			t.Errorf("step for %v is %v, want %v", least, got, want)
		}
	}
}
