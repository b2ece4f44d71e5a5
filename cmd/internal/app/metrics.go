package app

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley/domain/op"
	"parley/realtime/sio"
	"parley/storage"
)

// metrics is the server's Prometheus registry.
type metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.HistogramVec
}

// newMetrics returns a registry with the Go runtime and the process in it.
func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_operation_seconds", Help: "Time from a decoded request to its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"op", "door", "code"}),
	}
	m.registry.MustRegister(m.calls, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe counts one finished operation.
func (m *metrics) observe(o op.Observation) {
	m.calls.WithLabelValues(o.Op, o.Door, o.Code).Observe(o.Duration.Seconds())
}

// gauge adds a number that is read when it is asked for.
func (m *metrics) gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// counter adds a rising number that is read when it is asked for.
func (m *metrics) counter(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read))
}

// watchSockets adds the numbers of the Socket.IO door.
func (m *metrics) watchSockets(stats func() sio.Stats) {
	m.gauge("parley_connections", "Open Engine.IO connections.", func() float64 { return float64(stats().Conns) })
	m.gauge("parley_connections_polling", "Open connections on long-polling.", func() float64 { return float64(stats().Polling) })
	m.gauge("parley_sockets", "Connected Socket.IO sockets.", func() float64 { return float64(stats().Sockets) })
	m.gauge("parley_send_queue_bytes", "Bytes that wait on the connections' queues.", func() float64 { return float64(stats().QueuedBytes) })
	m.counter("parley_slow_closed_total", "Connections closed because they did not read.", func() float64 { return float64(stats().SlowClosed) })
	m.counter("parley_packets_received_total", "Packets received from clients.", func() float64 { return float64(stats().PacketsIn) })
	m.counter("parley_packets_sent_total", "Packets sent to clients.", func() float64 { return float64(stats().PacketsOut) })
}

// watchStore adds the numbers of the store's writer.
func (m *metrics) watchStore(stats func() storage.Stats) {
	m.counter("parley_store_commits_total", "Transactions committed.", func() float64 { return float64(stats().Commits) })
	m.counter("parley_store_rows_total", "Writes in committed transactions.", func() float64 { return float64(stats().Rows) })
	m.counter("parley_store_commit_seconds_total", "Time that commits took.", func() float64 { return stats().CommitSeconds })
	m.counter("parley_store_failed_total", "Writes that the database refused.", func() float64 { return float64(stats().Failed) })
	m.gauge("parley_store_queue", "Writes that wait.", func() float64 { return float64(stats().Queued) })
}

// handler serves the registry in Prometheus' text form.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
