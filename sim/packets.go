package sim

import (
	"context"
	"fmt"
	"net/netip"
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
	From, To Place
	// BothWays says that packets from To to From do not arrive either.
	BothWays bool
	// Cause is what keeps the packets.
	Cause lang.Text
	Hint  lang.Text // what to do about it
	host  *node     // the host that the manager or this machine can't talk to
}

// Place is a host of the lab, or this machine.
type Place struct {
	Name lang.Text
	Addr netip.Addr // on the lab's bridge
}

func (p Place) render(l lang.Language) string { return fmt.Sprintf("%s (%s)", p.Name.In(l), p.Addr) }

func (e *BlockedError) Error() string { return e.In(lang.English) }

// In returns the error in a language.
func (e *BlockedError) In(l lang.Language) string {
	from, to, cause := e.From.render(l), e.To.render(l), e.Cause.In(l)
	if e.BothWays {
		return l.Say("packets between %s and %s do not arrive in either direction: %s", from, to, cause)
	}
	return l.Say("packets from %s to %s do not arrive: %s", from, to, cause)
}

// HintIn implements harness.Hinter.
func (e *BlockedError) HintIn(l lang.Language) string { return e.Hint.In(l) }

// blockedForwarding returns the error for packets that the bridge forwards, to or
// from a host.
func blockedForwarding(from, to Place, host *node) *BlockedError {
	if host.bridge.isOverlay() {
		return blockedBetween(from, to, host, lang.Text{EN: "the network between the machines drops them"})
	}
	machine, bridge := lang.Text{EN: "the engine's machine"}, host.bridge
	if bridge.isLocal() {
		machine = lang.Text{EN: "this machine"}
	}
	return &BlockedError{
		From: from, To: to, host: host,
		Cause: lang.Textf("a packet filter of %s drops what the bridge %s forwards", machine, bridge.interfaceName()),
		Hint: lang.Textf("on %[2]s, find the chain with `hook forward` and the rule in `nft list ruleset`,"+
			" and let the lab pass:"+
			" `nft insert rule FAMILY TABLE CHAIN ip saddr %[1]s ip daddr %[1]s accept`"+
			" (for a policy of iptables: `iptables -I DOCKER-USER -s %[1]s -d %[1]s -j ACCEPT`);"+
			" or have no bridge filtered: `sysctl -w net.bridge.bridge-nf-call-iptables=0`", bridge.subnet, machine),
	}
}

// blockedDial returns the error for packets between this machine and a host.
func blockedDial(from, to Place, host *node) *BlockedError {
	return &BlockedError{
		From: from, To: to, host: host,
		Cause: lang.Text{EN: "a packet filter of this machine drops them"},
		Hint: lang.Text{
			EN: "--dial exec, which reaches hosts through docker exec; or find the rule under `hook input` or" +
				" `hook output` in `nft list ruleset`, and let the lab pass",
		},
	}
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
	here := Place{lang.Text{EN: "this machine"}, addr}
	if found := findLoss(ctx, here.Addr, nodes, dialAll); found != nil {
		from, to := found.direction(here)
		return blockedDial(from, to, found.to)
	}
	return nil
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
	group.Go(func() { there = findLoss(ctx, manager.addr, others, manager.connectAll) })
	group.Go(func() { back = findLoss(ctx, first.addr, []*node{manager}, first.connectAll) })
	group.Wait()
	if blocked := mergeLosses(manager, first, there, back); blocked != nil {
		return blocked
	}
	return nil
}

// mergeLosses makes one error of what the manager and the first of the other hosts
// found. It returns nil if they found nothing.
func mergeLosses(manager, first *node, there, back *loss) *BlockedError {
	var onWay, onBack *BlockedError
	if there != nil {
		from, to := there.direction(manager.place())
		onWay = blockedForwarding(from, to, there.to)
	}
	if back != nil {
		from, to := back.direction(first.place())
		onBack = blockedForwarding(from, to, first)
	}
	switch {
	case onWay == nil:
		return onBack
	case onBack == nil:
		return onWay
	case back.refused && !there.refused:
		// A filter that refuses in the manager's place ends the other connection in the
		// host's, which looks as if it had been lost on its way there.
		return onBack
	}
	onWay.BothWays = there.refused == back.refused &&
		onWay.From.Addr == onBack.To.Addr && onWay.To.Addr == onBack.From.Addr
	return onWay
}
