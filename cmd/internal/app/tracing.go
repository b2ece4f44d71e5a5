package app

import (
	"context"

	"parley/cmd/internal/tracing"
	"parley/domain/trace"
)

// startTracing makes the tracer where a collector is configured.
func (a *App) startTracing(_ context.Context, o Options) error {
	t := a.cfg.Traces
	if t.URL() == "" {
		return nil
	}
	header, err := t.HeaderValues()
	if err != nil {
		return err
	}
	resource, err := t.ResourceValues()
	if err != nil {
		return err
	}
	a.tracing, err = tracing.New(tracing.Options{
		URL: t.URL(), Headers: header, Service: t.Service, Version: o.Version, Instance: a.replica, Resource: resource,
		Sampler: t.Sampler, SamplerArg: t.SamplerArg, Logger: a.log,
	})
	return err
}

// tracer is what begins spans, nil where nothing is traced.
func (a *App) tracer() trace.Tracer {
	if a.tracing == nil {
		return nil
	}
	return a.tracing
}
