package sim

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim/images"
)

// untestedError reports why doctor can't find out whether packets arrive.
type untestedError struct{ lang.Text }

func (e untestedError) Error() string { return e.String() }

// testPackets finds out whether packets arrive between hosts of the lab, with those
// that it has or else with two throw-away ones on its subnet. The error is an
// untestedError if it can't try, and a *BlockedError if they do not arrive. It
// returns how this machine dials hosts.
func testPackets(ctx context.Context, l *Lab) (DialMode, error) {
	nodes, err := l.findNodes(ctx)
	if err == nil {
		return nodes[0].mode, testNodes(ctx, nodes, l.topology.Manager)
	}
	if !errors.Is(err, harness.ErrNoNodes) {
		return "", err
	}
	missing, err := l.Images().Missing(ctx, images.Node)
	if err != nil {
		return "", err
	}
	if len(missing) > 0 {
		return "", untestedError{lang.Text{EN: "the node image is not made yet"}}
	}
	if len(l.machines) > 1 {
		return "", untestedError{lang.Text{EN: "labcheck up tests it between machines"}}
	}
	return testThrowAway(ctx, l)
}

// testNodes tests the hosts that the lab has.
func testNodes(ctx context.Context, nodes []*node, manager harness.Host) error {
	faults, err := readAllFaults(ctx, nodes)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return untestedError{lang.Textf("fault %s is injected into %s", faults[0].Kind, faults[0].Node)}
	}
	return checkPackets(ctx, nodes, manager)
}

// testThrowAway makes two hosts on the lab's subnet and removes them again, also if
// ctx ends, or, by the watchdog, if this process does.
func testThrowAway(ctx context.Context, l *Lab) (mode DialMode, err error) {
	o := newLabObjects("", l.machines[0])
	o.lab, o.probed = "doctor-"+strings.ToLower(o.run), l.Lab()
	watchdog, err := startWatchdog(l.opts.Watchdog, l.machines[0].link, o)
	if err != nil {
		return "", err
	}
	defer func() {
		if failed := o.removeRun(ctx); failed != nil {
			err = errors.Join(err, lang.Errorf("remove lab %s: %w", o.lab, failed))
			return
		}
		watchdog.dismiss()
	}()
	image, err := l.Images().Ref(ctx, images.Node)
	if err != nil {
		return "", err
	}
	bridge, err := subnetRequest{&Lab{topology: l.topology, machines: l.machines, objects: o}}.makeBridge(ctx)
	if err != nil {
		return "", err
	}
	var nodes []*node
	hosts := l.topology.Hosts()
	for _, h := range hosts[:min(2, len(hosts))] {
		nodes = append(nodes, newNode(nodeContainer{engine: o.engine()}, h, bridge, l.opts.Dial))
	}
	err = inParallel(nodes, func(n *node) error { return startListener(ctx, o, image, n) })
	if err != nil {
		return "", err
	}
	return nodes[0].mode, checkPackets(ctx, nodes, l.topology.Manager)
}

// startListener makes and starts the container of a throw-away host. It does nothing
// but accept connections at the engines' port.
func startListener(ctx context.Context, o labObjects, image string, n *node) error {
	making, cancel := withGrace(ctx)
	defer cancel()
	c, err := o.engine().ContainerCreate(making,
		&container.Config{
			Image: image, Labels: o.nodeLabels(n.name, n.addr), Hostname: n.name,
			Entrypoint: []string{"listen", n.addr.String(), strconv.Itoa(int(n.port)), "sleep", "infinity"},
		},
		// Without the tmpfs the engine makes a volume, and copies the image's into it.
		&container.HostConfig{Tmpfs: map[string]string{"/var/lib/docker": ""}},
		&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
			o.lab: {NetworkID: n.bridge.id, IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: n.addr.String()}},
		}}, nil, o.lab+"-"+n.name)
	if n.id = c.ID; err == nil {
		err = o.engine().ContainerStart(making, c.ID, container.StartOptions{})
	}
	if err != nil {
		return lang.Errorf("start throw-away host %s: %w", n.name, err)
	}
	return nil
}
