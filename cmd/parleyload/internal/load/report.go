package load

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"parley/cmd/parleyload/internal/histogram"
)

// Percentiles are of one kind of latency, in milliseconds.
type Percentiles struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// Server is what the server's process, or those of a cluster together, used in the measured time.
type Server struct {
	CPUSeconds float64 `json:"cpuSeconds"`
	// CPUPercent is of one core.
	CPUPercent float64 `json:"cpuPercent"`
	// PerDelivery and PerSend are microseconds of CPU. A send counts once it is
	// acknowledged, so that a server that falls behind does not look cheap.
	PerDelivery float64 `json:"cpuMicrosPerDelivery"`
	PerSend     float64 `json:"cpuMicrosPerSend"`
	// ResidentMB is at the end of sending, PeakResidentMB the highest of all samples.
	ResidentMB     float64 `json:"residentMB"`
	PeakResidentMB float64 `json:"peakResidentMB"`
	// BesideSeconds is the CPU of the process beside, which the other figures leave out.
	BesideSeconds float64 `json:"besideCpuSeconds,omitempty"`
}

// Report is the outcome of a run. The counts of messages are over the whole run, rates
// and the server's figures over the measured time, latencies over what arrived after
// the warm-up.
type Report struct {
	Options     Options `json:"options"`
	Interrupted bool    `json:"interrupted"`

	Connected       int     `json:"connected"`
	ConnectFailures int     `json:"connectFailures"`
	ConnectSeconds  float64 `json:"connectSeconds"`
	Broken          int64   `json:"brokenConnections"`

	Scheduled  int64 `json:"scheduled"`
	Sent       int64 `json:"sent"`
	Unsent     int64 `json:"unsent"`
	Acked      int64 `json:"acked"`
	Unacked    int64 `json:"unacked"`
	Refused    int64 `json:"refused"`
	Expected   int64 `json:"expectedDeliveries"`
	Delivered  int64 `json:"delivered"`
	Lost       int64 `json:"lost"`
	Doubled    int64 `json:"doubled"`
	Disordered int64 `json:"disordered"`
	// SplitChannels have members that saw different orders; UncomparedChannels are those
	// in which something was lost, so that it cannot be told.
	SplitChannels      int `json:"splitChannels"`
	UncomparedChannels int `json:"uncomparedChannels"`
	// Foreign are messages of others, OtherPackets neither messages nor acknowledgements.
	Foreign      int64 `json:"foreign"`
	OtherPackets int64 `json:"otherPackets"`
	BytesIn      int64 `json:"bytesReceived"`

	MeasuredSeconds float64 `json:"measuredSeconds"`
	DrainSeconds    float64 `json:"drainSeconds"`
	SendRate        float64 `json:"sendsPerSecond"`
	DeliveryRate    float64 `json:"deliveriesPerSecond"`

	// AckedBy is how the server acknowledges: messageAck, ack, or echo.
	AckedBy  string      `json:"ackedBy"`
	Delivery Percentiles `json:"deliveryMs"`
	// Crossed are those deliveries that went from one server of a cluster to another.
	Crossed Percentiles `json:"crossedMs"`
	Ack     Percentiles `json:"ackMs"`
	Echo    Percentiles `json:"echoMs"`
	// Lateness is the driver's own: due until handed to the socket.
	Lateness Percentiles `json:"driverLatenessMs"`

	// Server is nil if the server's process was not measured; ServerFault then says why.
	Server      *Server `json:"server,omitempty"`
	ServerFault string  `json:"serverFault,omitempty"`
	// DriverCPU is the driver's own, in percent of one core.
	DriverCPU float64 `json:"driverCpuPercent"`

	Failures []string `json:"failures,omitempty"`
	Samples  []Sample `json:"samples"`
}

// report puts together what the run has seen; all its goroutines have ended.
func (r *run) report(w *watch) *Report {
	c := &r.counters
	p := &Report{
		Options: *r.options, Connected: len(r.sockets), ConnectFailures: r.connectFailures,
		ConnectSeconds: r.connectTime.Seconds(), Broken: c.broken.Load(),
		Sent: c.sent.Load(), Unsent: c.unsent.Load(), Acked: c.acked.Load(), Refused: c.refused.Load(),
		Delivered: c.deliveries.Load(), Doubled: c.doubled.Load(), Disordered: c.disordered.Load(),
		Foreign: c.foreign.Load(), OtherPackets: c.others.Load(), BytesIn: c.bytes.Load(),
		Failures: c.failureTexts(), Samples: w.samples, ServerFault: w.serverFault,
	}
	r.countDeliveries(p)
	r.measure(p, w)
	r.acknowledgements(p, w)
	return p
}

// countDeliveries compares what was sent to each channel with what its members received.
func (r *run) countDeliveries(p *Report) {
	for _, s := range r.sockets {
		s.channel.unsent += s.unsent
	}
	for _, ch := range r.channels {
		written := int64(ch.sent - ch.unsent)
		p.Scheduled += int64(ch.sent)
		p.Expected += written * r.hearers(ch)
		if r.options.Protocol == ProtocolTyping {
			continue // each member lacks its own, and the order is nobody's promise
		}
		switch ch.orders() {
		case 0:
			if len(ch.members) > 0 {
				p.UncomparedChannels++
			}
		case 1:
		default:
			p.SplitChannels++
		}
	}
	p.Lost = max(p.Expected-p.Delivered, 0)
}

// measure fills in rates and usage of the measured time.
func (r *run) measure(p *Report, w *watch) {
	a, b := w.first, w.last
	seconds := (b.at - a.at).Seconds()
	p.MeasuredSeconds = seconds
	if seconds <= 0 {
		return
	}
	p.SendRate = float64(b.sent-a.sent) / seconds
	p.DeliveryRate = float64(b.arrived-a.arrived) / seconds
	p.DriverCPU = 100 * (b.driver.CPU - a.driver.CPU).Seconds() / seconds
	if r.options.PID == 0 || w.serverFault != "" {
		return
	}
	cpu := b.server.CPU - a.server.CPU
	per := func(n int64) float64 {
		if n == 0 {
			return 0
		}
		return float64(cpu) / float64(time.Microsecond) / float64(n)
	}
	p.Server = &Server{
		CPUSeconds: cpu.Seconds(), CPUPercent: 100 * cpu.Seconds() / seconds,
		PerDelivery: per(b.arrived - a.arrived), PerSend: per(b.acked - a.acked),
		ResidentMB: mb(b.server.Resident), PeakResidentMB: mb(w.peakResident),
		BesideSeconds: (b.beside - a.beside).Seconds(),
	}
}

// acknowledgements fills in the latencies. The echo stands in for an acknowledgement
// that the server does not send at all.
func (r *run) acknowledgements(p *Report, w *watch) {
	c := &r.counters
	end := w.moment()
	since := func(last, first histogram.Snapshot) Percentiles { return percentiles(last.Since(&first)) }
	p.Delivery = since(end.delivery, w.first.delivery)
	p.Crossed = since(end.crossed, w.first.crossed)
	p.Ack = since(end.ack, w.first.ack)
	p.Echo = since(end.echo, w.first.echo)
	p.Lateness = since(end.late, w.first.late)
	p.AckedBy = map[string]string{ProtocolMessage: "messageAck", ProtocolOp: "ack", ProtocolTyping: "ack"}[r.options.Protocol]
	if p.Acked == 0 && c.echoes.Load() > 0 {
		p.AckedBy, p.Acked, p.Ack = "echo", c.echoes.Load(), p.Echo
		if p.Server != nil {
			p.Server.PerSend = p.Server.CPUSeconds * 1e6 / float64(max(w.last.sent-w.first.sent, 1))
		}
	}
	p.Unacked = max(p.Sent-p.Acked, 0)
}

// percentiles reads a histogram.
func percentiles(s histogram.Snapshot) Percentiles {
	q := func(share float64) float64 { return round(ms(s.Quantile(share))) }
	return Percentiles{Count: s.Total(), P50: q(0.5), P90: q(0.9), P99: q(0.99), P999: q(0.999), Max: q(1)}
}

// round keeps a microsecond.
func round(milliseconds float64) float64 { return math.Round(milliseconds*1000) / 1000 }

// ErrFaults is what Err wraps.
var ErrFaults = errors.New("the server did not deliver everything once and in order")

// Err returns nil if every socket connected and every message was delivered once, in
// order, and acknowledged; else an error that wraps ErrFaults and names the counts.
func (p *Report) Err() error {
	var faults []string
	for _, f := range []struct {
		name  string
		count int64
	}{
		{"could not connect", int64(p.ConnectFailures)}, {"connections broken", p.Broken}, {"unsent", p.Unsent},
		{"refused", p.Refused}, {"unacknowledged", p.Unacked}, {"lost", p.Lost}, {"doubled", p.Doubled},
		{"disordered", p.Disordered}, {"channels with more than one order", int64(p.SplitChannels)},
	} {
		if f.count > 0 {
			faults = append(faults, fmt.Sprintf("%d %s", f.count, f.name))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrFaults, strings.Join(faults, ", "))
}

// WriteText writes the report for people.
func (p *Report) WriteText(out io.Writer) {
	o := p.Options
	fmt.Fprintf(out, "%s: %d sockets in %d channels, %v sends/s for %v after %v, %d-byte messages, %s, protocol %s\n",
		o.URL, o.Sockets, o.Channels, o.Rate, o.Duration, o.Warmup, o.Size, o.Transport, o.Protocol)
	if p.Interrupted {
		fmt.Fprintln(out, "interrupted: the counts are of what was sent until then")
	}
	row := func(name, format string, args ...any) {
		fmt.Fprintf(out, "  %-14s "+format+"\n", append([]any{name}, args...)...)
	}
	row("connections", "%d connected in %.2f s, %d failed, %d broken", p.Connected, p.ConnectSeconds, p.ConnectFailures, p.Broken)
	row("messages", "%d sent (%.1f/s), %d unsent, %d refused, %d acknowledged by %s, %d unacknowledged",
		p.Sent, p.SendRate, p.Unsent, p.Refused, p.Acked, p.AckedBy, p.Unacked)
	row("deliveries", "%d of %d expected (%.0f/s)", p.Delivered, p.Expected, p.DeliveryRate)
	row("faults", "%d lost, %d doubled, %d disordered, %d channels with more than one order (%d not compared)",
		p.Lost, p.Doubled, p.Disordered, p.SplitChannels, p.UncomparedChannels)
	if p.Foreign+p.OtherPackets > 0 {
		row("beside", "%d messages of others, %d other packets", p.Foreign, p.OtherPackets)
	}
	for _, l := range []struct {
		name string
		Percentiles
	}{{"delivery", p.Delivery}, {"crossed", p.Crossed}, {"ack", p.Ack}, {"echo", p.Echo}, {"driver late", p.Lateness}} {
		if l.Count == 0 && l.name == "crossed" {
			continue
		}
		row(l.name, "p50 %.2f  p90 %.2f  p99 %.2f  p99.9 %.2f  max %.2f ms", l.P50, l.P90, l.P99, l.P999, l.Max)
	}
	if s := p.Server; s != nil {
		row("server", "CPU %.1f%% of a core, %.2f us per delivery, %.1f us per send; memory %.1f MB, peak %.1f MB",
			s.CPUPercent, s.PerDelivery, s.PerSend, s.ResidentMB, s.PeakResidentMB)
	} else if p.ServerFault != "" {
		row("server", "not measured: %s", p.ServerFault)
	}
	row("driver", "CPU %.1f%% of a core; waited %.2f s after sending", p.DriverCPU, p.DrainSeconds)
	for _, f := range p.Failures {
		row("failure", "%s", f)
	}
}
