package sim

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/docker/docker/api/types/network"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/subnet"
)

// SubnetError reports that a lab can't have the requested subnet.
type SubnetError struct {
	harness.HintError
	// byProbe says that doctor's throw-away hosts have the subnet.
	byProbe bool
}

// newSubnetError returns the error that usedBy has a subnet.
func newSubnetError(subnet netip.Prefix, usedBy, hint lang.Text) *SubnetError {
	err := lang.Errorf("subnet %s can't be used: %s", subnet, usedBy)
	return &SubnetError{HintError: harness.HintError{Err: err, Hint: hint}}
}

// subnetRequest is a request for a lab's network, on its subnet.
type subnetRequest struct{ *Lab }

// ensureBridge returns the lab's bridge, which it makes if there is none.
func (r subnetRequest) ensureBridge(ctx context.Context) (labBridge, error) {
	bridge, err := r.objects.findBridge(ctx)
	if errors.Is(err, harness.ErrNoNodes) {
		bridge, err = r.makeBridge(ctx)
	}
	if err == nil { // another labcheck may have made it since Open
		err = bridge.checkSame(r.objects.lab, r.topology)
	}
	return bridge, err
}

// makeBridge makes the lab's bridge. If two labchecks make the same lab at the same
// moment one of them fails here: the engine gives a subnet once.
func (r subnetRequest) makeBridge(ctx context.Context) (labBridge, error) {
	if err := r.checkSubnet(ctx); err != nil {
		return labBridge{}, err
	}
	labels := r.objects.newLabels()
	if record := recordTopology(r.topology); record != "" {
		labels[labelTopology] = record
	}
	making, cancel := withGrace(ctx)
	defer cancel()
	options := network.CreateOptions{
		Driver: "bridge",
		Labels: labels,
		IPAM:   &network.IPAM{Config: []network.IPAMConfig{{Subnet: r.topology.Subnet.String()}}},
	}
	if len(r.machines) > 1 {
		if err := r.makeOverlay(&options); err != nil {
			return labBridge{}, err
		}
	}
	if _, err := r.objects.engine().NetworkCreate(making, r.objects.lab, options); err != nil {
		if taken := r.awaitListing(ctx); taken != nil {
			return labBridge{}, taken
		}
		return labBridge{}, lang.Errorf("make network %s: %w", r.objects.lab, err)
	}
	r.opts.reportEvent("", lang.Text{EN: "network made"})
	return r.awaitBridge(ctx)
}

// awaitBridge returns the network that was just made. A swarm gives it its subnet some
// time later.
func (r subnetRequest) awaitBridge(ctx context.Context) (b labBridge, err error) {
	ctx, cancel := harness.WithLimit(ctx, listTimeout)
	defer cancel()
	err = harness.Until(ctx, 50*time.Millisecond, func(ctx context.Context) (err error) {
		b, err = r.objects.findBridge(ctx)
		return err
	})
	return b, err
}

// checkSubnet returns a *SubnetError if the subnet overlaps with another network of
// the engine, or an address or a route of this machine. Its hint proposes a free one.
func (r subnetRequest) checkSubnet(ctx context.Context) error {
	found, err := r.awaitProbes(ctx)
	if err == nil {
		err = checkMachine(r.topology.Subnet, found)
		if err != nil {
			if taken := r.awaitListing(ctx); taken != nil {
				return taken
			}
		}
	}
	return err
}

// awaitProbes is checkNetworks, and waits until no doctor's throw-away hosts are on
// the subnet.
func (r subnetRequest) awaitProbes(ctx context.Context) (found []network.Inspect, err error) {
	wait, cancel := harness.WithLimit(ctx, probeTimeout)
	defer cancel()
	_ = harness.Until(wait, 100*time.Millisecond, func(context.Context) error {
		found, err = r.checkNetworks(ctx)
		var taken *SubnetError
		if errors.As(err, &taken) && taken.byProbe {
			return err
		}
		return nil
	})
	return found, err
}

// awaitListing waits until the engine lists the network to which it gave the subnet:
// it refuses a subnet, and has a bridge for it, some time before that.
func (r subnetRequest) awaitListing(ctx context.Context) *SubnetError {
	ctx, cancel := harness.WithLimit(ctx, listTimeout)
	defer cancel()
	var taken *SubnetError
	_ = harness.Until(ctx, 50*time.Millisecond, func(ctx context.Context) error {
		if _, err := r.checkNetworks(ctx); errors.As(err, &taken) {
			return nil
		}
		return errors.New("no network has the subnet")
	})
	return taken
}

// checkNetworks returns the engine's networks, and a *SubnetError if one of these has
// the subnet.
func (r subnetRequest) checkNetworks(ctx context.Context) ([]network.Inspect, error) {
	var found []network.Inspect
	var taken *network.Inspect
	var at lang.Text
	for _, e := range r.objects.engines {
		listed, err := e.client.NetworkList(ctx, network.ListOptions{})
		if err != nil {
			return nil, err
		}
		found = append(found, listed...)
		i := slices.IndexFunc(listed, func(n network.Inspect) bool {
			return hasOverlap(n, r.topology.Subnet) || n.Labels[LabelLab] == r.objects.lab
		})
		if i >= 0 && taken == nil {
			taken, at = &listed[i], e.describe()
		}
	}
	if taken == nil {
		return found, nil
	}
	return nil, r.takenBy(*taken, at, proposeSubnet(found))
}

// takenBy reports that a network of the engine at a place has the subnet. free is another one.
func (r subnetRequest) takenBy(n network.Inspect, at lang.Text, free string) *SubnetError {
	usedBy := lang.Textf("the engine's network %s uses it", n.Name)
	if len(r.machines) > 1 {
		usedBy = lang.Textf("network %s of %s uses it", n.Name, at)
	}
	hint := lang.Textf("choose another subnet (--subnet %s), or remove the network (docker network rm %s)", free, n.Name)
	switch lab := n.Labels[LabelLab]; lab {
	case "":
	case r.objects.lab:
		usedBy = lang.Textf("lab %s is being made by another labcheck", lab)
		hint = lang.Textf("wait until it is done, or name another lab on another subnet (--lab two --subnet %s)", free)
	default:
		usedBy = lang.Textf("lab %s uses it", lab)
		hint = lang.Textf("choose another subnet (--subnet %s), or remove the lab (labcheck down --lab %s)", free, lab)
	}
	e := newSubnetError(r.topology.Subnet, usedBy, hint)
	e.byProbe = n.Labels[labelProbe] != ""
	return e
}

// checkMachine returns a *SubnetError if one of this machine's interfaces has an
// address of the subnet, or a route leads to a part of it: the engine refuses only what
// its own networks have. It does not check the bridges of these networks.
func checkMachine(wanted netip.Prefix, networks []network.Inspect) error {
	var bridges []string
	for _, n := range networks {
		bridges = append(bridges, labBridge{id: n.ID}.interfaceName())
	}
	usedBy, err := findInterface(wanted, bridges)
	if usedBy == nil && err == nil {
		usedBy, err = findRoute(wanted, bridges)
	}
	if usedBy == nil {
		return err
	}
	hint := lang.Textf("choose another subnet (--subnet %s)", proposeSubnet(networks))
	return newSubnetError(wanted, *usedBy, hint)
}

// findInterface returns which interface of this machine has an address of a subnet; nil
// if none has.
func findInterface(subnet netip.Prefix, bridges []string) (*lang.Text, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, lang.Errorf("list this machine's interfaces: %w", err)
	}
	for _, i := range interfaces {
		addr, ok := overlappingAddr(i, subnet)
		if ok && !slices.Contains(bridges, i.Name) {
			text := lang.Textf("interface %s of this machine has %s", i.Name, addr)
			return &text, nil
		}
	}
	return nil, nil
}

// findRoute returns which route of this machine leads to addresses of a subnet, or
// drops what is sent there; nil if none does. Packets to a host of the lab would
// follow it, and not the bridge.
func findRoute(wanted netip.Prefix, bridges []string) (*lang.Text, error) {
	routes, err := subnet.Routes()
	if err != nil {
		return nil, err
	}
	for _, r := range routes {
		if r.To.Overlaps(wanted) && !slices.Contains(bridges, r.Interface) {
			text := lang.Textf("this machine has a route to %s (interface %s)", r.To, r.Interface)
			return &text, nil
		}
	}
	return nil, nil
}

// proposeSubnet returns a subnet that no network and nothing of this machine has. If
// that can't be known, it returns one that is probably free.
func proposeSubnet(networks []network.Inspect) string {
	var used []netip.Prefix
	for _, n := range networks {
		used = append(used, subnetsOf(n.IPAM)...)
	}
	free, err := subnet.Free(used)
	if err == nil {
		for p := range free {
			return p.String()
		}
	}
	return "192.168.34.0/24"
}

// Subnet is that of a lab, as the value of a flag.
type Subnet netip.Prefix

// String implements pflag.Value.
func (s *Subnet) String() string {
	if p := netip.Prefix(*s); p.IsValid() {
		return p.String()
	}
	return ""
}

// Type implements pflag.Value.
func (s *Subnet) Type() string { return "CIDR" }

// Set implements pflag.Value.
func (s *Subnet) Set(text string) error {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return lang.Errorf("want a subnet such as 192.168.34.0/24")
	}
	*s = Subnet(p.Masked())
	return harness.Tutorial().CheckSubnet(p.Masked())
}
