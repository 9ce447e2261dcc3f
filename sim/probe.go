package sim

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	dockercontainer "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim/images"
)

// notTested is why doctor can't tell whether packets arrive.
type notTested struct{ lang.Text }

func (e notTested) Error() string { return e.String() }

// testPackets finds out whether packets arrive between hosts of the lab, with those
// that it has or else with two throw-away ones on its subnet. The error is a
// notTested if that can't be tried, and a *BlockedError if they do not arrive. It
// says whether this machine dials hosts directly.
func (l *Lab) testPackets(ctx context.Context) (mode DialMode, err error) {
	nodes, err := l.nodes(ctx)
	if err == nil {
		return nodes[0].mode, l.testOwn(ctx, nodes)
	}
	if !errors.Is(err, harness.ErrNoNodes) {
		return "", err
	}
	missing, err := l.store.Missing(ctx, images.Node)
	if err != nil {
		return "", err
	}
	if len(missing) > 0 {
		return "", notTested{lang.Text{EN: "the node image is not there yet"}}
	}
	return l.testThrowAway(ctx)
}

// testOwn tries the hosts that the lab has.
func (l *Lab) testOwn(ctx context.Context, nodes []*node) error {
	faults, err := l.Faults(ctx)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return notTested{lang.Textf("fault %s is injected into %s", faults[0].Kind, faults[0].Node)}
	}
	return l.checkPackets(ctx, nodes)
}

// testThrowAway makes two hosts on the lab's subnet and removes them again, also if
// ctx ends, or, by the watchdog, if this process does.
func (l *Lab) testThrowAway(ctx context.Context) (mode DialMode, err error) {
	p := l.probeLab()
	if err := p.guard(); err != nil {
		return "", err
	}
	defer func() {
		clean, cancel := harness.WithLimit(context.WithoutCancel(ctx), downTimeout)
		defer cancel()
		err = errors.Join(err, p.Down(clean))
	}()
	if err := p.makeNetwork(ctx); err != nil {
		return "", err
	}
	bridge, err := p.network(ctx)
	if err != nil {
		return "", err
	}
	nodes, err := p.makeListeners(ctx, bridge)
	if err != nil {
		return "", err
	}
	return nodes[0].mode, p.checkPackets(ctx, nodes)
}

// probeLab is a lab of two hosts, under a name of its own.
func (l *Lab) probeLab() *Lab {
	t := l.topology
	t.Members = t.Members[:1]
	run := rand.Text()[:12]
	return &Lab{
		opts: l.opts, name: "doctor-" + strings.ToLower(run), run: run, topology: t,
		link: l.link, engine: l.engine, store: l.store, began: time.Now(), probe: l.name,
	}
}

// makeListeners makes hosts that do nothing but take connections at the engines'
// port.
func (l *Lab) makeListeners(ctx context.Context, bridge labNetwork) ([]*node, error) {
	ref, err := l.store.Ref(ctx, images.Node)
	if err != nil {
		return nil, err
	}
	hosts := l.topology.Hosts()
	nodes := make([]*node, len(hosts))
	for i, h := range hosts {
		nodes[i] = l.node("", h, bridge)
	}
	return nodes, each(nodes, func(n *node) (err error) {
		n.id, err = l.makeListener(ctx, ref, n)
		if err != nil {
			return lang.Errorf("start throw-away host %s: %w", n.name, err)
		}
		return nil
	})
}

func (l *Lab) makeListener(ctx context.Context, image string, n *node) (string, error) {
	labels := l.labels()
	labels[labelNode], labels[labelAddr] = n.name, n.addr.String()
	c, err := l.engine.ContainerCreate(ctx,
		&dockercontainer.Config{
			Image: image, Labels: labels, Hostname: n.name,
			Entrypoint: []string{"listen", n.addr.String(), enginePort, "sleep", "infinity"},
		},
		// Without the tmpfs the engine makes a volume, and copies the image's into it.
		&dockercontainer.HostConfig{Tmpfs: map[string]string{"/var/lib/docker": ""}},
		&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
			l.name: {NetworkID: n.network.id, IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: n.addr.String()}},
		}}, nil, l.name+"-"+n.name)
	if err != nil {
		return "", err
	}
	return c.ID, l.engine.ContainerStart(ctx, c.ID, dockercontainer.StartOptions{})
}

// awaitProbes waits until no doctor's throw-away hosts are on the lab's subnet. If
// they stay, the engine refuses the subnet.
func (l *Lab) awaitProbes(ctx context.Context) {
	ctx, cancel := harness.WithLimit(ctx, probeTimeout)
	defer cancel()
	_ = harness.Until(ctx, 100*time.Millisecond, func(ctx context.Context) error {
		found, err := l.engine.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelProbe))})
		if err != nil {
			return nil // whoever needs the engine next is told
		}
		for _, n := range found {
			for _, p := range prefixes(n.IPAM) {
				if p.Overlaps(l.topology.Subnet) {
					return errors.New("a doctor's network has the subnet")
				}
			}
		}
		return nil
	})
}

// checkPackets reports whether packets arrive.
func (d doctor) checkPackets(ctx context.Context, l *Lab) Check {
	name := d.lang.Say("packets")
	mode, err := l.testPackets(ctx)
	var blocked *BlockedError
	switch {
	case errors.As(err, &blocked):
		return d.failed(name, blocked, blocked.Hint.In(d.lang))
	case errors.Is(err, ErrNotOurs):
		return d.failed(name, err, "--dial exec")
	case errors.As(err, new(notTested)):
		return Check{name, true, d.lang.Say("not tested: %s", d.lang.Error(err)), ""}
	case err != nil:
		return d.failed(name, err, d.lang.Say("look at the engine's own log"))
	case mode == DialDirect:
		return Check{name, true, d.lang.Say("hosts reach one another, and this machine reaches them"), ""}
	}
	return Check{name, true, d.lang.Say("hosts reach one another"), ""}
}
