package load

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"parley/cmd/parleyload/internal/histogram"
	"parley/cmd/parleyload/internal/process"
)

// Sample is one second of a run.
type Sample struct {
	// At is seconds since the first one began.
	At float64 `json:"at"`
	// Sent, Acked, Delivered and Others are rates per second.
	Sent      float64 `json:"sent"`
	Acked     float64 `json:"acked"`
	Delivered float64 `json:"delivered"`
	Others    float64 `json:"others"`
	// P50 and P99 are the delivery latency in milliseconds.
	P50 float64 `json:"p50ms"`
	P99 float64 `json:"p99ms"`
	// AckP50 is the median until the acknowledgement in milliseconds.
	AckP50 float64 `json:"ackP50ms"`
	// ServerCPU and DriverCPU are percent of one core; Resident is the server's memory in MB.
	ServerCPU float64 `json:"serverCpu"`
	DriverCPU float64 `json:"driverCpu"`
	Resident  float64 `json:"residentMB"`
}

// moment is the state of a run at one time; two of them make a Sample.
type moment struct {
	at       time.Duration
	sent     int64
	acked    int64
	arrived  int64
	others   int64
	server   process.Usage
	driver   process.Usage
	beside   time.Duration
	delivery histogram.Snapshot
	crossed  histogram.Snapshot
	echo     histogram.Snapshot
	ack      histogram.Snapshot
	late     histogram.Snapshot
}

// watch samples a run every second and holds the ends of its measured time.
type watch struct {
	run      *run
	progress io.Writer
	started  moment

	mu           sync.Mutex
	first, last  *moment // of the measured time; nil until reached
	samples      []Sample
	peakResident int64
	serverFault  string // why the server is not measured
}

// newWatch starts watching now.
func newWatch(r *run, progress io.Writer) *watch {
	w := &watch{run: r, progress: progress}
	w.started = *w.moment()
	return w
}

// begin marks the start of the measured time.
func (w *watch) begin() {
	m := w.moment()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.first = m
}

// finish marks the end of the measured time.
func (w *watch) finish() {
	m := w.moment()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = m
	if w.first == nil {
		w.first = &w.started
	}
}

// moment reads everything now.
func (w *watch) moment() *moment {
	c := &w.run.counters
	m := &moment{
		at: w.run.now(), sent: c.sent.Load(), acked: c.acked.Load(), arrived: c.deliveries.Load(), others: c.others.Load(),
		delivery: c.delivery.Snapshot(), crossed: c.crossed.Snapshot(), echo: c.echo.Snapshot(), ack: c.ack.Snapshot(), late: c.late.Snapshot(),
	}
	if own, err := process.Read(os.Getpid()); err == nil {
		m.driver = own
	}
	w.readServers(m)
	return m
}

// readServers reads what the servers' processes have used.
func (w *watch) readServers(m *moment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	read := func(pid int) process.Usage {
		usage, err := process.Read(pid)
		if err != nil {
			w.serverFault = err.Error()
		}
		return usage
	}
	for _, pid := range w.run.options.pids() {
		usage := read(pid)
		m.server.CPU += usage.CPU
		m.server.Resident += usage.Resident
	}
	if pid := w.run.options.Beside; pid != 0 {
		m.beside = read(pid).CPU
	}
	w.peakResident = max(w.peakResident, m.server.Resident)
}

// follow samples every second until done is closed.
func (w *watch) follow(done <-chan struct{}) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	previous := &w.started
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		now := w.moment()
		s := sample(previous, now, &w.started)
		previous = now
		w.mu.Lock()
		phase := w.phase()
		w.samples = append(w.samples, s)
		w.mu.Unlock()
		fmt.Fprintln(w.progress, s.line(phase, w.run.options.PID != 0))
	}
}

// phase names what the run does; the caller holds the mutex.
func (w *watch) phase() string {
	switch {
	case w.first == nil:
		return "warm-up"
	case w.last == nil:
		return "measure"
	default:
		return "drain"
	}
}

// sample is the difference of two moments.
func sample(a, b, start *moment) Sample {
	seconds := (b.at - a.at).Seconds()
	rate := func(from, to int64) float64 { return float64(to-from) / seconds }
	percent := func(from, to time.Duration) float64 { return 100 * (to - from).Seconds() / seconds }
	delivery, ack := b.delivery.Since(&a.delivery), b.ack.Since(&a.ack)
	return Sample{
		At: (b.at - start.at).Seconds(), Sent: rate(a.sent, b.sent), Acked: rate(a.acked, b.acked),
		Delivered: rate(a.arrived, b.arrived), Others: rate(a.others, b.others),
		P50: ms(delivery.Quantile(0.5)), P99: ms(delivery.Quantile(0.99)), AckP50: ms(ack.Quantile(0.5)),
		ServerCPU: percent(a.server.CPU, b.server.CPU), DriverCPU: percent(a.driver.CPU, b.driver.CPU),
		Resident: mb(b.server.Resident),
	}
}

// line is the sample as a progress line.
func (s Sample) line(phase string, server bool) string {
	text := fmt.Sprintf("%4.0fs %-7s sent %6.0f/s  acked %6.0f/s  delivered %7.0f/s  p50 %8.2f ms  p99 %8.2f ms  driver %3.0f%%",
		s.At, phase, s.Sent, s.Acked, s.Delivered, s.P50, s.P99, s.DriverCPU)
	if server {
		text += fmt.Sprintf("  server %3.0f%%  %4.0f MB", s.ServerCPU, s.Resident)
	}
	return text
}

// ms is a duration in milliseconds.
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// mb is a number of bytes in MB (2^20).
func mb(bytes int64) float64 { return float64(bytes) / (1 << 20) }
