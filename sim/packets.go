package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

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

func (p Place) in(l lang.Language) string { return fmt.Sprintf("%s (%s)", p.Name.In(l), p.Addr) }

func (e *BlockedError) Error() string { return e.In(lang.English) }

// In is the error in a language.
func (e *BlockedError) In(l lang.Language) string {
	from, to, cause := e.From.in(l), e.To.in(l), e.Cause.In(l)
	if e.BothWays {
		return l.Say("packets between %s and %s do not arrive in either direction: %s", from, to, cause)
	}
	return l.Say("packets from %s to %s do not arrive: %s", from, to, cause)
}

// HintIn implements harness.Hinter.
func (e *BlockedError) HintIn(l lang.Language) string { return e.Hint.In(l) }

// blockedForwarding is the error for packets that the bridge forwards, to or from a
// host.
func (l *Lab) blockedForwarding(from, to Place, host *node) *BlockedError {
	machine := lang.Text{EN: "the engine's machine"}
	if host.network.carried() {
		machine = lang.Text{EN: "this machine"}
	}
	return &BlockedError{
		From: from, To: to, host: host,
		Cause: lang.Textf("a packet filter of %s drops what the bridge %s forwards", machine, host.network.bridge()),
		Hint: lang.Textf("on %[2]s, find the chain with `hook forward` and the rule in `nft list ruleset`, and let the lab pass:"+
			" `nft insert rule FAMILY TABLE CHAIN ip saddr %[1]s ip daddr %[1]s accept`"+
			" (for a policy of iptables: `iptables -I DOCKER-USER -s %[1]s -d %[1]s -j ACCEPT`);"+
			" or have no bridge filtered: `sysctl -w net.bridge.bridge-nf-call-iptables=0`", l.topology.Subnet, machine),
	}
}

// blockedDial is the error for packets between this machine and a host.
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

func (n *node) place() Place {
	return Place{lang.Verbatim(n.name), n.addr}
}

// checkStarted is checkPackets for count nodes that are just being started. The
// error carries the last lines of the host's engine, which then does not come up.
func (l *Lab) checkStarted(ctx context.Context, started <-chan *node, count int) error {
	var nodes []*node
	for len(nodes) < count {
		select {
		case n := <-started:
			nodes = append(nodes, n)
		case <-ctx.Done():
			return nil // who ended it says why
		}
	}
	err := l.checkPackets(ctx, nodes)
	var blocked *BlockedError
	if errors.As(err, &blocked) {
		return l.withLog(ctx, blocked.host, err)
	}
	return err
}

// checkPackets returns a *BlockedError if packets between the manager and another
// host do not arrive, or those between this machine and a host that it dials
// directly. A host that does not take connections yet is waited for. What can't
// be found out, or has an injected fault as its cause, is no error: that is left to
// those who need the connection.
func (l *Lab) checkPackets(ctx context.Context, nodes []*node) error {
	nodes = slices.SortedFunc(slices.Values(nodes), func(a, b *node) int { return a.addr.Compare(b.addr) })
	limited, cancel := harness.WithLimit(ctx, engineTimeout)
	defer cancel()
	group, limited := errgroup.WithContext(limited)
	if nodes[0].mode == DialDirect {
		group.Go(func() error { return checkDial(limited, nodes) })
	}
	group.Go(func() error { return l.checkForwarding(limited, nodes) })
	err := group.Wait()
	if err != nil && l.hasFaults(ctx) {
		return nil
	}
	return err
}

// checkForwarding has the manager connect to the other hosts, and the first of them
// to the manager: a filter may let connections pass in one direction only.
func (l *Lab) checkForwarding(ctx context.Context, nodes []*node) error {
	isManager := func(n *node) bool { return n.addr == l.topology.Manager.Addr }
	i := slices.IndexFunc(nodes, isManager)
	others := slices.DeleteFunc(slices.Clone(nodes), isManager)
	if i < 0 || len(others) == 0 {
		return nil
	}
	manager, first := nodes[i], others[0]
	var there, back *loss
	var group sync.WaitGroup
	group.Go(func() { there = findLoss(ctx, manager.place(), others, manager.connect) })
	group.Go(func() { back = findLoss(ctx, first.place(), []*node{manager}, first.connect) })
	group.Wait()
	if blocked := l.blockedWays(manager, first, there, back); blocked != nil {
		return blocked
	}
	return nil
}

// blockedWays makes one error of what the manager and the first of the other hosts
// found. It is nil if they found nothing.
func (l *Lab) blockedWays(manager, first *node, there, back *loss) *BlockedError {
	var onWay, onBack *BlockedError
	if there != nil {
		from, to := there.way(manager.place())
		onWay = l.blockedForwarding(from, to, there.to)
	}
	if back != nil {
		from, to := back.way(first.place())
		onBack = l.blockedForwarding(from, to, first)
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
	onWay.BothWays = there.refused == back.refused && onWay.From.Addr == onBack.To.Addr && onWay.To.Addr == onBack.From.Addr
	return onWay
}

// checkDial connects to the hosts from this machine. The error is ErrNotOurs if it
// has no bridge of the lab.
func checkDial(ctx context.Context, nodes []*node) error {
	gateway, ok := nodes[0].network.gateway()
	if !ok {
		return lang.Errorf("dial %s: %w", nodes[0].addr, ErrNotOurs)
	}
	here := Place{lang.Text{EN: "this machine"}, gateway}
	if found := findLoss(ctx, here, nodes, dialAll); found != nil {
		from, to := found.way(here)
		return blockedDial(from, to, found.to)
	}
	return nil
}

// hasFaults tells whether packets may get lost because of an injected fault.
func (l *Lab) hasFaults(ctx context.Context) bool {
	if l.probe != "" {
		return false
	}
	faults, err := l.Faults(ctx)
	return err != nil || len(faults) > 0
}

// answer is what came of a connection to a host.
type answer int

const (
	unknown   answer = iota
	connected        // the host took it
	refused          // the host does not listen yet, or a filter says so in its place
	lost             // nothing came back, or a router's word that nothing will
)

// loss is a host that packets do not reach, or, if back is set, whose answers do
// not come back.
type loss struct {
	to      *node
	back    bool
	refused bool // in the host's place
}

// way is the direction in which packets get lost, if from connected to the host.
func (f *loss) way(from Place) (Place, Place) {
	if f.back {
		return f.to.place(), from
	}
	return from, f.to.place()
}

// connector connects to the engines' port of hosts, all at once, and gives each of
// them a time to answer.
type connector func(ctx context.Context, to []*node, within time.Duration) []answer

// probePause is how long a host that does not listen yet is left alone.
const probePause = 300 * time.Millisecond

// findLoss connects to hosts until each of them has taken the connection, and
// returns nil then, or until it is certain that packets to or from one get lost.
// It also returns nil if that can't be found out.
func findLoss(ctx context.Context, from Place, to []*node, connect connector) *loss {
	s := search{from: from.Addr, within: harness.Limit(ctx, packetTimeout), listened: map[*node]bool{}}
	for {
		answers := connect(ctx, to, s.within)
		if ctx.Err() != nil || slices.Contains(answers, unknown) {
			return nil
		}
		var left []*node
		for i, n := range to {
			if answers[i] == connected {
				continue
			}
			left = append(left, n)
			if found, err := s.judge(ctx, n, answers[i]); found != nil || err != nil {
				return found
			}
		}
		if to = left; len(to) == 0 {
			return nil
		}
		select {
		case <-time.After(probePause):
		case <-ctx.Done():
			return nil
		}
	}
}

// search is what findLoss knows.
type search struct {
	from     netip.Addr
	within   time.Duration  // in which a host must answer
	listened map[*node]bool // hosts that listened before the last connection was tried
}

// judge asks a host that did not take a connection for its side of it. It returns
// nil if another connection must be tried: the host does not listen yet, or it did
// not when it was tried, or the machine is so slow that no answer means nothing.
func (s *search) judge(ctx context.Context, n *node, a answer) (*loss, error) {
	o, err := n.observe(ctx, s.from, s.within)
	switch {
	case err != nil:
		return nil, err
	case o.took > s.within/4:
		s.within *= 2
	case o.listens && (a == lost || s.listened[n]):
		return &loss{n, o.asked, a == refused}, nil
	case o.listens:
		s.listened[n] = true
	}
	return nil, nil
}

// connectAll connects to PORT of each ADDRESS and prints a line for it: the address,
// the exit code, which is 124 if SECONDS are over, and what bash says.
const connectAll = `port=$1 seconds=$2
shift 2
for to; do
	{ said=$(timeout "$seconds" bash -c ": <>/dev/tcp/$to/$port" 2>&1); echo "$to $?" $said; } &
done
wait`

// connect is a connector: it connects from the node.
func (n *node) connect(ctx context.Context, to []*node, within time.Duration) []answer {
	argv := []string{"sh", "-c", connectAll, "connect", enginePort, seconds(within)}
	for _, t := range to {
		argv = append(argv, t.addr.String())
	}
	answers := make([]answer, len(to))
	r, err := n.Exec(ctx, argv...)
	if err != nil {
		return answers
	}
	for i, t := range to {
		answers[i] = answerOf(r.Stdout, t.addr)
	}
	return answers
}

// answerOf reads from what connectAll prints what came of the connection to a
// host.
func answerOf(printed string, to netip.Addr) answer {
	for line := range strings.Lines(printed) {
		addr, result, _ := strings.Cut(strings.TrimSpace(line), " ")
		if addr != to.String() {
			continue
		}
		switch code, said, _ := strings.Cut(result, " "); code {
		case "0":
			return connected
		case "124":
			return lost
		default:
			return answerTo(errnoIn(said))
		}
	}
	return unknown
}

// answerTo is the answer that a connection failed with.
func answerTo(err error) answer {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return refused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return lost
	case errors.As(err, &timeout) && timeout.Timeout():
		return lost
	}
	return unknown
}

// dialAll is a connector: it connects from this machine.
func dialAll(ctx context.Context, to []*node, within time.Duration) []answer {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	answers := make([]answer, len(to))
	var group sync.WaitGroup
	for i, n := range to {
		group.Go(func() {
			conn, err := dialDirect(ctx, n.network, netip.AddrPortFrom(n.addr, harness.EnginePort))
			if err != nil {
				answers[i] = answerTo(err)
				return
			}
			answers[i] = connected
			_ = conn.Close() // nothing was written
		})
	}
	group.Wait()
	return answers
}

// observation is a host's side of a connection that it did not take.
type observation struct {
	listens bool          // it takes connections from itself
	took    time.Duration // such a connection, with the processes that make it
	asked   bool          // the other connection reached it, and it waits for an answer to its own
}

// observeOne prints "listens NANOSECONDS" if the node takes connections at PORT of
// its ADDRESS, and a line for each connection from PEER that it answered and has had
// no answer for.
const observeOne = `began=$(date +%s%N)
timeout "$3" bash -c ": <>/dev/tcp/$1/$2" 2>/dev/null && echo "listens $(($(date +%s%N) - began))"
ss --no-header --numeric --tcp state syn-recv dst "$4"`

func (n *node) observe(ctx context.Context, peer netip.Addr, within time.Duration) (observation, error) {
	r, err := n.Exec(ctx, "sh", "-c", observeOne, "observe", n.addr.String(), enginePort, seconds(within), peer.String())
	if err != nil {
		return observation{}, err
	}
	return observationOf(r.Stdout, peer), nil
}

// observationOf reads what observeOne prints.
func observationOf(printed string, peer netip.Addr) observation {
	o := observation{asked: strings.Contains(printed, " "+peer.String()+":")}
	_, err := fmt.Sscanf(printed, "listens %d\n", &o.took)
	o.listens = err == nil
	return o
}

var enginePort = strconv.Itoa(int(harness.EnginePort))

// seconds are a duration as timeout takes it.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// gateway is this machine's own address on the bridge.
func (n labNetwork) gateway() (netip.Addr, bool) {
	i, err := net.InterfaceByName(n.bridge())
	if err != nil {
		return netip.Addr{}, false
	}
	addr, _ := overlapping(*i, n.subnet)
	p, err := netip.ParsePrefix(addr)
	return p.Addr(), err == nil
}
