package enginetest

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"labcheck/harness"
)

// gossipMember is a member in the state that engines exchange.
type gossipMember struct {
	Name  string
	Addr  []byte
	Port  uint16
	State int
}

// joinGossip makes the host's engine, and each engine that it knows, know all hosts.
func (h *Host) joinGossip() {
	unknown := h.Unknown
	for name, other := range h.cluster.Hosts {
		if !slices.Contains(unknown, name) {
			other.Unknown = nil
		}
	}
}

// serveGossip answers a state with that of the host's engine. A state that has
// members joins the engine to the gossip.
func (h *Host) serveGossip(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	var header struct{ Nodes, UserStateLen int }
	if _, err := r.ReadByte(); err != nil || codec.NewDecoder(r, &codec.MsgpackHandle{}).Decode(&header) != nil {
		return
	}
	h.cluster.Change(func() {
		_, _ = conn.Write(h.gossipState()) // the client may be gone
		if header.Nodes > 0 {
			h.joinGossip()
		}
	})
}

func (h *Host) gossipState() []byte {
	var all []gossipMember
	for _, other := range h.cluster.Topology.Hosts() {
		state := 0
		if slices.Contains(h.Suspect, other.Name) {
			state = 1
		}
		if !slices.Contains(h.Unknown, other.Name) {
			all = append(all, gossipMember{other.Name, other.Addr.AsSlice(), harness.GossipPort, state})
		}
	}
	b := bytes.NewBuffer([]byte{6})
	e := codec.NewEncoder(b, &codec.MsgpackHandle{})
	user := h.serfState()
	_ = e.Encode(struct {
		Nodes, UserStateLen int
		Join                bool
	}{Nodes: len(all), UserStateLen: len(user)}) // a buffer takes all
	for _, m := range all {
		_ = e.Encode(m)
	}
	b.Write(user)
	return b.Bytes()
}

// serfEvent is an event in Serf's own format.
type serfEvent struct {
	Name    string
	Payload []byte
}

// serfState returns Serf's state: the events that the host's engine received of
// endpoints on networks that hosts share.
func (h *Host) serfState() []byte {
	var slots []any
	addEvent := func(kind, network, endpoint, addr string, on netip.Addr) {
		e := serfEvent{
			Name:    fmt.Sprintf("jl %s %s %s", on, idOf(network), idOf(endpoint)),
			Payload: fmt.Appendf(nil, "%s %s 255.255.255.0 02:42:0a:00:00:02", kind, addr),
		}
		slots = append(slots, nil, map[string]any{"LTime": len(slots), "Events": []serfEvent{e}})
	}
	for _, other := range h.cluster.Hosts {
		for _, c := range other.Containers {
			for network, addr := range c.Networks {
				if network != "bridge" && !slices.Contains(h.Untold, addr) {
					addEvent("join", network, c.Name+" on "+network, addr, other.Addr)
				}
			}
		}
	}
	for _, e := range h.Heard {
		kind := map[bool]string{false: "join", true: "leave"}[e.Left]
		addEvent(kind, "former", e.Endpoint, e.Addr, h.cluster.Hosts[e.Host].Addr)
	}
	b := bytes.NewBuffer([]byte{2})
	_ = codec.NewEncoder(b, &codec.MsgpackHandle{}).Encode(map[string]any{"Events": slots}) // as in state
	return b.Bytes()
}
