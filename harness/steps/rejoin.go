package steps

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// join is a join container of the page's, and the one that stands in for it.
type join struct {
	host     string
	pages    engine.Container
	standsIn string // its ID; empty until it was made
}

// joinsWith has a host join with a heartbeat and a TTL of its own instead of
// the page's defaults, 60 and 180 seconds, which nobody wants to wait for.
func (w *World) joinsWith(ctx context.Context, host string, heartbeat, ttl int) error {
	pages, err := w.only(ctx, tutorial.SwarmJoin, host)
	if err != nil {
		return err
	}
	w.trouble.joins = append(w.trouble.joins, join{host: host, pages: pages})
	j := &w.trouble.joins[len(w.trouble.joins)-1]
	if err := w.leaves(ctx, host, pages.ID); err != nil {
		return err
	}
	args := []string{"join", fmt.Sprintf("--heartbeat=%ds", heartbeat), fmt.Sprintf("--ttl=%ds", ttl)}
	spec := engine.RunSpec{Image: w.service(tutorial.SwarmJoin).Spec.Image, Args: append(args, pages.Args[1:]...), Labels: map[string]string{WorkloadLabel: w.run}}
	if j.standsIn, err = w.cluster.Engine(host).Run(ctx, spec); err != nil {
		return err
	}
	return w.listedAgain(ctx, host)
}

// joinAgain has the page's join containers start again with their hosts, as
// `labcheck bootstrap --restart-join` does.
func (w *World) joinAgain(ctx context.Context) error {
	for _, h := range w.topology().Members {
		pages, err := w.only(ctx, tutorial.SwarmJoin, h.Name)
		if err != nil {
			return err
		}
		if pages.RestartPolicy == "no" {
			w.trouble.again = append(w.trouble.again, join{host: h.Name, pages: pages})
		}
	}
	t := w.topology()
	t.RestartJoin = true
	return w.page.Bootstrap(ctx, w.cluster.As(t), nil)
}

// leaves stops a join container, forgets what it registered, and waits until
// the cluster has noticed. The next one would otherwise go on with the session,
// and so the TTL, that the key has.
func (w *World) leaves(ctx context.Context, host, id string) error {
	if err := w.cluster.Engine(host).Stop(ctx, id); err != nil {
		return err
	}
	h, _ := w.host(host)
	if err := w.cluster.Consul().Delete(ctx, w.service(tutorial.SwarmJoin).Keys+netip.AddrPortFrom(h.Addr, harness.EnginePort).String()); err != nil {
		return err
	}
	return w.notListed(ctx, host, noticed)
}

// noticed is how long the cluster may take to notice that a node has left. A
// manager that lost Consul asks it again after 60 s (docker/docker,
// pkg/discovery/kv/kv.go, Watch).
const noticed = 90 * time.Second

func (w *World) host(name string) (harness.Host, bool) {
	for _, h := range w.topology().Hosts() {
		if h.Name == name {
			return h, true
		}
	}
	return harness.Host{}, false
}

// joinsAsBefore has the page's own join container run again.
func (w *World) joinsAsBefore(ctx context.Context, host string) error {
	for i, j := range w.trouble.joins {
		if j.host != host {
			continue
		}
		w.trouble.joins = append(w.trouble.joins[:i:i], w.trouble.joins[i+1:]...)
		if j.standsIn != "" {
			if err := w.leaves(ctx, host, j.standsIn); err != nil {
				return err
			}
			if err := w.cluster.Engine(host).Remove(ctx, j.standsIn); err != nil {
				return err
			}
		}
		return w.cluster.Engine(host).Start(ctx, j.pages.ID)
	}
	return lang.Errorf("%s has joined as the page has it", host)
}

// listedAgain waits for a host in the manager's list.
func (w *World) listedAgain(ctx context.Context, host string) error {
	return w.until(ctx, 30*time.Second, func(ctx context.Context) error {
		m, err := w.member(ctx, host)
		if err == nil && m.Status != engine.Healthy {
			err = lang.Errorf("%s is %s", host, m.Status)
		}
		return err
	})
}

// noneJoins wants no join container to run on a host.
func (w *World) noneJoins(ctx context.Context, host string) error {
	found, err := w.containersOf(ctx, tutorial.SwarmJoin, host)
	if err != nil {
		return err
	}
	if runs := running(found); len(runs) > 0 {
		return w.mismatch(host, w.lang.Say("no Swarm join container that runs"), w.describe(runs))
	}
	return nil
}

// startToBeRescheduled has Swarm start a container, on a node if it can be,
// which is to come up elsewhere when that node fails. It is not attached to the
// overlay network: what Swarm takes off that by force stays in the lost engine's
// own records, and after its next reboot nothing can be attached there any more
// (moby/libnetwork#2322).
func (w *World) startToBeRescheduled(ctx context.Context, node string) error {
	if err := w.takeTurn(ctx); err != nil {
		return err
	}
	s := w.spec(ctx, w.name("rescheduled"), "")
	s.Env = []string{"constraint:node==~" + node, "reschedule:on-node-failure"}
	if err := w.start(ctx, w.cluster.Swarm(), node, s); err != nil {
		return err
	}
	c, err := w.cluster.Swarm().Inspect(ctx, s.Name)
	if err == nil && c.Node != node {
		return w.mismatch(w.lang.Say("the node of %s", s.Name), node, c.Node)
	}
	return err
}

// elsewhere waits until the container runs on another node. The engines are
// asked: Swarm passes the question on to the node that it believes to have it.
func (w *World) elsewhere(ctx context.Context, seconds int) error {
	s := w.load.started[0]
	others := slices.DeleteFunc(slices.Clone(w.topology().Members), func(h harness.Host) bool { return h.Name == s.host })
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		states, err := each(ctx, others, func(ctx context.Context, h harness.Host) (string, error) {
			c, err := w.cluster.Engine(h.Name).Inspect(ctx, s.name)
			if errors.Is(err, engine.ErrNotFound) {
				return w.none(), nil
			}
			return c.State, err
		})
		if err == nil && !slices.Contains(states, "running") {
			err = w.mismatch(s.name, w.lang.Say("it runs on another node than %s", s.host), w.listed(states))
		}
		return err
	})
}

// onlyOnce waits until one engine alone has the container.
func (w *World) onlyOnce(ctx context.Context, seconds int) error {
	name := w.load.started[0].name
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		where, err := w.hostsOf(ctx, name)
		if err == nil && len(where) != 1 {
			err = w.mismatch(w.lang.Say("the engines that have %s", name), w.lang.Say("one"), w.listed(where))
		}
		return err
	})
}
