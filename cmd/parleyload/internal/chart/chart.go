// Package chart draws small SVG charts: lines over time and groups of bars, stacked in
// one picture with titles, axes and legends.
//
// Why it is so: a report is one file that any browser shows, made without a plotting
// library. The drawing is plain: a fixed width, one font, white ground.
package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
)

// Sizes in pixels.
const (
	width       = 960
	left        = 70
	right       = 24
	headHeight  = 58
	panelHeight = 190
	plotTop     = 44
	plotHeight  = 112
	plotWidth   = width - left - right
	maxPoints   = 600 // of a line; more are thinned out
)

// colours of the series, in order; told apart by the colour-blind too.
func colours() []string {
	return []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"}
}

// Picture is a title over panels, one below the other.
type Picture struct {
	Title, Subtitle string
	Panels          []Panel
}

// Panel is one diagram. With X it has a line for each series over X; without, a group of
// bars for each label, with one bar a series.
type Panel struct {
	// Title says what is shown and its unit.
	Title string
	// X are the places of the points, and XLabel says what they are.
	X      []float64
	XLabel string
	// Labels name the groups of bars.
	Labels []string
	Series []Series
}

// Series is a row of values with a name, as many as the panel has places or groups. NaN
// leaves a gap.
type Series struct {
	Name   string
	Values []float64
}

// SVG returns the picture as an SVG document.
func (p Picture) SVG() []byte {
	var b bytes.Buffer
	height := headHeight + panelHeight*len(p.Panels) + 8
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="12">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	text(&b, left, 26, "start", `font-size="17" font-weight="600"`, p.Title)
	text(&b, left, 45, "start", `fill="#555" font-size="11"`, p.Subtitle)
	for i, panel := range p.Panels {
		fmt.Fprintf(&b, `<g transform="translate(0 %d)">`+"\n", headHeight+i*panelHeight)
		panel.draw(&b)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// draw writes one panel.
func (p *Panel) draw(b *bytes.Buffer) {
	text(b, left, 16, "start", `font-weight="600"`, p.Title)
	p.legend(b)
	top := p.grid(b)
	if len(p.X) > 0 {
		p.lines(b, top)
		return
	}
	p.bars(b, top)
}

// legend writes the names of the series above the plot.
func (p *Panel) legend(b *bytes.Buffer) {
	x := left
	for i, s := range p.Series {
		fmt.Fprintf(b, `<rect x="%d" y="25" width="11" height="11" fill="%s"/>`, x, colour(i))
		text(b, float64(x+16), 35, "start", `fill="#333"`, s.Name)
		x += 16 + 7*len(s.Name) + 18
	}
}

// grid draws the vertical axis from zero and returns the value at its top.
func (p *Panel) grid(b *bytes.Buffer) float64 {
	highest := 0.0
	for _, s := range p.Series {
		for _, v := range s.Values {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				highest = max(highest, v)
			}
		}
	}
	step := niceStep(highest / 4)
	top := step * max(math.Ceil(highest/step), 1)
	for v := 0.0; v <= top*1.0001; v += step {
		y := plotTop + plotHeight*(1-v/top)
		fmt.Fprintf(b, `<path d="M%d %.1fH%d" stroke="#ddd"/>`, left, y, width-right)
		text(b, left-8, y+4, "end", `fill="#555"`, number(v))
	}
	return top
}

// lines draws each series over X, with ticks below.
func (p *Panel) lines(b *bytes.Buffer, top float64) {
	from, to := p.X[0], p.X[len(p.X)-1]
	if to <= from {
		to = from + 1
	}
	place := func(x float64) float64 { return left + plotWidth*(x-from)/(to-from) }
	step := niceStep((to - from) / 8)
	for x := math.Ceil(from/step) * step; x <= to*1.0001; x += step {
		text(b, place(x), plotTop+plotHeight+16, "middle", `fill="#555"`, number(x))
	}
	text(b, width-right, plotTop+plotHeight+30, "end", `fill="#555"`, p.XLabel)
	every := (len(p.X) + maxPoints - 1) / maxPoints
	for i, s := range p.Series {
		var d bytes.Buffer
		move := true
		for j := 0; j < len(p.X) && j < len(s.Values); j += every {
			if math.IsNaN(s.Values[j]) {
				move = true
				continue
			}
			command := byte('L')
			if move {
				command, move = 'M', false
			}
			fmt.Fprintf(&d, "%c%.1f %.1f", command, place(p.X[j]), plotTop+plotHeight*(1-s.Values[j]/top))
		}
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2" stroke-linejoin="round"/>`+"\n", d.String(), colour(i))
	}
}

// bars draws a group of bars for each label, each with its value on top.
func (p *Panel) bars(b *bytes.Buffer, top float64) {
	group := float64(plotWidth) / float64(max(len(p.Labels), 1))
	bar := min(group*0.7/float64(max(len(p.Series), 1)), 80)
	for g, label := range p.Labels {
		middle := left + group*(float64(g)+0.5)
		text(b, middle, plotTop+plotHeight+16, "middle", `fill="#333"`, label)
		for i, s := range p.Series {
			if g >= len(s.Values) || math.IsNaN(s.Values[g]) {
				continue
			}
			x := middle + bar*(float64(i)-float64(len(p.Series))/2)
			h := plotHeight * s.Values[g] / top
			fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, x+1, plotTop+plotHeight-h, bar-2, h, colour(i))
			text(b, x+bar/2, plotTop+plotHeight-h-3, "middle", `font-size="11" fill="#333"`, number(s.Values[g]))
		}
	}
	b.WriteByte('\n')
}

// text writes one text element; attributes are the package's own, the text is escaped.
func text(b *bytes.Buffer, x, y float64, anchor, attributes, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" %s>`, x, y, anchor, attributes)
	// Writing to a buffer cannot fail.
	_ = xml.EscapeText(b, []byte(s))
	b.WriteString("</text>\n")
}

// colour is that of the ith series.
func colour(i int) string {
	all := colours()
	return all[i%len(all)]
}

// niceStep is the next of 1, 2, 5 times a power of ten, not below least.
func niceStep(least float64) float64 {
	if least <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= least {
			return f * power
		}
	}
	return 10 * power
}

// number writes a value in few characters.
func number(v float64) string {
	switch {
	case math.Abs(v) >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 3, 64) + "M"
	case math.Abs(v) >= 1e4:
		return strconv.FormatFloat(v/1e3, 'g', 4, 64) + "k"
	default:
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
}
