package survey

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"labcheck/harness"
)

// Probe is what a host says of itself, asked by commands that change nothing. It
// is empty of what the host has no program for.
type Probe struct {
	Failed  Failure  `json:"failed,omitzero"`   // no command can be run there
	Unasked Failure  `json:"unasked,omitzero"`  // no way leads to a command there, which says nothing of the host
	User    bool     `json:"user,omitempty"`    // it is not root who answers
	Partial bool     `json:"partial,omitempty"` // the host did not come to the end of its answer
	Skipped bool     `json:"skipped,omitempty"` // it is one of many, shows no fault, and was not asked
	Links   []Link   `json:"links,omitempty"`   // its network interfaces
	Rules   []string `json:"rules,omitempty"`   // of the packet filter, those that refuse or drop
	// Kept are those that let containers out, and ":FORWARD DROP" if nothing else is let
	// through. They are known if RulesRead.
	Kept      []string `json:"kept,omitempty"`
	RulesRead bool     `json:"rules_read,omitempty"`
	Forward   string   `json:"forward,omitempty"` // net.ipv4.ip_forward
	Full      []string `json:"full,omitempty"`    // file systems below the engine's folder without room
	Engine    string   `json:"engine,omitempty"`  // the state of its process, as ps has it; empty if there is none
	// Neighbours are the addresses of containers elsewhere that the kernel was
	// told of.
	Neighbours []netip.Addr `json:"neighbours,omitempty"`
	// Forwards are the hosts to which the kernel sends what is for containers
	// elsewhere, by the container's hardware address.
	Forwards map[string]netip.Addr `json:"forwards,omitempty"`
	Told     bool                  `json:"told,omitempty"` // the host came as far as that
	Dialled  bool                  `json:"dialled,omitempty"`
	// Silent are the services that did not answer, if the host Dialled them.
	Silent []string `json:"silent,omitempty"` // "tcp ADDR PORT"
	// SilentInside are those that did not answer the host's Swarm containers.
	SilentInside []string `json:"silent_inside,omitempty"`
}

// Stopped is the state of a process that a signal has stopped.
const Stopped = "T"

// Link is a network interface with one of its addresses. One that has several is there
// for each of them.
type Link struct {
	Name string       `json:"name"`
	Up   bool         `json:"up,omitempty"`
	MTU  int          `json:"mtu"`
	Addr netip.Prefix `json:"addr,omitzero"`
}

// ParseProbe reads what the script on a host writes.
func ParseProbe(out string) Probe {
	p := Probe{Dialled: true, Forwards: map[string]netip.Addr{}}
	section := ""
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "== "); ok {
			section = name
			p.beginSection(name)
			continue
		}
		p.readLine(section, line, strings.Fields(line))
	}
	return p
}

// beginSection notes what it means that a host comes to a section.
func (p *Probe) beginSection(section string) {
	switch section {
	case "silent":
		p.Told = true
	case "no dialler":
		p.Dialled = false
	case "kept":
		p.RulesRead = true
	}
}

func (p *Probe) readLine(section, line string, words []string) {
	switch {
	case len(words) == 0:
	case section == "user":
		p.User = line != "0"
	case section == "link":
		p.readLink(words)
	case section == "addr":
		p.readAddr(words)
	case section == "rule":
		p.Rules = append(p.Rules, line)
	case section == "kept":
		line, _, _ = strings.Cut(line, " [") // the policy's counters
		p.Kept = append(p.Kept, line)
	case section == "forward":
		p.Forward = line
	case section == "disk":
		p.readDisk(words)
	case section == "engine" && words[0] == "State:" && len(words) > 1:
		p.Engine = words[1][:1]
	case section == "neighbour":
		if a, err := netip.ParseAddr(words[0]); err == nil {
			p.Neighbours = append(p.Neighbours, a)
		}
	case section == "forward to":
		p.readForward(words)
	case section == "silent":
		if what, ok := strings.CutPrefix(line, "no answer from "); ok {
			p.Silent = append(p.Silent, what)
		}
		if what, ok := strings.CutPrefix(line, "swarm: no answer from "); ok && !slices.Contains(p.SilentInside, what) {
			p.SilentInside = append(p.SilentInside, what)
		}
	}
}

// readLink reads a line such as "2: eth0@if3: <BROADCAST,UP> mtu 1500 qdisc …".
func (p *Probe) readLink(words []string) {
	if len(words) < 5 || words[3] != "mtu" {
		return
	}
	name, _, _ := strings.Cut(strings.TrimSuffix(words[1], ":"), "@")
	mtu, _ := strconv.Atoi(words[4])
	flags := "," + strings.Trim(words[2], "<>") + ","
	p.Links = append(p.Links, Link{Name: name, Up: strings.Contains(flags, ",UP,"), MTU: mtu})
}

// readAddr reads a line such as "2: eth0    inet 192.168.33.20/24 brd …".
func (p *Probe) readAddr(words []string) {
	if len(words) < 4 {
		return
	}
	i := slices.IndexFunc(p.Links, func(l Link) bool { return l.Name == words[1] })
	addr, err := netip.ParsePrefix(words[3])
	switch {
	case i < 0 || err != nil:
	case p.Links[i].Addr.IsValid():
		another := p.Links[i]
		another.Addr = addr
		p.Links = append(p.Links, another)
	default:
		p.Links[i].Addr = addr
	}
}

// readForward reads a line such as "02:42:0a:00:00:03 dev vx-000100-da44f dst
// 192.168.33.20 self permanent".
func (p *Probe) readForward(words []string) {
	if i := slices.Index(words, "dst"); i > 0 && i+1 < len(words) {
		if to, err := netip.ParseAddr(words[i+1]); err == nil {
			p.Forwards[words[0]] = to
		}
	}
}

// spare is what an engine must be able to write at the least, in KiB.
const spare = 1 << 10

// readDisk reads a line of df: file system, size, used, available, …, mount point.
func (p *Probe) readDisk(words []string) {
	if len(words) < 6 {
		return
	}
	free, err := strconv.Atoi(words[3])
	line := fmt.Sprintf("%s: %s KiB of %s KiB free", words[5], words[3], words[1])
	size, sizeErr := strconv.Atoi(words[1])
	isFull := err == nil && sizeErr == nil && size > 0 && free < spare
	if isFull && !slices.Contains(p.Full, line) {
		p.Full = append(p.Full, line)
	}
}

// LinkOver returns an interface beside the host's own, such as a bridge, that takes
// what the host sends to an address.
func (p Probe) LinkOver(h harness.Host, to netip.Addr) (Link, bool) {
	own, known := p.LinkOf(h)
	for _, l := range p.Links {
		isOther := l.Up && l.Name != own.Name && !strings.HasPrefix(l.Name, "veth")
		isNearer := l.Addr.Bits() > own.Addr.Bits() ||
			l.Addr.Bits() == own.Addr.Bits() && slices.ContainsFunc(p.Silent, func(s string) bool { return strings.Contains(s, " "+to.String()+" ") })
		if known && isOther && isNearer && l.Addr.IsValid() && l.Addr.Contains(to) {
			return l, true
		}
	}
	return Link{}, false
}

// LinkOf returns the interface with the host's address.
func (p Probe) LinkOf(h harness.Host) (Link, bool) {
	for _, l := range p.Links {
		if l.Addr.Addr() == h.Addr {
			return l, true
		}
	}
	return Link{}, false
}
