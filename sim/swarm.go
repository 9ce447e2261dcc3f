package sim

import (
	"cmp"
	"context"
	"errors"
	"math/bits"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/client"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// swarmScope is the scope of networks that belong to a swarm and not to an engine.
const swarmScope = "swarm"

// arrangeMachines puts a machine first whose engine manages the swarm. It returns an
// error if two are the same engine, or, unless anySwarm, if they are not in one swarm.
func arrangeMachines(ctx context.Context, machines []*machine, anySwarm bool) error {
	for i, m := range machines {
		same := slices.IndexFunc(machines[:i], func(n *machine) bool { return n.info.ID == m.info.ID })
		if same >= 0 {
			return harness.WithHint(
				lang.Errorf("%s and %s are the same engine", machines[same].describe(), m.describe()),
				lang.Text{EN: "name each engine once"},
			)
		}
	}
	if i := slices.IndexFunc(machines, (*machine).isManager); i > 0 {
		machines[0], machines[i] = machines[i], machines[0]
	}
	if anySwarm {
		return nil
	}
	return checkSwarm(ctx, machines)
}

// isManager reports whether the engine manages its swarm.
func (m *machine) isManager() bool { return m.info.Swarm.ControlAvailable }

// isInSwarm reports whether the engine is a node of a swarm.
func (m *machine) isInSwarm() bool { return m.info.Swarm.LocalNodeState == swarm.LocalNodeStateActive }

// checkSwarm returns an error with a hint unless the engines are nodes of one swarm, which the
// first manages.
func checkSwarm(ctx context.Context, machines []*machine) error {
	for _, m := range machines {
		if !m.isInSwarm() {
			return harness.WithHint(
				lang.Errorf("%s is not in a swarm (%s); a lab on several machines needs one",
					m.describe(), m.info.Swarm.LocalNodeState),
				lang.Text{EN: "have it join the swarm of the others (docker swarm join), " +
					"or run labcheck up with --form"},
			)
		}
	}
	manager := machines[0]
	if !manager.isManager() {
		return noManagerError(manager)
	}
	nodes, err := manager.client.NodeList(ctx, swarm.NodeListOptions{})
	if err != nil {
		return unreachableError(manager.endpoint, err)
	}
	for _, m := range machines[1:] {
		if !slices.ContainsFunc(nodes, func(n swarm.Node) bool { return n.ID == m.info.Swarm.NodeID }) {
			return harness.WithHint(
				lang.Errorf("%s is in another swarm than %s", m.describe(), manager.describe()),
				lang.Text{EN: "have it leave its swarm and join the other (docker swarm leave, docker swarm join)"},
			)
		}
	}
	return nil
}

// noManagerError reports that no engine manages the swarm.
func noManagerError(first *machine) error {
	return harness.WithHint(
		lang.Errorf("%s does not manage its swarm, nor do the others: a manager makes the lab's network",
			first.describe()),
		lang.Text{EN: "name the engine of a manager, too (docker node ls)"},
	)
}

// swarmPort is where managers of a swarm listen.
const swarmPort = "2377"

// formSwarm has the engines that are in no swarm join that of the first, which it makes
// if it is in none. If one can't join, those that have joined leave again.
func formSwarm(ctx context.Context, machines []*machine) (err error) {
	var joined []*machine
	defer func() {
		if err != nil {
			err = errors.Join(err, leaveSwarm(ctx, joined))
		}
	}()
	manager := machines[0]
	if !slices.ContainsFunc(machines, (*machine).isInSwarm) {
		addr := manager.addrForOthers(ctx)
		request := swarm.InitRequest{ListenAddr: net.JoinHostPort("0.0.0.0", swarmPort), AdvertiseAddr: addr}
		if _, err := manager.client.SwarmInit(ctx, request); err != nil {
			return lang.Errorf("make a swarm on %s: %w", manager.describe(), err)
		}
		joined = append(joined, manager)
	}
	if err := manager.readInfo(ctx); err != nil {
		return err
	}
	if !manager.isManager() {
		return noManagerError(manager)
	}
	token, err := manager.client.SwarmInspect(ctx)
	if err != nil {
		return unreachableError(manager.endpoint, err)
	}
	for _, m := range machines[1:] {
		if m.isInSwarm() {
			continue
		}
		joined = append(joined, m) // a join that took too long goes on
		if err := m.joinSwarm(ctx, token.JoinTokens.Worker, manager.info.Swarm.NodeAddr); err != nil {
			return err
		}
	}
	return checkSwarm(ctx, machines)
}

// joinSwarm has the engine join the swarm that a manager has.
func (m *machine) joinSwarm(ctx context.Context, token, manager string) error {
	at := net.JoinHostPort(manager, swarmPort)
	err := m.client.SwarmJoin(ctx, swarm.JoinRequest{
		ListenAddr: net.JoinHostPort("0.0.0.0", swarmPort), AdvertiseAddr: m.addrForOthers(ctx),
		RemoteAddrs: []string{at}, JoinToken: token,
	})
	if err != nil {
		return harness.WithHint(
			lang.Errorf("%s can't join the swarm at %s: %w", m.describe(), at, err),
			lang.Text{EN: "let TCP 2377, TCP and UDP 7946 and UDP 4789 pass between the machines; " +
				"if they have several addresses, form the swarm by hand (docker swarm init, docker swarm join)"},
		)
	}
	return m.readInfo(ctx)
}

// leaveSwarm has engines leave the swarm, also if ctx has ended.
func leaveSwarm(ctx context.Context, machines []*machine) error {
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), downTimeout)
	defer cancel()
	var errs []error
	for _, m := range slices.Backward(machines) { // the manager is the last
		if err := m.client.SwarmLeave(ctx, true); !errdefs.IsUnavailable(err) { // which it is if it has not joined
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// addrForOthers returns the address by which the other machines probably reach this one:
// that by which labcheck does. It is empty, and the engine chooses, if labcheck does so by
// a socket or a loopback address.
func (m *machine) addrForOthers(ctx context.Context) string {
	u, err := url.Parse(m.Host)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	found, _ := net.DefaultResolver.LookupNetIP(ctx, "ip4", u.Hostname()) // ssh may know names of its own
	i := slices.IndexFunc(found, func(a netip.Addr) bool { return !a.IsLoopback() })
	if i < 0 {
		return ""
	}
	return found[i].Unmap().String()
}

// nodeMTU is what the interfaces of a lab's hosts take, as on one machine: mynet's packets
// of 1450 bytes fit with their headers. The packets of the overlay between the machines
// are larger by another 50 bytes: the machines send those that are too large in fragments.
const (
	nodeMTU     = 1500
	vxlanHeader = 50
	pingHeaders = 28 // of IP and ICMP
	mtuOption   = "com.docker.network.driver.mtu"
)

// makeOverlay makes the request for a bridge one for the network of a lab on several machines.
func (r subnetRequest) makeOverlay(o *network.CreateOptions) error {
	free, ok := freeRange(r.topology, len(r.machines))
	if !ok {
		return harness.WithHint(
			lang.Errorf("subnet %s is full: a lab on several machines needs an address for each of them, too",
				r.topology.Subnet),
			lang.Text{EN: "choose a wider one with --subnet"},
		)
	}
	o.Driver, o.Scope, o.Attachable = "overlay", swarmScope, true
	// The option is about the packets of the machines.
	o.Options = map[string]string{mtuOption: strconv.Itoa(nodeMTU + vxlanHeader)}
	o.Labels[labelEngines] = recordMachines(r.machines)
	addresses := &o.IPAM.Config[0]
	addresses.Gateway, addresses.IPRange = r.topology.Subnet.Masked().Addr().Next().String(), free.String()
	return nil
}

// freeRange returns a part of a topology's subnet without a host or the gateway, and with an
// address for each machine: a swarm's load balancer has one on each, whether it balances
// anything or not, and would otherwise take those of the first hosts.
func freeRange(t harness.Topology, machines int) (free netip.Prefix, ok bool) {
	subnet := t.Subnet.Masked()
	length := 32 - bits.Len(uint(machines)) // the last address of a subnet is nobody's
	taken := []netip.Addr{subnet.Addr().Next()}
	for _, h := range t.Hosts() {
		taken = append(taken, h.Addr)
	}
	for addr := subnet.Addr(); subnet.Contains(addr); {
		free = netip.PrefixFrom(addr, length)
		if !slices.ContainsFunc(taken, free.Contains) {
			return free, true
		}
		for free.Contains(addr) {
			addr = addr.Next()
		}
	}
	return netip.Prefix{}, false
}

// blockedBetween returns the error for packets that machines do not carry.
func blockedBetween(l loss, bothWays bool, cause lang.Text) *BlockedError {
	return newBlockedError(l, bothWays, cause, lang.Text{
		EN: "let TCP and UDP 7946 and UDP 4789, with its fragments, pass between the machines; " +
			"engines that have lost sight of one another need a minute (docker node ls)",
	})
}

// checkFullSize returns a *BlockedError if packets of nodeMTU bytes from the manager to a
// host on another machine do not arrive, though others do.
func checkFullSize(ctx context.Context, nodes []*node, host harness.Host) error {
	i := slices.IndexFunc(nodes, func(n *node) bool { return n.addr == host.Addr })
	if i < 0 {
		return nil // it was removed by hand
	}
	manager := nodes[i]
	tried := []*client.Client{manager.engine}
	for _, n := range nodes {
		if slices.Contains(tried, n.engine) {
			continue
		}
		tried = append(tried, n.engine)
		data := strconv.Itoa(nodeMTU - pingHeaders)
		r, err := manager.Exec(ctx, "ping", "-c", "5", "-i", "0.2", "-W", "2", "-s", data, n.addr.String())
		if err != nil && r.ExitCode == 1 { // no answer
			lost := loss{from: manager.place(), to: n.place(), host: n}
			return blockedBetween(lost, false, lang.Textf(
				"the network between the machines drops those of %d bytes, which are sent in fragments", nodeMTU))
		}
	}
	return nil
}

// removeOverlay removes the network of a lab on several machines, whose hosts are gone. The
// engine must be a manager of the swarm. Then it waits until the engine does not list the
// network any more: a lab that is made before that would use it.
func removeOverlay(ctx context.Context, engine *client.Client, n network.Summary) error {
	info, err := engine.Info(ctx)
	if err != nil {
		return err
	}
	wait, cancel := harness.WithLimit(ctx, overlayTimeout)
	defer cancel()
	if info.Swarm.ControlAvailable {
		err = harness.Until(wait, keptPause, func(ctx context.Context) error {
			return ignoreNotFound(engine.NetworkRemove(ctx, n.ID))
		})
	}
	if ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	if err != nil {
		return harness.WithHint(
			lang.Errorf("the swarm keeps network %s: %w", n.Name, err),
			lang.Text{EN: "run labcheck down again when all of the lab's engines answer; " +
				"remove an engine that is gone for good from the swarm before (docker node rm --force NODE)"},
		)
	}
	// Without a manager that answers it stays, and that manager is told of.
	_ = harness.Until(wait, keptPause, func(ctx context.Context) error {
		_, err := engine.NetworkInspect(ctx, n.ID, network.InspectOptions{})
		if errdefs.IsNotFound(err) {
			return nil
		}
		return cmp.Or(err, errStillListed)
	})
	return ctx.Err()
}

// errStillListed reports that an engine still lists a network.
var errStillListed = errors.New("it stays")
