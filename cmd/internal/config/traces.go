package config

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"parley/domain"
)

// otlpProtocol is the way of speaking OTLP that this server has.
const otlpProtocol = "http/protobuf"

// Traces says where traces go, in the words of OpenTelemetry.
type Traces struct {
	// Endpoint is the collector's base, SignalEndpoint the exact address for traces, which
	// wins; without either nothing is traced.
	Endpoint, SignalEndpoint string
	// Headers are sent along: name=value, separated by commas, percent-encoded.
	Headers  domain.Secret
	Protocol string
	// Service is what this server is called, Resource what else describes it: name=value.
	Service  string
	Resource []string
	// Sampler is the name of a sampler, SamplerArg the part of traces that a ratio keeps.
	Sampler    string
	SamplerArg float64
	Disabled   bool
}

// tracing is where traces go. The names are OpenTelemetry's own.
func (c *Config) tracing() []setting {
	t := &c.Traces
	return []setting{
		{name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: text(&t.Endpoint), shown: "none, which traces nothing",
			help: "Address of an OpenTelemetry collector that takes OTLP over HTTP, such as http://127.0.0.1:4318: traces go to /v1/traces below it."},
		{name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", value: text(&t.SignalEndpoint), shown: "/v1/traces below OTEL_EXPORTER_OTLP_ENDPOINT",
			help: "Address for traces alone, taken as it is."},
		{name: "OTEL_EXPORTER_OTLP_HEADERS", value: secret(&t.Headers), shown: "none",
			help: "Headers for the collector (secret), such as a key: name=value, separated by commas, values percent-encoded."},
		{name: "OTEL_EXPORTER_OTLP_PROTOCOL", value: lower(&t.Protocol), fallback: otlpProtocol,
			help: "How to speak to the collector; this server knows http/protobuf only."},
		{name: "OTEL_SERVICE_NAME", value: text(&t.Service), fallback: "parley",
			help: "What this server is called in traces."},
		{name: "OTEL_RESOURCE_ATTRIBUTES", value: list(&t.Resource), shown: "none",
			help: "What else traces say about this server: name=value, separated by commas, values percent-encoded; no secrets."},
		{name: "OTEL_TRACES_SAMPLER", value: lower(&t.Sampler), fallback: "parentbased_always_on",
			help: "Which traces are kept: always_on, always_off, traceidratio, or parentbased_ before one of them, which leaves it to a caller that traces too. The trace of a message is judged alike on every replica."},
		{name: "OTEL_TRACES_SAMPLER_ARG", value: number(&t.SamplerArg), fallback: "1",
			help: "The part of traces, 0 to 1, that traceidratio keeps; more costs network and the collector's disk."},
		{name: "OTEL_SDK_DISABLED", value: boolean(&t.Disabled), fallback: "false",
			help: "Trace nothing, whatever else is set."},
	}
}

// URL is where traces are sent, "" for nowhere.
func (t Traces) URL() string {
	switch {
	case t.Disabled:
		return ""
	case t.SignalEndpoint != "":
		return t.SignalEndpoint
	case t.Endpoint != "":
		return strings.TrimRight(t.Endpoint, "/") + "/v1/traces"
	default:
		return ""
	}
}

// HeaderValues are the headers for the collector. Its error repeats nothing of them.
func (t Traces) HeaderValues() (http.Header, error) {
	pairs, err := parsePairs(strings.Split(t.Headers.Reveal(), ","))
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for name, value := range pairs {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, errors.New("no header has such a name or value")
		}
		header.Set(name, value)
	}
	return header, nil
}

// ResourceValues are what else describes this server.
func (t Traces) ResourceValues() (map[string]string, error) { return parsePairs(t.Resource) }

// parsePairs reads name=value with percent-encoded values; empty texts are left out. Its
// error repeats nothing of them.
func parsePairs(texts []string) (map[string]string, error) {
	pairs := map[string]string{}
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			continue
		}
		name, encoded, ok := strings.Cut(text, "=")
		value, err := url.PathUnescape(strings.TrimSpace(encoded))
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil {
			return nil, fmt.Errorf("entry %d is not of the form name=value", i+1)
		}
		pairs[name] = value
	}
	return pairs, nil
}

// samplers are the allowed values of OTEL_TRACES_SAMPLER.
func samplers() []string {
	return []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}
}

// check reports what cannot be meant. Where nothing is traced nothing is asked for: the
// variables may be there for other programs.
func (t Traces) check() error {
	if t.URL() == "" {
		return nil
	}
	name := "OTEL_EXPORTER_OTLP_ENDPOINT"
	if t.SignalEndpoint != "" {
		name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	}
	_, headers := t.HeaderValues()
	_, resource := t.ResourceValues()
	return errors.Join(
		checkCollector(name, t.URL()),
		oneOf("OTEL_EXPORTER_OTLP_PROTOCOL", t.Protocol, []string{otlpProtocol}),
		oneOf("OTEL_TRACES_SAMPLER", t.Sampler, samplers()),
		between("OTEL_TRACES_SAMPLER_ARG", t.SamplerArg, 0, 1),
		named("OTEL_EXPORTER_OTLP_HEADERS", headers),
		named("OTEL_RESOURCE_ATTRIBUTES", resource),
	)
}

// checkCollector reports what is no address of a collector. It is not repeated: there may
// be a password in it.
func checkCollector(name, address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%s is not an address such as http://127.0.0.1:4318", name)
	case u.User != nil:
		return fmt.Errorf("%s must not hold a password: OTEL_EXPORTER_OTLP_HEADERS is where one goes", name)
	default:
		return nil
	}
}

// named puts the setting's name before an error, nil before none.
func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
