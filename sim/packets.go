package sim

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// BlockedError reports that a packet filter of the machine that the lab is on
// keeps the lab's hosts from reaching one another, or this machine from reaching
// them.
type BlockedError struct {
	harness.HintError
	loss
	bothWays bool // packets in the other direction do not arrive either
}

// newBlockedError returns the error that packets get lost because of a cause. hint is what
// to do about it.
func newBlockedError(l loss, bothWays bool, cause, hint lang.Text) *BlockedError {
	err := lang.Errorf("packets from %s to %s do not arrive: %s", l.from, l.to, cause)
	if bothWays {
		err = lang.Errorf("packets between %s and %s do not arrive in either direction: %s", l.from, l.to, cause)
	}
	return &BlockedError{harness.HintError{Err: err, Hint: hint}, l, bothWays}
}

// blockedForwarding returns the error for packets that the bridge forwards.
func blockedForwarding(l loss, bothWays bool) *BlockedError {
	bridge := l.host.bridge
	if bridge.isOverlay() {
		return blockedBetween(l, bothWays, lang.Text{EN: "the network between the machines drops them"})
	}
	machine := lang.Text{EN: "the engine's machine"}
	if bridge.isLocal() {
		machine = lang.Text{EN: "this machine"}
	}
	return newBlockedError(
		l, bothWays,
		lang.Textf("a packet filter of %s drops what the bridge %s forwards", machine, bridge.interfaceName()),
		lang.Textf("on %[2]s, find the chain with `hook forward` and the rule in `nft list ruleset`,"+
			" and let the lab pass:"+
			" `nft insert rule FAMILY TABLE CHAIN ip saddr %[1]s ip daddr %[1]s accept`"+
			" (for a policy of iptables: `iptables -I DOCKER-USER -s %[1]s -d %[1]s -j ACCEPT`);"+
			" or have no bridge filtered: `sysctl -w net.bridge.bridge-nf-call-iptables=0`", bridge.subnet, machine),
	)
}

// checkPackets returns a *BlockedError if packets between the manager and another
// host do not arrive, or those between this machine and a host that it dials
// directly. It waits for hosts that do not accept connections yet. It returns nil if
// it can't find out: the error is left to those who need the connection.
func checkPackets(ctx context.Context, nodes []*node, manager harness.Host) error {
	nodes = slices.SortedFunc(slices.Values(nodes), func(a, b *node) int { return a.addr.Compare(b.addr) })
	ctx, cancel := harness.WithLimit(ctx, engineTimeout)
	defer cancel()
	whole := ctx
	group, ctx := errgroup.WithContext(ctx)
	if nodes[0].mode == DialDirect {
		group.Go(func() error { return checkDial(ctx, nodes) })
	}
	group.Go(func() error { return checkForwarding(ctx, nodes, manager) })
	if err := group.Wait(); err != nil || !nodes[0].bridge.isOverlay() {
		return err
	}
	return checkFullSize(whole, nodes, manager)
}

// checkDial connects to the hosts from this machine. The error is ErrNotOurs if it
// has no bridge of the lab.
func checkDial(ctx context.Context, nodes []*node) error {
	addr, ok := nodes[0].bridge.localAddr()
	if !ok {
		return lang.Errorf("dial %s: %w", nodes[0].addr, ErrNotOurs)
	}
	found := findLoss(ctx, place{lang.Text{EN: "this machine"}, addr}, nodes, dialAll)
	if found == nil {
		return nil
	}
	return newBlockedError(
		*found, false,
		lang.Text{EN: "a packet filter of this machine drops them"},
		lang.Text{
			EN: "--dial exec, which reaches hosts through docker exec; or find the rule under `hook input` or" +
				" `hook output` in `nft list ruleset`, and let the lab pass",
		},
	)
}

// checkForwarding has the manager connect to the other hosts, and the first of them
// to the manager: a filter may let connections pass in one direction only.
func checkForwarding(ctx context.Context, nodes []*node, host harness.Host) error {
	isManager := func(n *node) bool { return n.addr == host.Addr }
	i := slices.IndexFunc(nodes, isManager)
	others := slices.DeleteFunc(slices.Clone(nodes), isManager)
	if i < 0 || len(others) == 0 {
		return nil
	}
	manager, first := nodes[i], others[0]
	var there, back *loss
	var group sync.WaitGroup
	group.Go(func() { there = findLoss(ctx, manager.place(), others, manager.connectAll) })
	group.Go(func() { back = findLoss(ctx, first.place(), []*node{manager}, first.connectAll) })
	group.Wait()
	if back != nil {
		back.host = first // that the manager can't talk to
	}
	if found, bothWays := mergeLosses(there, back); found != nil {
		return blockedForwarding(*found, bothWays)
	}
	return nil
}

// mergeLosses returns which of two losses to report: what the manager found, and what
// another host found on its way to the manager. Either may be nil. bothWays says that one
// is the other in the other direction.
func mergeLosses(there, back *loss) (found *loss, bothWays bool) {
	switch {
	case there == nil:
		return back, false
	case back == nil:
		return there, false
	case back.refused && !there.refused:
		// A filter that refuses in the manager's place ends the other connection in the
		// host's, which looks as if it had been lost on its way there.
		return back, false
	}
	isReverse := there.from.addr == back.to.addr && there.to.addr == back.from.addr
	return there, isReverse && there.refused == back.refused
}
