package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"parley/cmd/parleyload/internal/chart"
	"parley/cmd/parleyload/internal/load"
)

// Names of the servers in measurements.
const (
	nameParley    = "Parley"
	nameNode      = "Node.js"
	nameReference = "reference"
)

// Outcomes of a row.
const (
	pass        = "PASS"
	miss        = "MISS"
	notMeasured = "not measured"
)

// Row is one figure beside its bar.
type Row struct {
	What string `json:"what"`
	// Parley and Other are the two sides, as text; Other is empty where there is none.
	Parley string `json:"parley"`
	Other  string `json:"other"`
	// Figure is what the bar is about; meaningless if Outcome is notMeasured.
	Figure float64 `json:"figure"`
	Unit   string  `json:"unit"`
	Bar    string  `json:"bar"`
	// Outcome is pass, miss or notMeasured.
	Outcome string `json:"outcome"`
}

// bar is what a figure is held against.
type bar struct {
	limit   float64
	atLeast bool
	unit    string
}

// String writes the bar as the design does.
func (b bar) String() string {
	sign := "<="
	if b.atLeast {
		sign = ">="
	}
	return strings.TrimSpace(fmt.Sprintf("%s %v %s", sign, b.limit, b.unit))
}

// row makes a row; a figure that is no number was not measured.
func row(what, parley, other string, figure float64, b bar) Row {
	r := Row{What: what, Parley: parley, Other: other, Figure: figure, Unit: b.unit, Bar: b.String(), Outcome: miss}
	switch {
	case math.IsNaN(figure) || math.IsInf(figure, 0):
		r.Figure, r.Outcome = 0, notMeasured
	case b.atLeast && figure >= b.limit, !b.atLeast && figure <= b.limit:
		r.Outcome = pass
	}
	return r
}

// rows are the figures of design 13 that this comparison measures.
func (r *Result) rows() []Row {
	var rows []Row
	for i, rate := range r.Options.Rates {
		limit := 1.0
		if i > 0 {
			limit = 0.85
		}
		ours, theirs := r.perDelivery(nameParley, rate), r.perDelivery(nameNode, rate)
		rows = append(rows, row(fmt.Sprintf("broadcast at %.0f sends/s: CPU per delivery", rate),
			figure(ours, "us"), figure(theirs, "us"), ours/theirs, bar{limit: limit, unit: "x"}))
	}
	ours, theirs := r.bestThroughput(nameParley), r.bestThroughput(nameNode)
	rows = append(rows,
		row("broadcast: deliveries per second", figure(ours, "/s"), figure(theirs, "/s"), ours/theirs, bar{limit: 1.8, atLeast: true, unit: "x"}),
		row("broadcast: lost, doubled, disordered", figure(r.faults(nameParley), ""), figure(r.faults(nameNode), ""), r.faults(nameParley), bar{}))
	return append(append(rows, r.durableRows()...), r.startRows()...)
}

// durableRows are those of the durable send.
func (r *Result) durableRows() []Row {
	ours, theirs := r.durable(nameParley), r.durable(nameReference)
	cpu := func(p *load.Report) float64 {
		if p == nil || p.Server == nil {
			return math.NaN()
		}
		return p.Server.PerSend
	}
	ack := math.NaN()
	if ours != nil && ours.Ack.Count > 0 && r.CommitP50 > 0 {
		// From the handing over, not from when it was due: how late the driver is at waking up
		// is none of the server's, and as large as the bar.
		ack = ours.Ack.P50 - ours.Lateness.P50
	}
	return []Row{
		row("durable send: CPU per send, beside the reference", figure(cpu(ours), "us"), figure(cpu(theirs), "us"),
			cpu(ours)/cpu(theirs), bar{limit: 0.04, unit: "x"}),
		row("durable send: ack p50 from sending, above a commit's p50", figure(ack, "ms"), figure(r.CommitP50, "ms"), ack-r.CommitP50, bar{limit: 0.5, unit: "ms"}),
	}
}

// startRows are those of the start.
func (r *Result) startRows() []Row {
	ready := median(r.Start.Milliseconds)
	return []Row{
		row("start: ready", figure(ready, "ms"), "", ready, bar{limit: 300, unit: "ms"}),
		row("start: idle memory", figure(r.Start.IdleMB, "MB"), "", r.Start.IdleMB, bar{limit: 40, unit: "MB"}),
		row("start: size of the binary", figure(r.Start.BinaryMB, "MB"), "", r.Start.BinaryMB, bar{limit: 60, unit: "MB"}),
	}
}

// perDelivery is the median CPU per delivery of a server at a rate, in microseconds.
func (r *Result) perDelivery(server string, rate float64) float64 {
	return median(r.collect(server, rate, func(p *load.Report) float64 {
		if p.Server == nil {
			return math.NaN()
		}
		return p.Server.PerDelivery
	}))
}

// collect reads a figure out of a server's runs at a fixed rate, one a round.
func (r *Result) collect(server string, rate float64, f func(*load.Report) float64) []float64 {
	var values []float64
	for _, m := range r.Measurements {
		if m.Server == server && m.Kind == kindRate && m.Rate == rate {
			values = append(values, f(m.Report))
		}
	}
	return values
}

// bestThroughput is the median of the rounds' throughputs.
func (r *Result) bestThroughput(server string) float64 {
	var values []float64
	for round := 1; round <= r.Options.Rounds; round++ {
		values = append(values, r.throughput(server, round))
	}
	return median(values)
}

// faults are all that a server lost, doubled or brought out of order at the fixed rates.
func (r *Result) faults(server string) float64 {
	sum := math.NaN()
	for _, rate := range r.Options.Rates {
		for _, n := range r.collect(server, rate, func(p *load.Report) float64 {
			return float64(p.Lost + p.Doubled + p.Disordered + int64(p.SplitChannels))
		}) {
			if math.IsNaN(sum) {
				sum = 0
			}
			sum += n
		}
	}
	return sum
}

// durable is a server's durable run, nil if there was none.
func (r *Result) durable(server string) *load.Report {
	i := slices.IndexFunc(r.Measurements, func(m Measurement) bool { return m.Server == server && m.Kind == kindDurable })
	if i < 0 {
		return nil
	}
	return r.Measurements[i].Report
}

// median is the middle value, the mean of two middle ones, and NaN of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// figure writes a value with its unit.
func figure(v float64, unit string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	precision := 2
	if math.Abs(v) >= 100 || v == math.Trunc(v) {
		precision = 0
	}
	return strings.TrimSpace(strconv.FormatFloat(v, 'f', precision, 64) + " " + unit)
}

// WriteText writes the table for people.
func (r *Result) WriteText(out io.Writer) error {
	o := r.Options
	fmt.Fprintf(out, "%d sockets, %d channels, %d-byte messages, %d rounds of %v; %d cores, %s; %s\n\n",
		o.Sockets, o.Channels, o.Size, o.Rounds, o.Duration, r.Cores, r.System, r.At.Format("2006-01-02 15:04 MST"))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	writeRows(w, r.Rows)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintln(out, "\nruns at fixed rates:")
	for _, m := range r.Measurements {
		if m.Kind == kindStep {
			continue
		}
		m.write(out)
	}
	return nil
}

// writeRows writes figures beside their bars, with tabs between the columns.
func writeRows(out io.Writer, rows []Row) {
	fmt.Fprintln(out, "what\tParley\tbeside it\tfigure\tbar\t")
	for _, row := range rows {
		value := figure(row.Figure, row.Unit)
		if row.Outcome == notMeasured {
			value = "-"
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", row.What, row.Parley, row.Other, value, row.Bar, row.Outcome)
	}
}

// write writes one measurement as a line.
func (m *Measurement) write(out io.Writer) {
	p := m.Report
	cpu, memory := math.NaN(), math.NaN()
	if p.Server != nil {
		cpu, memory = p.Server.PerDelivery, p.Server.PeakResidentMB
	}
	fmt.Fprintf(out, "  %-9s round %d  %5.0f sends/s: %7.0f deliveries/s, %s each, delivery p50 %.2f p99 %.2f ms, ack p50 %.2f ms (driver late by %.2f), "+
		"memory %s, %d lost, %d doubled, %d disordered, %d unacknowledged; %.1f other packets per send; driver %.0f%% CPU\n",
		m.Server, m.Round, m.Rate, p.DeliveryRate, figure(cpu, "us"), p.Delivery.P50, p.Delivery.P99, p.Ack.P50, p.Lateness.P50,
		figure(memory, "MB"), p.Lost, p.Doubled, p.Disordered+int64(p.SplitChannels), p.Unacked,
		float64(p.OtherPackets)/float64(max(p.Sent, 1)), p.DriverCPU)
}

// Save writes the table, everything as JSON, and charts to the folder of the options.
func (r *Result) Save() error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	var text strings.Builder
	faults := []error{r.WriteText(&text), r.save("bench.json", data), r.save("bench.txt", []byte(text.String())),
		r.save("bench.svg", r.Chart().SVG())}
	for _, m := range r.Measurements {
		if m.Kind != kindStep {
			name := strings.ToLower(fmt.Sprintf("%s-%s-%.0f-round%d.svg", m.Server, m.Kind, m.Rate, m.Round))
			faults = append(faults, r.save(name, m.Report.Chart(m.Server).SVG()))
		}
	}
	return errors.Join(faults...)
}

// save writes one file.
func (r *Result) save(name string, data []byte) error { return saveTo(r.Options.Out, name, data) }

// saveTo writes one file of results.
func saveTo(folder, name string, data []byte) error {
	if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// Chart draws both servers side by side.
func (r *Result) Chart() chart.Picture {
	o := r.Options
	labels := make([]string, len(o.Rates))
	for i, rate := range o.Rates {
		labels[i] = fmt.Sprintf("%.0f sends/s", rate)
	}
	pair := func(f func(server string, rate float64) float64) []chart.Series {
		series := []chart.Series{{Name: "Parley (durable)"}, {Name: "Node.js socket.io (stores nothing)"}}
		for i, server := range []string{nameParley, nameNode} {
			for _, rate := range o.Rates {
				series[i].Values = append(series[i].Values, f(server, rate))
			}
		}
		return series
	}
	read := func(f func(*load.Report) float64) func(string, float64) float64 {
		return func(server string, rate float64) float64 { return median(r.collect(server, rate, f)) }
	}
	throughput := func(server string, _ float64) float64 { return r.bestThroughput(server) }
	most := pair(throughput)
	for i := range most {
		most[i].Values = most[i].Values[:1]
	}
	return chart.Picture{
		Title: fmt.Sprintf("Parley beside Node.js socket.io: %d sockets, %d channels, %d bytes", o.Sockets, o.Channels, o.Size),
		Subtitle: fmt.Sprintf("%d cores shared with the driver, median of %d rounds; ready in %s, idle %s, binary %s",
			r.Cores, o.Rounds, figure(median(r.Start.Milliseconds), "ms"), figure(r.Start.IdleMB, "MB"), figure(r.Start.BinaryMB, "MB")),
		Panels: []chart.Panel{
			{Title: "server CPU per delivery, microseconds", Labels: labels, Series: pair(r.perDelivery)},
			{Title: "highest throughput, deliveries per second", Labels: []string{"best of all rates"}, Series: most},
			{Title: "delivery latency p50, ms", Labels: labels, Series: pair(read(func(p *load.Report) float64 { return p.Delivery.P50 }))},
			{Title: "delivery latency p99, ms", Labels: labels, Series: pair(read(func(p *load.Report) float64 { return p.Delivery.P99 }))},
			{Title: "server memory (peak resident), MB", Labels: labels, Series: pair(read(func(p *load.Report) float64 {
				if p.Server == nil {
					return math.NaN()
				}
				return p.Server.PeakResidentMB
			}))},
		},
	}
}
