package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// separator stands between the packets of one polling body.
const separator = 0x1e

// pollTransport keeps one GET waiting and sends by POST.
type pollTransport struct {
	http    *http.Client
	address string
	stamp   atomic.Uint64 // makes each request unlike the others, as official clients do
	patient atomic.Int64  // nanoseconds a GET may wait

	ctx    context.Context // the connection's own life, which outlasts the dial
	cancel context.CancelFunc

	rest []byte // of the last body, packets not yet returned
}

// dialPolling opens the transport and reads the open packet.
func dialPolling(ctx context.Context, base *url.URL, o Options) (transport, open, error) {
	t := &pollTransport{http: o.HTTP, address: endpoint(base, base.Scheme, Polling, "")}
	t.ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	t.expect(o.Timeout)
	stop := context.AfterFunc(ctx, t.cancel)
	packet, err := t.read()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		t.cancel()
		return nil, open{}, fmt.Errorf("wait for the open packet: %w", err)
	}
	hello, err := parseOpen(packet)
	if err != nil {
		t.cancel()
		return nil, open{}, err
	}
	t.address = endpoint(base, base.Scheme, Polling, hello.SID)
	return t, hello, nil
}

// read is part of transport.
func (t *pollTransport) read() ([]byte, error) {
	if len(t.rest) == 0 {
		body, err := t.poll()
		if err != nil {
			return nil, err
		}
		t.rest = body
	}
	packet, rest, _ := bytes.Cut(t.rest, []byte{separator})
	t.rest = rest
	return packet, nil
}

// poll waits for the next body.
func (t *pollTransport) poll() ([]byte, error) {
	ctx, cancel := context.WithTimeout(t.ctx, time.Duration(t.patient.Load()))
	defer cancel()
	return t.exchange(ctx, http.MethodGet, nil)
}

// write is part of transport.
func (t *pollTransport) write(packets ...[]byte) error {
	_, err := t.exchange(t.ctx, http.MethodPost, bytes.Join(packets, []byte{separator}))
	return err
}

// exchange makes one request and returns the body of its answer.
func (t *pollTransport) exchange(ctx context.Context, method string, body []byte) (answer []byte, err error) {
	address := t.address + "&t=" + strconv.FormatUint(t.stamp.Add(1), 36)
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	response, err := t.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxPacket))
	if err != nil {
		return nil, fmt.Errorf("%s: read the answer: %w", method, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %q", method, response.Status, clip(answer))
	}
	return answer, nil
}

// expect is part of transport.
func (t *pollTransport) expect(d time.Duration) { t.patient.Store(int64(d)) }

// close is part of transport.
func (t *pollTransport) close() error {
	t.cancel()
	return nil
}
