package config

import (
	"strings"
	"testing"
)

func TestTracesGoWhereOpenTelemetrySaysTheyDo(t *testing.T) {
	for _, tc := range []struct {
		env  []string
		want string
	}{
		{nil, ""},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318"}, "http://collector:4318/v1/traces"},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318/base/"}, "http://collector:4318/base/v1/traces"},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://a:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://b/in"}, "https://b/in"},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://a:1", "OTEL_SDK_DISABLED=true"}, ""},
		// Variables for other programs do not keep this one from starting.
		{[]string{"OTEL_TRACES_SAMPLER=jaeger_remote", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, ""},
	} {
		c, err := Load(source(nil, tc.env))
		if err != nil || c.Traces.URL() != tc.want {
			t.Errorf("%v: %q, %v", tc.env, c.Traces.URL(), err)
		}
	}
}

func TestWrongSettingsOfTracesAreNamedWithoutTheirSecrets(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318"
	for _, tc := range []struct{ name, env, more string }{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT=hush:4318", ""},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT=http://me:hush@collector:4318", ""},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", endpoint},
		{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS=hush", endpoint},
		{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS=key=hu%0Ash", endpoint},
		{"OTEL_RESOURCE_ATTRIBUTES", "OTEL_RESOURCE_ATTRIBUTES=alone", endpoint},
		{"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER=sometimes", endpoint},
		{"OTEL_TRACES_SAMPLER_ARG", "OTEL_TRACES_SAMPLER_ARG=2", endpoint},
	} {
		_, err := Load(source(nil, []string{tc.env, tc.more}))
		if err == nil || !strings.Contains(err.Error(), tc.name) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", tc.env, err)
		}
	}
}

func TestHeadersForTheCollectorAreDecoded(t *testing.T) {
	c, err := Load(source(nil, []string{"OTEL_EXPORTER_OTLP_HEADERS=api-key=abc, authorization=Bearer%20x%2Cy"}))
	if err != nil {
		t.Fatal(err)
	}
	header, err := c.Traces.HeaderValues()
	if err != nil || header.Get("Api-Key") != "abc" || header.Get("Authorization") != "Bearer x,y" {
		t.Errorf("%v, %v", header, err)
	}
	for _, e := range c.Effective() {
		if strings.Contains(e.Value, "abc") {
			t.Errorf("%s shows %s", e.Name, e.Value)
		}
	}
}
