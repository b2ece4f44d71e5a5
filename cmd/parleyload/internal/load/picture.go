package load

import (
	"fmt"

	"parley/cmd/parleyload/internal/chart"
)

// Chart draws the run over time: rates, latencies, CPU and memory. name stands before
// the server's address; it may be empty.
func (p *Report) Chart(name string) chart.Picture {
	o := p.Options
	if name == "" {
		name = o.URL
	}
	x := p.column(func(s Sample) float64 { return s.At })
	line := func(name string, f func(Sample) float64) chart.Series {
		return chart.Series{Name: name, Values: p.column(f)}
	}
	panel := func(title string, series ...chart.Series) chart.Panel {
		return chart.Panel{Title: title, X: x, XLabel: "seconds", Series: series}
	}
	cpu := []chart.Series{line("driver", func(s Sample) float64 { return s.DriverCPU })}
	if o.PID != 0 {
		cpu = append([]chart.Series{line("server", func(s Sample) float64 { return s.ServerCPU })}, cpu...)
	}
	picture := chart.Picture{
		Title: fmt.Sprintf("%s: %d sockets, %d channels, %v sends/s, %d bytes, %s", name, o.Sockets, o.Channels, o.Rate, o.Size, o.Transport),
		Subtitle: fmt.Sprintf("%d of %d delivered, %d lost, %d doubled, %d disordered, %d unacknowledged; delivery p50 %.2f ms, p99 %.2f ms; ack p50 %.2f ms",
			p.Delivered, p.Expected, p.Lost, p.Doubled, p.Disordered, p.Unacked, p.Delivery.P50, p.Delivery.P99, p.Ack.P50),
		Panels: []chart.Panel{
			panel("deliveries per second", line("delivered", func(s Sample) float64 { return s.Delivered })),
			panel("sends per second", line("sent", func(s Sample) float64 { return s.Sent }), line("acknowledged", func(s Sample) float64 { return s.Acked })),
			panel("delivery latency, ms", line("p50", func(s Sample) float64 { return s.P50 }), line("p99", func(s Sample) float64 { return s.P99 })),
			panel("CPU, percent of a core", cpu...),
		},
	}
	if o.PID != 0 {
		picture.Panels = append(picture.Panels, panel("server memory (resident), MB", line("resident", func(s Sample) float64 { return s.Resident })))
	}
	return picture
}

// column reads one figure out of all samples.
func (p *Report) column(f func(Sample) float64) []float64 {
	values := make([]float64, len(p.Samples))
	for i, s := range p.Samples {
		values[i] = f(s)
	}
	return values
}
