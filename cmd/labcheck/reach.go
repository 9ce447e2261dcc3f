package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/steps"
)

// answerWithin is how long a service may take to answer at all.
const answerWithin = 5 * time.Second

// lostError is that something of the cluster could not be asked.
type lostError struct{ all []*harness.UnreachableError }

func (e *lostError) Error() string { return e.In(lang.English) }

// In writes the error in a language, with a line for each service.
func (e *lostError) In(l lang.Language) string { return l.Error(errors.Join(e.Unwrap()...)) }

func (e *lostError) Unwrap() []error {
	var all []error
	for _, l := range e.all {
		all = append(all, l)
	}
	return all
}

// reach asks every service once, all at the same time, so that what does not
// answer is known before a claim wants to know it.
func (s *session) reach(ctx context.Context, c *engine.Cluster) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	t := c.Topology()
	var group sync.WaitGroup
	ask := func(w *probed, port uint16, do func() error) {
		group.Go(func() {
			if lost := missed(w, fmt.Sprintf("%s:%d", w.Addr(), port), do()); lost != nil {
				w.lose(port, lost)
			}
		})
	}
	for i, h := range t.Hosts() {
		s.nodes[i].remembers = true
		ask(s.nodes[i], h.Engine().Port(), func() error { return isHost(ctx, c, h) })
		ask(s.nodes[i], harness.GossipPort, func() error {
			_, err := engine.Gossip(ctx, s.nodes[i])
			return claimed(err)
		})
	}
	ask(s.nodes[0], t.Swarm().Port(), func() error {
		_, err := c.Swarm().Info(ctx)
		return claimed(err)
	})
	ask(s.nodes[0], t.Consul().Port(), func() error {
		_, err := c.Consul().Keys(ctx, "docker/swarm/")
		return claimed(err)
	})
	group.Wait()
}

// isHost wants a host's engine, and not another's.
func isHost(ctx context.Context, c *engine.Cluster, h harness.Host) error {
	info, err := c.Engine(h.Name).Info(ctx)
	if err == nil && info.Name != h.Name {
		err = &harness.UnreachableError{
			Node: h.Name, Service: h.Engine().String(), Layer: harness.LayerIdentity,
			What: lang.Textf("the engine there is that of %s", info.Name),
			Hint: lang.Textf("mend the address of %s in the inventory, or the host's name", h.Name),
		}
	}
	return err
}

// claimed is nil for what the claims are about: that a service is not there, or
// says that it can't.
func claimed(err error) error {
	for _, known := range []error{engine.ErrTLS, engine.ErrWrongService, engine.ErrTimeout, engine.ErrDenied} {
		if errors.Is(err, known) {
			return err
		}
	}
	if errors.As(err, new(*harness.UnreachableError)) {
		return err
	}
	return nil
}

// missed says in which layer a service was lost; nil where it was not.
func missed(n harness.Node, at string, err error) *harness.UnreachableError {
	e := &harness.UnreachableError{Node: n.Name(), Service: at, Err: err}
	var known *harness.UnreachableError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, engine.ErrTLS):
		e.Layer, e.What = harness.LayerTLS, lang.Textf("no TLS connection comes about: %s", reason(err))
		e.Hint = lang.Textf("--tls-ca, --tls-cert and --tls-key, or DOCKER_CERT_PATH, where it speaks TLS, and none of them where it does not; for Consul CONSUL_HTTP_SSL and CONSUL_CACERT")
	case errors.Is(err, engine.ErrDenied):
		e.Layer, e.What = harness.LayerAccess, lang.Textf("Consul does not take the token: %s", reason(err))
		e.Hint = lang.Textf("set CONSUL_HTTP_TOKEN to one that may read docker/")
	case errors.Is(err, engine.ErrTimeout):
		e.Layer, e.What = harness.LayerSilence, lang.Textf("it takes connections and says nothing within %s", answerWithin)
		e.Hint = lang.Textf("see whether the machine hangs or is out of memory")
	default:
		e.Layer, e.What = harness.LayerService, lang.Textf("another service answers there: %s", reason(err))
		e.Hint = lang.Textf("say the right port in the inventory")
	}
	return e
}

// reason is the end of an error's chain: what the other side said.
func reason(err error) string {
	for {
		next := errors.Unwrap(err)
		if all, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // each is looked at by itself
			next = all.Unwrap()[len(all.Unwrap())-1]
		}
		if next == nil {
			return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }), "; ")
		}
		err = next
	}
}

// lost is what kept claims from being checked; nil where nothing did.
func (s *session) lost(scenarios []harness.Scenario) error {
	var e lostError
	told := map[string]bool{}
	for _, n := range s.nodes {
		for _, l := range n.seen {
			if text := s.lang.Error(l); l.Service != "" && !told[text] && keptFrom(scenarios, text) {
				told[text] = true
				e.all = append(e.all, l)
			}
		}
	}
	if len(e.all) == 0 {
		return nil
	}
	return &e
}

func keptFrom(scenarios []harness.Scenario, reason string) bool {
	for _, s := range scenarios {
		if s.Status == harness.Skipped && s.Reason == reason {
			return true
		}
	}
	return false
}

// leftover is a container that a run started and did not remove.
type leftover struct {
	host string
	engine.Container
}

// leftovers are all of the cluster; nodes that do not answer have none that we
// know of.
func leftovers(ctx context.Context, c *engine.Cluster) ([]leftover, error) {
	hosts := c.Topology().Hosts()
	found := make([][]leftover, len(hosts))
	errs := make([]error, len(hosts))
	var group sync.WaitGroup
	for i, h := range hosts {
		group.Go(func() {
			var all []engine.Container
			all, errs[i] = c.Engine(h.Name).Containers(ctx)
			for _, one := range all {
				if _, ours := one.Labels[steps.WorkloadLabel]; ours {
					found[i] = append(found[i], leftover{h.Name, one})
				}
			}
		})
	}
	group.Wait()
	var all []leftover
	for _, some := range found {
		all = append(all, some...)
	}
	return all, errors.Join(errs...)
}
