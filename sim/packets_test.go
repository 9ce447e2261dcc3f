package sim

import (
	"errors"
	"net/netip"
	"testing"
	"time"
)

// What bash 5.1 says, recorded in a host of a lab.
func TestReadAnswer(t *testing.T) {
	const printed = `192.168.33.20 0
192.168.33.21 124
192.168.33.200 1 bash: connect: Connection refused bash: line 1: /dev/tcp/192.168.33.200/2375: Connection refused
192.168.33.201 1 bash: connect: No route to host bash: line 1: /dev/tcp/192.168.33.201/2375: No route to host
192.168.33.202 1 bash: connect: Network is unreachable bash: line 1: /dev/tcp/192.168.33.202/2375: Network is unreachable
192.168.33.203 127 timeout: failed to run command 'bash': No such file or directory
`
	for addr, want := range map[string]answer{
		"192.168.33.20": connected, "192.168.33.21": lost, "192.168.33.200": refused, "192.168.33.201": lost,
		"192.168.33.202": lost, "192.168.33.203": unknown, "192.168.33.2": unknown,
	} {
		if got := readAnswer(printed, netip.MustParseAddr(addr)); got != want {
			t.Errorf("of %s: %d, want %d", addr, got, want)
		}
	}
}

// Nothing is dialled where this machine has no bridge of the lab.
func TestCheckDialElsewhere(t *testing.T) {
	bridge := labBridge{id: "0123456789abcdef", subnet: netip.MustParsePrefix("192.0.2.0/24")}
	n := &node{addr: netip.MustParseAddr("192.0.2.11"), bridge: bridge}
	if err := checkDial(t.Context(), []*node{n}); !errors.Is(err, ErrNotOurs) {
		t.Errorf("it says %v", err)
	}
}

// What ss of iproute2 5.10 says, recorded in a host of a lab.
func TestReadObservation(t *testing.T) {
	const waits = "0      0      192.168.33.11:2375 192.168.33.20:49128\n"
	for printed, want := range map[string]observation{
		"":                           {},
		"listens 11000000\n":         {listens: true, took: 11 * time.Millisecond},
		"listens 11000000\n" + waits: {listens: true, took: 11 * time.Millisecond, asked: true},
		waits:                        {asked: true},
	} {
		if got := readObservation(printed, netip.MustParseAddr("192.168.33.20")); got != want {
			t.Errorf("of %q: %+v, want %+v", printed, got, want)
		}
	}
	if got := readObservation(waits, netip.MustParseAddr("192.168.33.2")); got.asked {
		t.Error("one host is taken for another one")
	}
}

// What the manager and another host have found is one error.
func TestMergeLosses(t *testing.T) {
	manager := place{addr: netip.MustParseAddr("192.168.33.11")}
	first := place{addr: netip.MustParseAddr("192.168.33.20")}
	third := place{addr: netip.MustParseAddr("192.168.33.21")}
	there, answers := &loss{from: manager, to: first}, &loss{from: first, to: manager}
	refusedThere := &loss{from: manager, to: first, refused: true}
	refusedBack := &loss{from: first, to: manager, refused: true}
	toThird := &loss{from: manager, to: third}
	for name, test := range map[string]struct {
		there, back, want *loss
		bothWays          bool
	}{
		"nothing":                  {nil, nil, nil, false},
		"on the way":               {there, nil, there, false},
		"on the way back":          {nil, answers, answers, false},
		"both ways":                {there, answers, there, true},
		"both refused":             {refusedThere, refusedBack, refusedThere, true},
		"answers of both":          {answers, there, answers, true},
		"the same way":             {there, there, there, false},
		"another host":             {toThird, answers, toThird, false},
		"refused in one direction": {there, refusedBack, refusedBack, false},
		"refused on the way":       {refusedThere, answers, refusedThere, false},
	} {
		if got, bothWays := mergeLosses(test.there, test.back); got != test.want || bothWays != test.bothWays {
			t.Errorf("%s: %+v, %v, want %+v, %v", name, got, bothWays, test.want, test.bothWays)
		}
	}
}
