package sim

import (
	"context"
	"net"
	"net/netip"

	"labcheck/harness/lang"
)

// DialMode is how nodes are reached. It is a flag's value.
type DialMode string

// The ways to reach a node.
const (
	// DialAuto is direct if the lab's bridge is on this machine, else exec.
	DialAuto DialMode = "auto"
	// DialDirect connects to the node's address.
	DialDirect DialMode = "direct"
	// DialExec goes through the engine that holds the lab, with `docker exec`:
	// for Docker Desktop and remote engines, whose bridges are on another machine.
	DialExec DialMode = "exec"
)

// String returns the flag's value.
func (m *DialMode) String() string { return string(*m) }

// Type returns what a usage text calls the value.
func (m *DialMode) Type() string { return "auto|direct|exec" }

// Set parses the flag's value.
func (m *DialMode) Set(s string) error {
	switch DialMode(s) {
	case DialAuto, DialDirect, DialExec:
		*m = DialMode(s)
		return nil
	}
	return lang.Errorf("want auto, direct or exec")
}

// ErrNotOurs reports that nothing was dialed, because this machine has no bridge of
// the lab: the address may be another machine's.
var ErrNotOurs = lang.Errorf("refused: this machine has no bridge of this lab with that address")

// resolve turns DialAuto into what works here.
func (m DialMode) resolve(b labBridge) DialMode {
	switch {
	case m == DialDirect || m == DialExec:
		return m
	case b.isLocal():
		return DialDirect
	}
	return DialExec
}

func dialDirect(ctx context.Context, b labBridge, addr netip.AddrPort) (net.Conn, error) {
	if !b.isLocal() || !b.subnet.Contains(addr.Addr()) {
		return nil, lang.Errorf("dial %s: %w", addr, ErrNotOurs)
	}
	return new(net.Dialer).DialContext(ctx, "tcp4", addr.String())
}
