package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/hashicorp/consul/api"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Consul is the discovery backend on one node. It may be used by several
// goroutines at once.
type Consul struct {
	node      harness.Node
	port      uint16
	api       *api.Client
	transport *http.Transport
}

// ErrNoLeader is Consul answering that it has not elected itself yet.
var ErrNoLeader = lang.Errorf("Consul has no leader")

// connectConsul prepares a client for the Consul that listens on a port of a
// node. It does not dial yet. Nothing is taken from the environment.
func (o Options) connectConsul(n harness.Node, port uint16) (*Consul, error) {
	c := &Consul{node: n, port: port, transport: &http.Transport{DialContext: dialerTo(n, port), TLSClientConfig: o.ConsulTLS}}
	client, err := api.NewClient(&api.Config{
		Address:    netip.AddrPortFrom(n.Addr(), port).String(),
		Scheme:     schemeOf(o.ConsulTLS),
		HttpClient: &http.Client{Transport: withoutEnv{o.ConsulToken, o.guardTransport(c.transport)}},
		// What Consul itself takes no token for. Were it empty, NewClient would
		// read the file that CONSUL_HTTP_TOKEN_FILE names.
		Token: "anonymous",
	})
	if err != nil {
		return nil, failed(c, "connect", err)
	}
	c.api = client
	return c, nil
}

// withoutEnv takes out of a request what consul/api put in from the user's
// CONSUL_HTTP_TOKEN, CONSUL_NAMESPACE and CONSUL_PARTITION, which are about
// another Consul. The token is the one that is meant; none where it is empty.
type withoutEnv struct {
	token string
	next  http.RoundTripper
}

func (t withoutEnv) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Del("X-Consul-Token")
	if t.token != "" {
		r.Header.Set("X-Consul-Token", t.token)
	}
	query := r.URL.Query()
	query.Del("ns")
	query.Del("partition")
	r.URL.RawQuery = query.Encode()
	return t.next.RoundTrip(r)
}

// String returns the node's name and the address that is dialled.
func (c *Consul) String() string {
	return fmt.Sprintf("Consul on %s (%s)", c.node.Name(), netip.AddrPortFrom(c.node.Addr(), c.port))
}

// Close ends the idle connections.
func (c *Consul) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

// Leader returns the address of the leader as Consul gives it, such as
// 172.17.0.2:8300. The error is ErrNoLeader while there is none.
func (c *Consul) Leader(ctx context.Context) (string, error) {
	leader, err := c.api.Status().LeaderWithQueryOptions((&api.QueryOptions{}).WithContext(ctx))
	if err == nil && leader == "" {
		err = ErrNoLeader
	}
	return leader, c.failed("leader", err)
}

// Servers returns the addresses of the servers that Consul votes with, its own too,
// such as 172.17.0.2:8300. A server that is lost stays one of them.
func (c *Consul) Servers(ctx context.Context) ([]string, error) {
	servers, err := c.api.Status().PeersWithQueryOptions((&api.QueryOptions{}).WithContext(ctx))
	return servers, c.failed("servers", err)
}

// Keys lists the keys that start with prefix, sorted; none is no error.
func (c *Consul) Keys(ctx context.Context, prefix string) ([]string, error) {
	keys, _, err := c.api.KV().Keys(prefix, "", (&api.QueryOptions{}).WithContext(ctx))
	return keys, c.failed("keys under "+prefix, err)
}

// Entry is a key of Consul's and what it holds.
type Entry struct {
	Key, Value string
	// Session is of the one that keeps the key there: the key goes when it ends.
	// A key with none stays until somebody removes it.
	Session string
}

// Entries returns the keys that start with prefix, with what they hold, sorted;
// none is no error.
func (c *Consul) Entries(ctx context.Context, prefix string) ([]Entry, error) {
	pairs, _, err := c.api.KV().List(prefix, (&api.QueryOptions{}).WithContext(ctx))
	entries := make([]Entry, 0, len(pairs))
	for _, p := range pairs {
		entries = append(entries, Entry{p.Key, string(p.Value), p.Session})
	}
	return entries, c.failed("keys under "+prefix, err)
}

// Delete removes a key; one that is not there is removed already.
func (c *Consul) Delete(ctx context.Context, key string) error {
	_, err := c.api.KV().Delete(key, (&api.WriteOptions{}).WithContext(ctx))
	return c.failed("delete key "+key, err)
}

// Version returns Consul's version, such as 1.8.7.
func (c *Consul) Version(ctx context.Context) (string, error) {
	var answer struct{ Config struct{ Version string } }
	_, err := c.api.Raw().Query("/v1/agent/self", &answer, (&api.QueryOptions{}).WithContext(ctx))
	if err == nil && answer.Config.Version == "" {
		err = &kindError{ErrWrongService, lang.Errorf("no version in /v1/agent/self")}
	}
	return answer.Config.Version, c.failed("agent", err)
}

// failed tells Consul's own refusals from those of something else that speaks
// HTTP: that it does not have what every Consul has.
func (c *Consul) failed(what string, err error) error {
	var status api.StatusError
	switch {
	case !errors.As(err, &status):
	case status.Code == http.StatusNotFound:
		err = &kindError{ErrWrongService, err}
	case status.Code == http.StatusForbidden, status.Code == http.StatusUnauthorized:
		err = &kindError{ErrDenied, err}
	}
	return failed(c, what, err)
}
