package engine

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"

	"labcheck/harness/lang"
)

// Options are how a cluster's services are spoken to. The zero value is the
// tutorial's way: neither TLS nor tokens.
type Options struct {
	// TLS is for the engines and the Swarm manager; nil is none. A node must
	// prove the address that its peers use, however it is reached.
	TLS *tls.Config
	// ConsulTLS is for Consul; nil is none.
	ConsulTLS   *tls.Config
	ConsulToken string
	// ReadOnly refuses every request but GET and HEAD before it is sent. What is
	// asked otherwise than by HTTP, the gossip, changes nothing (see Gossip);
	// Introduce does, and is not held back.
	ReadOnly bool
}

func schemeOf(c *tls.Config) string {
	if c == nil {
		return "http"
	}
	return "https"
}

func (o Options) guardTransport(next http.RoundTripper) http.RoundTripper {
	if !o.ReadOnly {
		return next
	}
	return readOnly{next}
}

// readOnly lets through what changes nothing.
type readOnly struct{ next http.RoundTripper }

func (t readOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil, lang.Errorf("%s %s: %w", r.Method, r.URL.Path, ErrReadOnly)
	}
	return t.next.RoundTrip(r)
}

// isTLSFailure tells whether TLS did not come about. A TLS server answers plain
// HTTP in words; net/http has no type for them.
func isTLSFailure(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(tls.AlertError)) ||
		errors.As(err, new(tls.RecordHeaderError)) ||
		strings.Contains(err.Error(), "remote error: tls: ") ||
		strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") ||
		strings.Contains(err.Error(), "lient sent an HTTP request to an HTTPS server")
}
