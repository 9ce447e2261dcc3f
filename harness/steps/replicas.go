package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/engine"
)

// builtWith builds the cluster with replicas of the Swarm manager, as
// `labcheck bootstrap --replicas` does, and notes how it is.
func (w *World) builtWith(ctx context.Context, replicas int) error {
	if w.hosts != nil {
		page := w.topology()
		t := page
		t.Replicas = replicas
		w.sees(t)
		w.trouble.page = &page
	}
	if err := w.performed(ctx); err != nil {
		return err
	}
	if err := w.onePrimary(ctx, len(w.topology().Members), 60); err != nil {
		return err
	}
	var err error
	w.trouble.keys, err = w.keys(ctx)
	return err
}

// roles are what the Swarm managers that answer say of themselves, by host.
func (w *World) roles(ctx context.Context) map[string]engine.Swarm {
	ctx, cancel := harness.WithLimit(ctx, 5*time.Second)
	defer cancel()
	hosts := w.topology().Managers()
	// That one does not answer is what scenarios make of it.
	infos, _ := each(ctx, hosts, func(ctx context.Context, h harness.Host) (*engine.Swarm, error) {
		info, err := w.cluster.SwarmOn(h.Name).Info(ctx)
		if err != nil {
			return nil, nil //nolint:nilerr // see above
		}
		return info.Swarm, nil
	})
	roles := map[string]engine.Swarm{}
	for i, h := range hosts {
		if infos[i] != nil {
			roles[h.Name] = *infos[i]
		}
	}
	return roles
}

// primary is the host of the one Swarm manager that is primary, and what all say
// of themselves. It is empty where not exactly one is.
func (w *World) primary(ctx context.Context) (host string, all map[string]engine.Swarm) {
	all = w.roles(ctx)
	for name, s := range all {
		switch {
		case s.Role == engine.Replica:
		case host != "":
			return "", all
		default:
			host = name
		}
	}
	return host, all
}

// onePrimary waits until one manager is primary, each other names it, and each
// lists the nodes.
func (w *World) onePrimary(ctx context.Context, nodes, seconds int) error {
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		primary, all := w.primary(ctx)
		c := w.compare("the Swarm managers")
		c.equal(w.lang.Say("how many answer"), fmt.Sprint(len(w.topology().Managers())), fmt.Sprint(len(all)))
		if primary == "" {
			c.differs(w.lang.Say("one primary"), w.describeRoles(all))
			return c.err()
		}
		h, _ := w.host(primary)
		at := w.topology().SwarmOf(h).String()
		for name, s := range all {
			if s.Role == engine.Replica {
				c.equal(w.lang.Say("the primary, as %s says", name), at, s.Primary)
			}
			c.equal(w.lang.Say("nodes of %s", name), fmt.Sprint(nodes), fmt.Sprint(len(s.Members)))
			for _, m := range s.Members {
				c.equal(m.Name, engine.Healthy, m.Status)
			}
		}
		return c.err()
	})
}

func (w *World) describeRoles(all map[string]engine.Swarm) string {
	var said []string
	for name, s := range all {
		said = append(said, fmt.Sprintf("%s: %s %s", name, s.Role, s.Primary))
	}
	slices.Sort(said)
	return w.listed(said)
}

// primaryStops stops the Swarm manager that is primary.
func (w *World) primaryStops(ctx context.Context) error {
	primary, all := w.primary(ctx)
	if primary == "" {
		return w.mismatch(w.lang.Say("the Swarm managers"), w.lang.Say("one primary"), w.describeRoles(all))
	}
	return w.breaks(ctx, harness.Fault{Kind: harness.FaultStop, Node: primary, Service: "manager"})
}

// another waits for a primary that is another than before the fault, which must
// come neither sooner nor later than what TTL and gossip predict.
func (w *World) another(ctx context.Context, from, to int) error {
	earliest, latest := time.Duration(from)*time.Second, time.Duration(to)*time.Second
	err := w.until(ctx, latest-time.Since(w.trouble.at), func(ctx context.Context) error {
		now, all := w.primary(ctx)
		if now == "" || now == w.trouble.primary {
			return w.mismatch(w.lang.Say("the Swarm managers"), w.lang.Say("a primary that is not on %s", w.trouble.primary), w.describeRoles(all))
		}
		return nil
	})
	if took := time.Since(w.trouble.at); err == nil && took < earliest {
		return w.mismatch(w.lang.Say("when another one was primary"),
			w.lang.Say("%d to %d seconds", from, to), w.lang.Say("%.1f seconds", took.Seconds()))
	}
	return err
}

// oneAtMost wants no second primary. Without a quorum there may be none, or the
// one that was: where its own Consul led it has not noticed yet.
func (w *World) oneAtMost(ctx context.Context) error {
	all := w.roles(ctx)
	c := w.compare("the Swarm managers")
	c.equal(w.lang.Say("how many answer"), fmt.Sprint(len(w.topology().Managers())), fmt.Sprint(len(all)))
	for name, s := range all {
		if s.Role != engine.Replica && name != w.trouble.primary {
			c.differs(w.lang.Say("no new primary"), name)
		}
	}
	return c.err()
}

// startThroughEach starts a container through every Swarm manager that answers,
// all at once: an engine whose cluster store is lost takes 45 s for one.
func (w *World) startThroughEach(ctx context.Context) error {
	if err := w.takeTurn(ctx); err != nil {
		return err
	}
	var hosts []harness.Host
	for name := range w.roles(ctx) {
		h, _ := w.host(name)
		hosts = append(hosts, h)
	}
	if len(hosts) == 0 {
		return w.mismatch(w.lang.Say("the Swarm managers"), w.lang.Say("one that answers"), w.lang.Say("none"))
	}
	_, err := each(ctx, hosts, func(ctx context.Context, h harness.Host) (struct{}, error) {
		on := w.cluster.SwarmOn(h.Name)
		s := w.spec(ctx, w.name("through-"+h.Name), "")
		id, err := patiently(ctx, on, s)
		if err != nil {
			return struct{}{}, err
		}
		c, err := on.Inspect(ctx, id)
		w.load.mu.Lock()
		defer w.load.mu.Unlock()
		w.load.started = append(w.load.started, started{id, s.Name, c.Node})
		return struct{}{}, err
	})
	return err
}

// servers wants Consul to vote with a number of servers.
func (w *World) servers(ctx context.Context, servers, seconds int) error {
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		have, err := w.cluster.Consul().Servers(ctx)
		if err == nil && len(have) != servers {
			err = w.mismatch("Consul", w.lang.Say("%d servers", servers), w.listed(have))
		}
		return err
	})
}

func (w *World) noLeader(ctx context.Context, seconds int) error {
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		leader, err := w.cluster.Consul().Leader(ctx)
		if errors.Is(err, engine.ErrNoLeader) {
			return nil
		}
		if err == nil {
			err = w.mismatch("Consul", w.lang.Say("no leader"), leader)
		}
		return err
	})
}

// diagnosed wants the diagnosis to name a cause first.
func (w *World) diagnosed(ctx context.Context, code string) error {
	r := diagnose.Run(ctx, w.cluster, diagnose.Options{Lang: w.lang})
	c := w.compare("the diagnosis")
	first := ""
	if len(r.Findings) > 0 {
		first = r.Findings[0].Code
	}
	c.equal(w.lang.Say("the first cause"), code, w.orNone(first))
	return c.err()
}

// keys are those of Swarm and of the engines in Consul.
func (w *World) keys(ctx context.Context) ([]string, error) {
	return w.cluster.Consul().Keys(ctx, "docker/")
}

// keysAreThere waits until nothing lacks that Consul had.
func (w *World) keysAreThere(ctx context.Context, seconds int) error {
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		now, err := w.keys(ctx)
		if err != nil {
			return err
		}
		if lost := without(w.trouble.keys, now); len(lost) > 0 {
			return w.mismatch(w.lang.Say("Consul's keys"), w.lang.Say("all that were there"), w.lang.Say("without %s", w.listed(lost)))
		}
		return nil
	})
}
