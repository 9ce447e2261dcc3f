// Package engine says, typed, what a node's Docker engine, the Swarm manager
// and Consul answer, over a node's own connections.
package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"

	"github.com/docker/docker/client"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// maxAnswer is the longest answer that is read of an engine, in bytes.
const maxAnswer = 8 << 20

// maxIdle is how many connections wait for the next request: as many as the clients that
// ask at the same time when a cluster is filled.
const maxIdle = 64

// Client speaks the Engine API of one node's engine, or of a Swarm manager,
// which answers the same API for its whole cluster. It may be used by several
// goroutines at once.
type Client struct {
	node      harness.Node
	port      uint16
	scheme    string // http or https
	api       *client.Client
	transport *http.Transport
}

// connectReplica is connectPort for a Swarm manager that may be a replica. What it
// passes on to the primary it passes on with the connection, and all that is
// asked on that later, too: a replica then answers as the primary does
// (docker/swarm 1.2.9, api/utils.go, hijack). So each request has its own.
func (o Options) connectReplica(n harness.Node, port uint16) (*Client, error) {
	c, err := o.connectPort(n, port)
	if err == nil {
		c.transport.DisableKeepAlives = true
	}
	return c, err
}

// connectPort prepares a client for what listens on a port of a node. It does not
// dial yet: the first call does, and every call that finds no connection left.
// Nothing is taken from the environment: no proxy, no DOCKER_HOST.
func (o Options) connectPort(n harness.Node, port uint16) (*Client, error) {
	c := &Client{node: n, port: port, scheme: schemeOf(o.TLS), transport: &http.Transport{
		TLSClientConfig: o.TLS, MaxIdleConnsPerHost: maxIdle,
	}}
	web := &http.Client{Transport: c.transport, CheckRedirect: client.CheckRedirect}
	api, err := client.NewClientWithOpts(
		client.WithHTTPClient(web),
		client.WithHost("tcp://"+c.addr().String()),
		client.WithDialContext(dialerTo(n, port)),
		client.WithAPIVersionNegotiation(),
	)
	if err != nil {
		return nil, failed(c, "connect", err)
	}
	// WithHost sets the environment's proxy, and a number of idle connections above which
	// the transport closes the oldest, be it that a request is about to use it.
	c.transport.Proxy, c.transport.MaxIdleConns = nil, 0
	// The library wants an *http.Transport until here.
	web.Transport = o.guardTransport(web.Transport)
	c.api = api
	return c, nil
}

func dialerTo(n harness.Node, port uint16) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := n.Dial(ctx, port)
		if err != nil {
			return nil, &dialError{err}
		}
		return conn, nil
	}
}

// String returns the node's name and the address that is dialled.
func (c *Client) String() string { return fmt.Sprintf("%s (%s)", c.node.Name(), c.addr()) }

func (c *Client) addr() netip.AddrPort { return netip.AddrPortFrom(c.node.Addr(), c.port) }

// Close ends the idle connections.
func (c *Client) Close() error { return c.api.Close() }

// Ping returns nil when an engine or a Swarm manager answers.
func (c *Client) Ping(ctx context.Context) error {
	ping, err := c.api.Ping(ctx)
	if err == nil && ping.APIVersion == "" {
		err = &kindError{ErrWrongService, lang.Errorf("the answer to /_ping names no API version")}
	}
	return failed(c, "ping", asWrongService(err))
}

// asWrongService returns the error of asking for what every engine has: where it is not
// found there is no engine.
func asWrongService(err error) error {
	if err != nil && errors.Is(kindOf(err), ErrNotFound) {
		return &kindError{ErrWrongService, err}
	}
	return err
}

// getJSON decodes the answer to a GET of the Engine API, for what the client
// library's types leave out. The path is without a version: the engine then
// answers in its own.
func (c *Client) getJSON(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.scheme+"://"+c.addr().String()+path, nil)
	if err != nil {
		return err
	}
	resp, err := c.api.HTTPClient().Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusNotFound {
		return &kindError{ErrWrongService, fmt.Errorf("GET %s: %s", path, resp.Status)}
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s: %.200s", path, resp.Status, body)
	}
	return json.Unmarshal(body, into)
}
