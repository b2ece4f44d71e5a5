package app

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"parley/domain"
	"parley/domain/system"
)

var _ system.Inspector = (*inspector)(nil)

// inspector looks into an App for the operations on its state.
type inspector struct{ app *App }

// Inspect returns what goes on now.
func (i *inspector) Inspect(context.Context) (system.Internals, error) {
	counts, sockets, store := i.app.gateway.Counts(), i.app.gateway.Stats(), i.app.store.Stats()
	inside := system.Internals{
		Agents: []system.AgentState{},
		Sockets: system.SocketState{Connections: sockets.Conns, Sockets: sockets.Sockets, Rooms: counts.Rooms,
			LogSubscribers: counts.LogSubscribers},
		Bus:      system.BusState{Published: counts.Published, Delivered: counts.Delivered, Dropped: i.app.logs.Dropped()},
		Database: system.DatabaseState{Driver: i.app.driver(), SizeBytes: store.SizeBytes, OpenConnections: store.OpenConnections},
	}
	for _, a := range i.app.agents.Activity() {
		state := system.AgentState{ID: a.ID, Name: a.Name, Status: string(a.Status), Plugins: a.Plugins, Pending: a.Pending, InFlight: a.InFlight}
		if state.Plugins == nil {
			state.Plugins = []string{}
		}
		if !a.StartedAt.IsZero() {
			text := domain.ISO(a.StartedAt)
			state.StartedAt = &text
		}
		inside.Agents = append(inside.Agents, state)
	}
	return inside, nil
}

// driver names the kind of store.
func (a *App) driver() string { return strings.ToLower(a.store.Caps.Name) }

// Metrics returns the numbers of the registry.
func (i *inspector) Metrics(context.Context) (system.Metrics, error) {
	m := system.Metrics{Counters: map[string]float64{}, Gauges: map[string]float64{}, Histograms: map[string]system.Histogram{}}
	families, err := i.app.metrics.registry.Gather()
	if err != nil {
		return m, fmt.Errorf("gather the metrics: %w", err)
	}
	for _, family := range families {
		for _, sample := range family.GetMetric() {
			addSample(m, family.GetType(), series(family.GetName(), sample.GetLabel()), sample)
		}
	}
	return m, nil
}

// addSample adds one series. A number that JSON cannot express is left out.
func addSample(m system.Metrics, kind dto.MetricType, name string, sample *dto.Metric) {
	switch kind { //nolint:exhaustive // the registry has no others
	case dto.MetricType_COUNTER:
		addNumber(m.Counters, name, sample.GetCounter().GetValue())
	case dto.MetricType_GAUGE:
		addNumber(m.Gauges, name, sample.GetGauge().GetValue())
	case dto.MetricType_UNTYPED:
		addNumber(m.Gauges, name, sample.GetUntyped().GetValue())
	case dto.MetricType_HISTOGRAM:
		h := sample.GetHistogram()
		buckets := make(map[string]uint64, len(h.GetBucket()))
		for _, b := range h.GetBucket() {
			buckets[bound(b.GetUpperBound())] = b.GetCumulativeCount()
		}
		m.Histograms[name] = system.Histogram{Count: h.GetSampleCount(), Sum: h.GetSampleSum(), Buckets: buckets}
	case dto.MetricType_SUMMARY:
		s := sample.GetSummary()
		quantiles := make(map[string]float64, len(s.GetQuantile()))
		for _, q := range s.GetQuantile() {
			addNumber(quantiles, bound(q.GetQuantile()), q.GetValue())
		}
		m.Histograms[name] = system.Histogram{Count: s.GetSampleCount(), Sum: s.GetSampleSum(), Quantiles: quantiles}
	}
}

// addNumber adds a number that JSON can express.
func addNumber(to map[string]float64, name string, value float64) {
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		to[name] = value
	}
}

// bound is a bucket's bound, or a quantile, as a key.
func bound(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }

// series is the name of a series with its labels, as Prometheus writes it.
func series(name string, labels []*dto.LabelPair) string {
	if len(labels) == 0 {
		return name
	}
	pairs := make([]string, len(labels))
	for i, l := range labels {
		pairs[i] = l.GetName() + "=" + strconv.Quote(l.GetValue())
	}
	return name + "{" + strings.Join(pairs, ",") + "}"
}

// MetricsText returns the registry in Prometheus' text form.
func (i *inspector) MetricsText(context.Context) (contentType string, text []byte, err error) {
	families, err := i.app.metrics.registry.Gather()
	if err != nil {
		return "", nil, fmt.Errorf("gather the metrics: %w", err)
	}
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	var b bytes.Buffer
	encoder := expfmt.NewEncoder(&b, format)
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return "", nil, fmt.Errorf("encode the metrics: %w", err)
		}
	}
	return string(format), b.Bytes(), nil
}
