package engine

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Peer is an engine as another has it in its gossip.
type Peer struct {
	Name  string     `json:"name"`
	Addr  netip.Addr `json:"addr"`
	State PeerState  `json:"state"`
}

// PeerState is how sure an engine is of a peer.
type PeerState string

// The states of hashicorp/memberlist, state.go, NodeStateType.
const (
	PeerAlive   PeerState = "alive"   // told of what happens on the overlay networks
	PeerSuspect PeerState = "suspect" // did not answer lately
	PeerDead    PeerState = "dead"
	PeerLeft    PeerState = "left"
)

// Knows reports whether an engine with an address is among another's peers, alive.
func Knows(peers []Peer, addr netip.Addr) bool {
	return slices.ContainsFunc(peers, func(p Peer) bool { return p.Addr == addr && p.State == PeerAlive })
}

// Lacking returns the names of the hosts whose engines an engine does not know.
func Lacking(peers []Peer, hosts []harness.Host) []string {
	return harness.NamesOf(slices.DeleteFunc(slices.Clone(hosts), func(h harness.Host) bool { return Knows(peers, h.Addr) }))
}

// Gossip asks a node's engine whom it has in its Serf gossip, itself included,
// sorted by address. The error is ErrRefused while the engine has not joined
// the gossip at all: it listens from the moment that it has found itself in its
// cluster store (docker/libnetwork, drivers/overlay/overlay.go, nodeJoin).
//
// No call of the Engine API shows this. What does is the state exchange by
// which memberlist, under Serf, compares two members' views over TCP
// (hashicorp/memberlist, net.go, handleConn). We open one, as a view that has
// no members, and read the other side's. It changes nothing there: no member
// comes of it, because the merge goes over the members sent (state.go,
// mergeState), and no clock moves (see emptyState).
func Gossip(ctx context.Context, n harness.Node) ([]Peer, error) {
	s, err := exchangeState(ctx, n, emptyState())
	var peers []Peer
	if err == nil {
		peers, err = peersOf(s.nodes)
	}
	return peers, failed(gossipOf{n}, "members", err)
}

// Introduce has two engines, and with them all that each has in its gossip, find
// one another: what the engines do themselves, once, when they find themselves
// in the cluster store, and never again.
func Introduce(ctx context.Context, a, b harness.Node) error {
	s := emptyState()
	// Each answers with its state as it was before it took ours in.
	for _, n := range []harness.Node{a, b, a} {
		var err error
		if s, err = exchangeState(ctx, n, s); err != nil {
			return failed(gossipOf{n}, "introduce", err)
		}
	}
	return nil
}

// GossipPing returns a datagram that every member of a gossip answers, whoever sends
// it to its gossip port, and that changes nothing there (hashicorp/memberlist,
// net.go, handlePing). Members find out by it whether others are alive.
func GossipPing() []byte { return encodeKind(pingMsg, struct{ SeqNo uint32 }{1}) }

type gossipOf struct{ node harness.Node }

func (g gossipOf) String() string {
	return fmt.Sprintf("gossip of %s (%s)", g.node.Name(), netip.AddrPortFrom(g.node.Addr(), harness.GossipPort))
}

// exchangeState tells a node's engine a state and returns the engine's.
func exchangeState(ctx context.Context, n harness.Node, s state) (state, error) {
	conn, err := dialerTo(n, harness.GossipPort)(ctx, "", "")
	if err != nil {
		return state{}, err
	}
	defer func() { _ = conn.Close() }() // nothing is lost by it
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	var theirs state
	if _, err = conn.Write(s.encodeMessage()); err == nil {
		theirs, err = readState(conn)
	}
	if ctx.Err() != nil {
		return state{}, ctx.Err()
	}
	return theirs, err
}

// Tiding is what an engine's gossip tells of a container on an overlay network.
type Tiding struct {
	Endpoint string // which of its address's containers, one after another, it is
	Addr     netip.Addr
	Host     netip.Addr // where it is
	Left     bool       // it is not there any more
}

// Tidings returns what a node's engine was told of containers lately, its own
// included, in no order. It may have been told of an end, and not of what ended.
//
// An engine tells the others by an event of its gossip, "jl HOST NETWORK
// ENDPOINT" with "join ADDRESS MASK HARDWARE-ADDRESS" or "leave …"
// (docker/libnetwork, drivers/overlay/ov_serf.go, notifyEvent). Members keep the
// latest 512, and the state exchange carries them (see Gossip).
func Tidings(ctx context.Context, n harness.Node) ([]Tiding, error) {
	s, err := exchangeState(ctx, n, emptyState())
	var all []Tiding
	if err == nil {
		all, err = tidingsOf(s.user)
	}
	return all, failed(gossipOf{n}, "tidings", err)
}

func tidingsOf(user []byte) ([]Tiding, error) {
	if len(user) == 0 || user[0] != serfPushPullMsg {
		return nil, &kindError{ErrWrongService, lang.Errorf("no state of Serf came")}
	}
	var told serfPushPull
	if err := codec.NewDecoderBytes(user[1:], &codec.MsgpackHandle{}).Decode(&told); err != nil {
		return nil, &kindError{ErrWrongService, lang.Errorf("state of Serf: %w", err)}
	}
	var all []Tiding
	for _, slot := range told.Events {
		if slot == nil {
			continue
		}
		for _, e := range slot.Events {
			if t, ok := tidingOf(e); ok {
				all = append(all, t)
			}
		}
	}
	return all, nil
}

// tidingOf returns false for events that are about other things.
func tidingOf(e serfEvent) (t Tiding, ok bool) {
	name, payload := strings.Fields(e.Name), strings.Fields(string(e.Payload))
	if len(name) != 4 || name[0] != "jl" || len(payload) < 2 {
		return t, false
	}
	host, err1 := netip.ParseAddr(name[1])
	addr, err2 := netip.ParseAddr(payload[1])
	return Tiding{name[3], addr, host, payload[0] == "leave"}, err1 == nil && err2 == nil
}

func peersOf(nodes []nodeState) ([]Peer, error) {
	peers := make([]Peer, 0, len(nodes))
	for _, n := range nodes {
		addr, ok := netip.AddrFromSlice(n.Addr)
		if !ok {
			return nil, &kindError{ErrWrongService, lang.Errorf("member %q has an address of %d bytes", n.Name, len(n.Addr))}
		}
		states := []PeerState{PeerAlive, PeerSuspect, PeerDead, PeerLeft}
		if n.State < 0 || n.State >= len(states) {
			return nil, &kindError{ErrWrongService, lang.Errorf("member %q has the unknown state %d", n.Name, n.State)}
		}
		peers = append(peers, Peer{n.Name, addr.Unmap(), states[n.State]})
	}
	slices.SortFunc(peers, func(a, b Peer) int { return a.Addr.Compare(b.Addr) })
	return peers, nil
}
