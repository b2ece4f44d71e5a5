package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/rs/zerolog"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/protobuf/proto"

	"parley/domain"
)

// complainEvery is how often the log is told that the collector does not answer.
const complainEvery = 10 * time.Minute

// maxReply is how much of a collector's reply is read, in bytes.
const maxReply = 64 << 10

var _ sdk.SpanExporter = (*exporter)(nil)

// exporter posts spans. The SDK calls it for one batch at a time.
type exporter struct {
	url    string
	header http.Header
	client *http.Client
	// life ends with stop, and with it whatever is being posted.
	life context.Context //nolint:containedctx // the life of the exporter, not of a call
	stop context.CancelFunc
	now  domain.Clock
	log  zerolog.Logger

	mu sync.Mutex
	// lost is how many spans have been lost since one got through, complained when the log
	// was told last, and told that it was since then.
	lost       int
	complained time.Time
	told       bool
}

// newExporter returns an exporter that has connected to nobody yet.
func newExporter(o Options) *exporter {
	if o.Now == nil {
		o.Now = time.Now
	}
	life, stop := context.WithCancel(context.Background())
	return &exporter{
		life: life, stop: stop, url: o.URL, header: o.Headers, now: o.Now, log: o.Logger.With().Str("component", "tracing").Logger(),
		client: &http.Client{
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
			// The headers are for this collector and no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// ExportSpans posts a batch. That it is lost is told to the log, and to the SDK never: that
// would tell it again, each time.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	body, err := proto.Marshal(encode(spans))
	if err == nil {
		err = e.post(ctx, body)
	}
	e.note(len(spans), err)
	return nil
}

// post sends a batch. Its error tells nothing of the headers.
func (e *exporter) post(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, values := range e.header {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	reply, err := e.client.Do(request)
	if err != nil {
		var wrapped *url.Error // it repeats the address, in which there may be a key
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return err
	}
	defer func() { _ = reply.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(reply.Body, maxReply)) // so that the connection is used again
	if reply.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answers %d", reply.StatusCode)
	}
	return nil
}

// note tells the log when batches begin to be lost, now and then while they are, and when
// they get through again.
func (e *exporter) note(spans int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		if e.told {
			e.log.Info().Int("lost", e.lost).Msg("traces can be sent again")
		}
		e.told, e.lost = false, 0
		return
	}
	e.lost += spans
	if now := e.now(); e.complained.IsZero() || now.Sub(e.complained) >= complainEvery {
		e.log.Warn().Err(err).Int("lost", e.lost).Msg("traces cannot be sent")
		e.complained, e.told = now, true
	}
}

// Shutdown gives the connection back.
func (e *exporter) Shutdown(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}
