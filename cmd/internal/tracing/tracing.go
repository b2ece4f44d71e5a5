package tracing

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"

	"parley/domain"
)

// FlushTimeout bounds how long the stop waits for the collector.
const FlushTimeout = 2 * time.Second

// The bounds of the queue, and of what a span holds. A full queue takes a few megabytes.
const (
	maxQueue      = 4096
	maxBatch      = 512
	batchEvery    = 2 * time.Second
	exportTimeout = 10 * time.Second
	maxAttributes = 32
	maxLinks      = 16
	maxText       = 256
)

// Options of a Tracer; every field is needed unless it says otherwise.
type Options struct {
	// URL is where traces are posted, with Headers, which may be nil.
	URL     string
	Headers http.Header
	// Service and Version name this server, Instance this process; "" makes one up.
	Service, Version, Instance string
	// Resource is what else describes this server, and wins over the names; may be nil.
	Resource map[string]string
	// Sampler is one of OpenTelemetry's names, SamplerArg the part that a ratio keeps.
	Sampler    string
	SamplerArg float64
	Now        domain.Clock
	Logger     zerolog.Logger
}

// Tracer is a domain/trace.Tracer. It is safe for concurrent use. Close ends it.
type Tracer struct {
	provider *sdk.TracerProvider
	exporter *exporter
	tracer   otel.Tracer
	sampler  sdk.Sampler
}

// New returns a Tracer that sends what it is told to a collector, which need not be there.
func New(o Options) (*Tracer, error) {
	sampler, err := newSampler(o.Sampler, o.SamplerArg)
	if err != nil {
		return nil, err
	}
	exporter := newExporter(o)
	limits := sdk.NewSpanLimits()
	limits.AttributeCountLimit, limits.LinkCountLimit, limits.AttributeValueLengthLimit = maxAttributes, maxLinks, maxText
	provider := sdk.NewTracerProvider(
		sdk.WithSampler(sampler), sdk.WithIDGenerator(ids{}), sdk.WithRawSpanLimits(limits), sdk.WithResource(o.resource()),
		sdk.WithBatcher(exporter, sdk.WithMaxQueueSize(maxQueue), sdk.WithMaxExportBatchSize(maxBatch),
			sdk.WithBatchTimeout(batchEvery), sdk.WithExportTimeout(exportTimeout)))
	return &Tracer{provider: provider, exporter: exporter, tracer: provider.Tracer("parley"), sampler: sampler}, nil
}

// resource describes this process.
func (o Options) resource() *resource.Resource {
	if o.Instance == "" {
		o.Instance = uuid.NewString()
	}
	attrs := []attribute.KeyValue{
		attribute.String("service.name", o.Service), attribute.String("service.version", o.Version),
		attribute.String("service.instance.id", o.Instance),
		attribute.String("telemetry.sdk.name", "opentelemetry"), attribute.String("telemetry.sdk.language", "go"),
	}
	for name, value := range o.Resource {
		attrs = append(attrs, attribute.String(name, value)) // the last of a name wins
	}
	return resource.NewSchemaless(attrs...)
}

// newSampler returns the sampler of one of OpenTelemetry's names.
func newSampler(name string, arg float64) (sdk.Sampler, error) {
	switch name {
	case "always_on":
		return sdk.AlwaysSample(), nil
	case "always_off":
		return sdk.NeverSample(), nil
	case "traceidratio":
		return sdk.TraceIDRatioBased(arg), nil
	case "", "parentbased_always_on":
		return sdk.ParentBased(sdk.AlwaysSample()), nil
	case "parentbased_always_off":
		return sdk.ParentBased(sdk.NeverSample()), nil
	case "parentbased_traceidratio":
		return sdk.ParentBased(sdk.TraceIDRatioBased(arg)), nil
	default:
		return nil, errors.New("there is no sampler of that name")
	}
}

// Close sends what waits, within FlushTimeout, and ends the Tracer. What does not get
// through in that time is lost.
func (t *Tracer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), FlushTimeout)
	defer cancel()
	defer t.exporter.stop()
	if err := t.provider.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
