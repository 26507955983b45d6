package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// readTimeout bounds a request that is no watch and changes nothing.
	readTimeout = 32 * time.Second
	// defaultWriteSec is how long beyond the deadline a write may still be stored, unless SLIPWAY_HELM_REQUEST_SEC says it.
	defaultWriteSec = 15
)

// guarded lets an operation send requests while it may, and counts the objects that it has applied.
type guarded struct {
	fence   *fence
	number  int64
	applied *atomic.Int64
	beyond  time.Duration
	next    http.RoundTripper
}

func (g *guarded) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := g.fence.permit(g.number); err != nil {
		return nil, err
	}
	if request.URL.Query().Get("watch") != "" {
		return g.next.RoundTrip(request)
	}
	limit := g.limit(request.Method)
	limited, cancel := context.WithTimeout(request.Context(), limit)
	response, err := g.next.RoundTrip(bounded(request.Clone(limited), limit))
	if err != nil {
		cancel()
		return nil, err
	}
	if response.StatusCode < 300 && request.Header.Get("Content-Type") == "application/apply-patch+yaml" {
		g.applied.Add(1)
	}
	response.Body = &cancelling{response.Body, cancel}
	return response, nil
}

// limit is how long a request may take. A successor writes so many seconds after the deadline: a write has ended by then.
func (g *guarded) limit(method string) time.Duration {
	if !writes(method) {
		return readTimeout
	}
	left, _ := g.fence.left()
	return max(left, 0) + g.beyond
}

// bounded tells the server too when a write is over: one that hangs in a webhook would be stored later, whoever asked is gone.
func bounded(request *http.Request, limit time.Duration) *http.Request {
	if writes(request.Method) {
		query := request.URL.Query()
		query.Set("timeout", fmt.Sprintf("%ds", max(1, int(limit.Seconds()))))
		request.URL.RawQuery = query.Encode()
	}
	return request
}

func writes(method string) bool { return method != http.MethodGet && method != http.MethodHead }

// allowedBeyond is how long beyond the deadline a write may last, from SLIPWAY_HELM_REQUEST_SEC.
func allowedBeyond() time.Duration {
	if told, err := strconv.ParseFloat(os.Getenv("SLIPWAY_HELM_REQUEST_SEC"), 64); err == nil && told > 0 {
		return time.Duration(told * float64(time.Second))
	}
	return defaultWriteSec * time.Second
}

// cancelling frees a request's timer when its answer has been read.
type cancelling struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (c *cancelling) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}

// dialer opens connections that send nothing beyond the deadline, down to the last write.
func dialer(f *fence) func(context.Context, string, string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := plain.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &fencedConnection{connection, f}, nil
	}
}

type fencedConnection struct {
	net.Conn
	fence *fence
}

func (c *fencedConnection) Write(data []byte) (int, error) {
	c.fence.permitWrite()
	return c.Conn.Write(data)
}
