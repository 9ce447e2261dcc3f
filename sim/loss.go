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

	"labcheck/harness"
	"labcheck/harness/lang"
)

// answer is the outcome of a connection to a host.
type answer int

const (
	unknown   answer = iota
	connected        // the host accepted it
	refused          // the host does not listen yet, or a filter refused it in the host's place
	lost             // nothing came back, or a router reported that nothing will
)

// place is a host of the lab, or this machine.
type place struct {
	name lang.Text
	addr netip.Addr // on the lab's bridge
}

// In writes the place in a language.
func (p place) In(l lang.Language) string { return fmt.Sprintf("%s (%s)", p.name.In(l), p.addr) }

func (p place) String() string { return p.In(lang.English) }

func (n *node) place() place { return place{lang.Verbatim(n.name), n.addr} }

// loss is where packets get lost: between a host and who connected to it.
type loss struct {
	from, to place
	host     *node
	refused  bool // in the host's place
}

// connector connects to the engines' port of hosts, all at once, and gives each of
// them a time to answer.
type connector func(ctx context.Context, to []*node, within time.Duration) []answer

// retryPause is the time between two connections to a host that does not listen yet.
const retryPause = 300 * time.Millisecond

// findLoss connects to hosts until each of them has accepted a connection, and
// returns nil then, or until it is certain that packets to or from one get lost.
// It also returns nil if it can't find out.
func findLoss(ctx context.Context, from place, to []*node, connect connector) *loss {
	s := lossSearch{from: from, within: harness.Limit(ctx, packetTimeout), listened: map[*node]bool{}, lost: map[*node]bool{}}
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
			if found, err := s.judgeHost(ctx, n, answers[i]); found != nil || err != nil {
				return found
			}
		}
		if to = left; len(to) == 0 {
			return nil
		}
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			return nil
		}
	}
}

// lossSearch is what findLoss knows.
type lossSearch struct {
	from     place
	within   time.Duration  // in which a host must answer
	listened map[*node]bool // hosts that listened before the last connection was tried
	lost     map[*node]bool // hosts that lost the last connection: on a busy machine one may be
}

// judgeHost asks a host that did not accept a connection for its side of it. It
// returns nil if another connection must be tried: the host does not listen yet, or
// it did not when it was tried, or the machine is so slow that no answer means
// nothing.
func (s *lossSearch) judgeHost(ctx context.Context, n *node, a answer) (*loss, error) {
	o, err := n.observePeer(ctx, s.from.addr, s.within)
	switch {
	case err != nil:
		return nil, err
	case o.took > s.within/4:
		s.within *= 2
	case o.listens && (s.lost[n] && a == lost || s.listened[n] && a == refused):
		found := &loss{from: s.from, to: n.place(), host: n, refused: a == refused}
		if o.asked {
			found.from, found.to = found.to, found.from // the answers get lost
		}
		return found, nil
	case o.listens:
		s.listened[n] = true
	}
	s.lost[n] = a == lost
	return nil, nil
}

// connectScript connects to each ADDRESS/PORT and prints a line for it: the address,
// the exit code, which is 124 if SECONDS are over, and what bash says.
const connectScript = `seconds=$1
shift
for to; do
	{ said=$(timeout "$seconds" bash -c ": <>/dev/tcp/$to" 2>&1); echo "${to%/*} $?" $said; } &
done
wait`

// connectAll is a connector: it connects from the node.
func (n *node) connectAll(ctx context.Context, to []*node, within time.Duration) []answer {
	argv := []string{"sh", "-c", connectScript, "connect", formatSeconds(within)}
	for _, t := range to {
		argv = append(argv, fmt.Sprintf("%s/%d", t.addr, t.port))
	}
	answers := make([]answer, len(to))
	r, err := n.Exec(ctx, argv...)
	if err != nil {
		return answers
	}
	for i, t := range to {
		answers[i] = readAnswer(r.Stdout, t.addr)
	}
	return answers
}

// readAnswer returns the outcome of the connection to a host in what connectScript
// prints.
func readAnswer(printed string, to netip.Addr) answer {
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
			return answerOf(harness.ErrnoIn(said))
		}
	}
	return unknown
}

// answerOf returns the answer that a connection failed with.
func answerOf(err error) answer {
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
			conn, err := dialDirect(ctx, n.bridge, netip.AddrPortFrom(n.addr, n.port))
			if err != nil {
				answers[i] = answerOf(err)
				return
			}
			answers[i] = connected
			_ = conn.Close() // nothing was written
		})
	}
	group.Wait()
	return answers
}

// observation is a host's side of a connection that it did not accept.
type observation struct {
	listens bool          // it accepts connections from itself
	took    time.Duration // such a connection, with the processes that make it
	asked   bool          // the other connection reached it, and it waits for an answer to its own
}

// observeScript prints "listens NANOSECONDS" if the node accepts connections at PORT
// of its ADDRESS, and a line for each connection from PEER that it answered and has
// had no answer for.
const observeScript = `began=$(date +%s%N)
timeout "$3" bash -c ": <>/dev/tcp/$1/$2" 2>/dev/null && echo "listens $(($(date +%s%N) - began))"
ss --no-header --numeric --tcp state syn-recv dst "$4"`

// observePeer returns the node's side of a connection from a peer.
func (n *node) observePeer(ctx context.Context, peer netip.Addr, within time.Duration) (observation, error) {
	r, err := n.Exec(ctx, "sh", "-c", observeScript, "observe",
		n.addr.String(), strconv.Itoa(int(n.port)), formatSeconds(within), peer.String())
	if err != nil {
		return observation{}, err
	}
	return readObservation(r.Stdout, peer), nil
}

// readObservation reads what observeScript prints.
func readObservation(printed string, peer netip.Addr) observation {
	o := observation{asked: strings.Contains(printed, " "+peer.String()+":")}
	_, err := fmt.Sscanf(printed, "listens %d\n", &o.took)
	o.listens = err == nil
	return o
}

// formatSeconds returns a duration as timeout takes it.
func formatSeconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
