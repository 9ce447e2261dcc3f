package engine

import (
	"context"
	"errors"
	"net/netip"

	"labcheck/harness"
)

// Peer is an engine as another has it in its gossip.
type Peer struct {
	Name  string     `json:"name"`
	Addr  netip.Addr `json:"addr"`
	State string     `json:"state"` // alive, suspect, dead, left
}

// Alive is the state of a peer that packets are sent to.
const Alive = "alive"

// Gossip asks a node's engine whom it has in its Serf gossip, itself too,
// sorted by address, and changes nothing.
func Gossip(ctx context.Context, n harness.Node) ([]Peer, error) {
	return nil, errors.ErrUnsupported
}
