package app

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley/domain"
	"parley/domain/agents"
	"parley/domain/models"
	"parley/domain/op"
	"parley/domain/trace"
	"parley/realtime"
	"parley/realtime/relay"
	"parley/realtime/sio"
	"parley/rest"
	"parley/storage"
)

// metrics is the server's Prometheus registry.
type metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.HistogramVec
	requests *prometheus.CounterVec
	answers  *prometheus.HistogramVec
	turns    *prometheus.HistogramVec
	models   *prometheus.HistogramVec
}

// newMetrics returns a registry with the Go runtime and the process in it.
func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_operation_seconds", Help: "Time from a decoded request to its answer.",
			Buckets: quickBuckets(),
		}, []string{"op", "door", "code"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_http_requests_total", Help: "Requests answered over HTTP, without those of the Socket.IO endpoint.",
		}, []string{"method", "route", "status"}),
		answers: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_http_request_seconds", Help: "Time from a request's head to the end of its reply.",
			Buckets: quickBuckets(),
		}, []string{"route"}),
		turns: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_agent_turn_seconds", Help: "Time that an agent worked on a message.",
			Buckets: slowBuckets(),
		}, []string{"code"}),
		models: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_model_call_seconds", Help: "Time that a model took for an answer.",
			Buckets: slowBuckets(),
		}, []string{"kind", "code"}),
	}
	m.registry.MustRegister(m.calls, m.requests, m.answers, m.turns, m.models, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe counts one finished operation.
func (m *metrics) observe(o op.Observation) {
	m.calls.WithLabelValues(o.Op, o.Door, o.Code).Observe(o.Duration.Seconds())
}

// quickBuckets are the bounds for what takes milliseconds.
func quickBuckets() []float64 {
	return []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
}

// slowBuckets are those for what takes seconds.
func slowBuckets() []float64 { return []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120} }

// observeRequest counts one answered request.
func (m *metrics) observeRequest(o rest.Observation) {
	m.requests.WithLabelValues(o.Method, o.Route, strconv.Itoa(o.Status)).Inc()
	m.answers.WithLabelValues(o.Route).Observe(o.Duration.Seconds())
}

// observeTurn counts the work on one message.
func (m *metrics) observeTurn(t agents.Turned) {
	m.turns.WithLabelValues(t.Code).Observe(t.Duration.Seconds())
}

// countedText is a model whose calls are counted and traced.
type countedText struct {
	models.Text
	provider string
	calls    *prometheus.HistogramVec
}

// Reply answers as the model does.
func (c countedText) Reply(ctx context.Context, p models.Prompt, emit func(string)) (models.Completion, error) {
	ctx, span := trace.Start(ctx, "model reply", trace.Client, trace.Text("gen_ai.operation.name", "chat"), trace.Text("gen_ai.provider.name", c.provider))
	began, code := time.Now(), "ok"
	completion, err := c.Text.Reply(ctx, p, emit)
	if err != nil {
		code = string(domain.AsError(err).Code)
	}
	span.End(err)
	c.calls.WithLabelValues("text", code).Observe(time.Since(began).Seconds())
	return completion, err
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

// watchGateway adds the numbers of channels and of the log's watchers.
func (m *metrics) watchGateway(counts func() realtime.Counts, dropped func() uint64) {
	m.gauge("parley_rooms", "Rooms with members.", func() float64 { return float64(counts().Rooms) })
	m.gauge("parley_log_subscribers", "Sockets that watch the log.", func() float64 { return float64(counts().LogSubscribers) })
	m.counter("parley_events_published_total", "Events of channels announced.", func() float64 { return float64(counts().Published) })
	m.counter("parley_events_delivered_total", "Events of channels handed to their rooms.", func() float64 { return float64(counts().Delivered) })
	m.counter("parley_history_queries_total", "Queries of the store for what clients had missed.", func() float64 { return float64(counts().HistoryQueries) })
	m.counter("parley_log_dropped_total", "Log entries that slow watchers have lost.", func() float64 { return float64(dropped()) })
}

// watchRelay adds the numbers of what is relayed to other replicas.
func (m *metrics) watchRelay(stats func() relay.Stats) {
	m.gauge("parley_relayed_sockets", "WebSockets that this replica relays to the one that has their session.", func() float64 { return float64(stats().Sockets) })
	m.gauge("parley_relayed_polls", "Polls that wait at another replica.", func() float64 { return float64(stats().Polls) })
	m.counter("parley_relayed_requests_total", "Requests of sockets relayed to another replica.", func() float64 { return float64(stats().Requests) })
	m.counter("parley_relay_failed_total", "Relayed requests that no replica answered.", func() float64 { return float64(stats().Failed) })
}

// watchCluster adds the numbers of what a replica knows of the others.
func (m *metrics) watchCluster(members func() int, up func() bool, counts func() realtime.Counts) {
	m.gauge("parley_cluster_members", "Replicas that this one knows of, itself included.", func() float64 { return float64(members()) })
	m.gauge("parley_redis_up", "1 while Redis answers, else 0.", func() float64 {
		if up() {
			return 1
		}
		return 0
	})
	m.counter("parley_bus_lapses_total", "Times that this replica may have missed something of the others and compared with the store.",
		func() float64 { return float64(counts().Lapses) })
}

// watchStore adds the numbers of the store's writer.
func (m *metrics) watchStore(stats func() storage.Stats) {
	m.counter("parley_store_commits_total", "Transactions committed.", func() float64 { return float64(stats().Commits) })
	m.counter("parley_store_rows_total", "Writes in committed transactions.", func() float64 { return float64(stats().Rows) })
	m.counter("parley_store_commit_seconds_total", "Time that commits took.", func() float64 { return stats().CommitSeconds })
	m.counter("parley_store_failed_total", "Writes that the database refused.", func() float64 { return float64(stats().Failed) })
	m.gauge("parley_store_bytes", "Size of the data on the disk.", func() float64 { return float64(stats().SizeBytes) })
	m.gauge("parley_store_connections", "Open connections to the database.", func() float64 { return float64(stats().OpenConnections) })
	m.gauge("parley_store_connections_used", "Connections to the database that serve a call.", func() float64 { return float64(stats().UsedConnections) })
	m.gauge("parley_store_connections_limit", "Connections to the database that may be open, 0 without a pool.", func() float64 { return float64(stats().ConnectionLimit) })
	m.gauge("parley_store_connection_queue", "Calls that wait for a connection to the database.", func() float64 { return float64(stats().ConnectionQueue) })
	m.counter("parley_store_connection_waits_total", "Connections to the database that were asked for.", func() float64 { return float64(stats().ConnectionWaits) })
	m.counter("parley_store_connection_wait_seconds_total", "Time that asking for connections to the database took.", func() float64 { return stats().ConnectionWaitSeconds })
	m.gauge("parley_store_queue", "Writes that wait.", func() float64 { return float64(stats().Queued) })
}

// handler serves the registry in Prometheus' text form.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
