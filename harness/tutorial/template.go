package tutorial

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"labcheck/harness"
)

// Template is a text of a page over a topology and a host of it, such as
// docker -H=tcp://{{.Host.Engine}} network ls
type Template struct{ parsed *template.Template }

// UnmarshalText parses the text of a template.
func (t *Template) UnmarshalText(text []byte) (err error) {
	t.parsed, err = template.New("page").Parse(string(text))
	return err
}

// place is what templates speak of: a topology and a host of it. It keeps the
// first error of a template.
type place struct {
	harness.Topology
	Host harness.Host
	err  error
}

// placeOf returns the host of a topology that has a host's name, or the host
// itself if there is none.
func placeOf(t harness.Topology, h harness.Host) *place {
	p := &place{Topology: t, Host: h}
	if named, err := p.Named(h.Name); err == nil {
		p.Host = named
	}
	return p
}

// First reports whether the host is the first member.
func (p *place) First() bool { return len(p.Members) > 0 && p.Members[0].Name == p.Host.Name }

// Servers returns the hosts of the other Consul servers; there are none without
// replicas.
func (p *place) Servers() []harness.Host {
	return slices.DeleteFunc(p.ConsulServers(), func(h harness.Host) bool { return h.Name == p.Host.Name })
}

func (p *place) renderText(t Template) string {
	if t.parsed == nil {
		return ""
	}
	var text strings.Builder
	if err := t.parsed.Execute(&text, p); err != nil && p.err == nil {
		p.err = err
	}
	return text.String()
}

// hostChoice says for which hosts of a topology a command is typed; for the manager
// if it is empty.
type hostChoice string

func (c hostChoice) hostsIn(t harness.Topology) ([]harness.Host, error) {
	switch c {
	case "":
		return []harness.Host{t.Manager}, nil
	case "members":
		return t.Members, nil
	case "first-member":
		return t.Members[:min(1, len(t.Members))], nil
	case "other-servers": // of Consul
		return t.ConsulServers()[1:], nil
	case "replicas": // of the Swarm manager
		return t.Replicated(), nil
	}
	return nil, fmt.Errorf("no hosts are called %q", c)
}

// printedIn returns the topology that the page prints, with the addresses and
// ports that its hosts have in another one. The managers are one host, whatever their
// names; a member that the other one lacks keeps the page's.
func printedIn(t harness.Topology) harness.Topology {
	printed := harness.Tutorial()
	printed.SwarmPort, printed.ConsulPort = t.SwarmPort, t.ConsulPort
	printed.Manager = t.Manager
	for i, h := range printed.Members {
		printed.Members[i] = placeOf(t, h).Host
	}
	return printed
}

// address is an address, with its port if it has one.
var address = regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+(:\d+)?\b`)

// Addresses are those of a topology by the addresses and ports of the page.
type Addresses map[string]string

// AddressesOf returns the addresses of a topology.
func AddressesOf(t harness.Topology) Addresses {
	here := Addresses{}
	own, placed := harness.Tutorial(), printedIn(t)
	for i, h := range own.Hosts() {
		at := placed.Hosts()[i]
		here[h.Addr.String()] = at.Addr.String()
		here[h.Engine().String()] = at.Engine().String()
		for _, port := range []uint16{harness.SwarmPort, harness.ConsulPort} {
			here[netip.AddrPortFrom(h.Addr, port).String()] = netip.AddrPortFrom(at.Addr, Port(t, port)).String()
		}
	}
	for _, h := range t.Hosts() {
		stand := StandIn(t, h)
		here[stand.String()] = h.Addr.String()
		here[netip.AddrPortFrom(stand, harness.EnginePort).String()] = h.Engine().String()
	}
	return here
}

// Here writes a text that has addresses and ports of the page, such as a sentence
// of the features, with those that the hosts have.
func (here Addresses) Here(text string) string {
	return address.ReplaceAllStringFunc(text, func(printed string) string {
		if at, ok := here[printed]; ok {
			return at
		}
		addr, port, _ := strings.Cut(printed, ":")
		if at, ok := here[addr]; ok && port != "" {
			return at + ":" + port
		}
		return printed
	})
}

// StandIn returns the address by which the features are to name a host of a topology:
// the page's, or for a host that the page has not one of the block for benchmarks
// (RFC 2544), which no cluster has. Addresses.Here writes the host's own in its place.
func StandIn(t harness.Topology, h harness.Host) netip.Addr {
	if p, err := harness.Tutorial().Named(h.Name); err == nil {
		return p.Addr
	}
	i := slices.Index(t.HostNames(), h.Name)
	return netip.AddrFrom4([4]byte{198, 18 + byte(i>>16), byte(i >> 8), byte(i)})
}

// Port returns the port of the Swarm manager or Consul that takes the place of
// the page's. Any other port stays.
func Port(t harness.Topology, printed uint16) uint16 {
	switch printed {
	case harness.SwarmPort:
		return t.Swarm().Port()
	case harness.ConsulPort:
		return t.Consul().Port()
	}
	return printed
}
