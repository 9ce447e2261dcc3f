package sim

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// SubnetError is that a lab can't have the subnet it is to have.
type SubnetError struct {
	Subnet netip.Prefix
	UsedBy lang.Text // what has it
	Hint   lang.Text // what to do about it
}

func (e *SubnetError) Error() string { return e.In(lang.English) }

// In is the text in a language.
func (e *SubnetError) In(l lang.Language) string {
	return l.Say("subnet %s can't be used: %s", e.Subnet, e.UsedBy.In(l))
}

// HintIn implements harness.Hinter.
func (e *SubnetError) HintIn(l lang.Language) string { return e.Hint.In(l) }

// labNetwork is the bridge that a lab's nodes are on.
type labNetwork struct {
	id     string
	subnet netip.Prefix
}

// bridge is the name that the engine gives the interface of a bridge network.
func (n labNetwork) bridge() string { return "br-" + n.id[:min(12, len(n.id))] }

// network finds the lab's bridge; the error is harness.ErrNoNodes where there
// is none.
func (l *Lab) network(ctx context.Context) (labNetwork, error) {
	found, err := l.engine.NetworkList(ctx, network.ListOptions{Filters: l.filter()})
	if err != nil {
		return labNetwork{}, err
	}
	if len(found) == 0 {
		return labNetwork{}, harness.ErrNoNodes
	}
	subnets := prefixes(found[0].IPAM)
	if len(subnets) != 1 {
		return labNetwork{}, lang.Errorf("network %s of lab %s has %d subnets, not one", found[0].Name, l.name, len(subnets))
	}
	return labNetwork{found[0].ID, subnets[0]}, nil
}

func (l *Lab) filter() filters.Args {
	return filters.NewArgs(filters.Arg("label", LabelLab+"="+l.name))
}

func prefixes(ipam network.IPAM) []netip.Prefix {
	var found []netip.Prefix
	for _, c := range ipam.Config {
		if p, err := netip.ParsePrefix(c.Subnet); err == nil {
			found = append(found, p)
		}
	}
	return found
}

// makeNetwork makes the lab's bridge. Two labchecks that make the same lab at
// the same moment meet here: the engine gives a subnet once.
func (l *Lab) makeNetwork(ctx context.Context) error {
	if err := l.checkSubnet(ctx); err != nil {
		return err
	}
	making, cancel := withGrace(ctx)
	defer cancel()
	_, err := l.engine.NetworkCreate(making, l.name, network.CreateOptions{
		Driver: "bridge",
		Labels: l.labels(),
		IPAM:   &network.IPAM{Config: []network.IPAMConfig{{Subnet: l.topology.Subnet.String()}}},
	})
	if err == nil {
		l.progress("", lang.Text{EN: "network made"})
		return nil
	}
	if taken := l.overtaken(ctx); taken != nil {
		return taken
	}
	return lang.Errorf("make network %s: %w", l.name, err)
}

// overtaken looks for a network that came up since the check. The engine
// refuses a subnet, and has a bridge for it, some time before it lists whose it
// is.
func (l *Lab) overtaken(ctx context.Context) *SubnetError {
	ctx, cancel := harness.WithLimit(ctx, listTimeout)
	defer cancel()
	var taken *SubnetError
	_ = harness.Until(ctx, 50*time.Millisecond, func(ctx context.Context) error {
		if _, err := l.checkNetworks(ctx); errors.As(err, &taken) {
			return nil
		}
		return errors.New("no network has the subnet")
	})
	return taken
}

// checkSubnet returns a *SubnetError where the lab's subnet overlaps with
// another network of the engine or an address of this machine.
func (l *Lab) checkSubnet(ctx context.Context) error {
	l.awaitProbes(ctx)
	bridges, err := l.checkNetworks(ctx)
	if err != nil {
		return err
	}
	err = checkInterfaces(l.topology.Subnet, bridges)
	if err != nil {
		if taken := l.overtaken(ctx); taken != nil {
			return taken
		}
	}
	return err
}

// checkNetworks looks at the engine's networks and returns the names of their
// bridges.
func (l *Lab) checkNetworks(ctx context.Context) (map[string]bool, error) {
	found, err := l.engine.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return nil, err
	}
	bridges := map[string]bool{}
	for _, n := range found {
		bridges[labNetwork{id: n.ID}.bridge()] = true
		for _, p := range prefixes(n.IPAM) {
			if p.Overlaps(l.topology.Subnet) || n.Labels[LabelLab] == l.name {
				return nil, l.takenByNetwork(n)
			}
		}
	}
	return bridges, nil
}

func (l *Lab) takenByNetwork(n network.Inspect) error {
	e := &SubnetError{
		Subnet: l.topology.Subnet,
		UsedBy: lang.Textf("the engine's network %s has it", n.Name),
		Hint:   lang.Textf("choose another one (--subnet 192.168.34.0/24), or remove that one (docker network rm %s)", n.Name),
	}
	switch lab := n.Labels[LabelLab]; lab {
	case "":
	case l.name:
		e.UsedBy = lang.Textf("lab %s is being made by another labcheck", lab)
		e.Hint = lang.Text{
			EN: "wait for it, or name another lab on another subnet (--lab two --subnet 192.168.34.0/24)",
		}
	default:
		e.UsedBy = lang.Textf("lab %s has it", lab)
		e.Hint = lang.Textf("choose another one (--subnet 192.168.34.0/24), or remove that lab (labcheck down --lab %s)", lab)
	}
	return e
}

// checkInterfaces looks for the subnet among this machine's own addresses: the
// engine refuses only what its own networks have. Bridges of the engine are
// left to the engine.
func checkInterfaces(subnet netip.Prefix, bridges map[string]bool) error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return lang.Errorf("list this machine's interfaces: %w", err)
	}
	for _, i := range interfaces {
		if bridges[i.Name] {
			continue
		}
		if addr, ok := overlapping(i, subnet); ok {
			return &SubnetError{
				Subnet: subnet,
				UsedBy: lang.Textf("interface %s of this machine has %s", i.Name, addr),
				Hint: lang.Text{
					EN: "choose another one (--subnet 192.168.34.0/24), or take that interface down",
				},
			}
		}
	}
	return nil
}

func overlapping(i net.Interface, subnet netip.Prefix) (string, bool) {
	addrs, err := i.Addrs()
	if err != nil {
		return "", false // it went away while we looked
	}
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Masked().Overlaps(subnet) {
			return a.String(), true
		}
	}
	return "", false
}

// carried says whether this machine has the lab's bridge, with the lab's
// subnet on it, so that what is sent to a node's address goes to the node and
// nowhere else.
func (n labNetwork) carried() bool {
	i, err := net.InterfaceByName(n.bridge())
	if err != nil || i.Flags&net.FlagUp == 0 {
		return false
	}
	addr, ok := overlapping(*i, n.subnet)
	return ok && !strings.HasPrefix(addr, "fe80:")
}

// Direct says whether this machine reaches the lab's addresses itself.
func (l *Lab) Direct(ctx context.Context) (bool, error) {
	n, err := l.network(ctx)
	if err != nil {
		return false, err
	}
	return n.carried(), nil
}
