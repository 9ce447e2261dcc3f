package survey

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// Unreached returns in which layer a service can't be reached from here, if the
// target knows; nil otherwise. That nothing listens on a port is the word of its
// host.
func Unreached(err error) *harness.UnreachableError {
	var un *harness.UnreachableError
	if !errors.As(err, &un) || un.Layer == harness.LayerPort {
		return nil
	}
	return un
}

// IsRefused reports whether a host says that nothing listens on its port.
func IsRefused(err error) bool {
	return errors.Is(err, engine.ErrRefused) || errors.Is(err, syscall.ECONNREFUSED)
}

// KindOf returns the known kind that an error is of, or what the system said.
func KindOf(err error) error {
	if un := (*harness.UnreachableError)(nil); errors.As(err, &un) && un.Err != nil {
		err = un.Err
	}
	for _, k := range []error{engine.ErrRefused, engine.ErrTimeout, engine.ErrClosed, engine.ErrWrongService} {
		if errors.Is(err, k) {
			return k
		}
	}
	return err
}

// Classify returns in which layer the service at an address of a node is lost by
// an error; nil if it is not.
func Classify(n harness.Node, at string, err error) *harness.UnreachableError {
	e := &harness.UnreachableError{Node: n.Name(), Service: at, Err: err}
	var known *harness.UnreachableError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, engine.ErrTLS):
		e.Layer, e.What = harness.LayerTLS, lang.Textf("TLS handshake failed: %s", innermostText(err))
		e.Hint = lang.Textf("set --tls-ca, --tls-cert and --tls-key, or DOCKER_CERT_PATH, if it uses TLS, and none " +
			"of them if it does not; for Consul CONSUL_HTTP_SSL and CONSUL_CACERT")
	case errors.Is(err, engine.ErrDenied):
		e.Layer, e.What = harness.LayerAccess, lang.Textf("Consul does not take the token: %s", innermostText(err))
		e.Hint = lang.Textf("set CONSUL_HTTP_TOKEN to one that may read docker/")
	case errors.Is(err, engine.ErrTimeout):
		e.Layer, e.What = harness.LayerSilence, lang.Textf("it accepts connections but does not answer within %s", reachTime)
		e.Hint = lang.Textf("see whether the machine hangs or is out of memory")
	default:
		e.Layer, e.What = harness.LayerService, lang.Textf("another service answers there: %s", innermostText(err))
		e.Hint = lang.Textf("say the right port in the inventory")
	}
	return e
}

// innermostText returns the end of an error's chain, in one line: what the other side
// said.
func innermostText(err error) string {
	for {
		next := errors.Unwrap(err)
		if all, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // each is looked at by itself
			next = all.Unwrap()[len(all.Unwrap())-1]
		}
		if next == nil {
			return strings.ReplaceAll(err.Error(), "\n", "; ")
		}
		err = next
	}
}
