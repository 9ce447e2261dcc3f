package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"labcheck/harness"
)

// probe is what a host says of itself, asked by commands that change nothing.
// What the host has no program for stays empty.
type probe struct {
	err     error // that no command can be run there
	unasked error // that no way leads to a command there, which says nothing of the host
	user    bool  // that it is not root who answers
	partial bool  // that the host did not come to the end of its answer
	links   []link
	rules   []string // of the packet filter, those that refuse or drop
	forward string   // net.ipv4.ip_forward
	full    []string // file systems below the engine's folder without room
	state   byte     // of the engine's process, as ps has it; 0 where there is none
	// neighbours are the addresses of containers elsewhere that the kernel was
	// told of.
	neighbours []netip.Addr
	// forwards are the hosts to which the kernel sends what is for containers
	// elsewhere, by the container's hardware address.
	forwards map[string]netip.Addr
	told     bool              // that the host came as far as that
	silent   map[string]string // what did not answer: "tcp ADDR PORT", and how; nil where nothing was dialled
}

// link is a network interface.
type link struct {
	name string
	up   bool
	mtu  int
	addr netip.Prefix
}

func parseProbe(out string) probe {
	p := probe{silent: map[string]string{}, forwards: map[string]netip.Addr{}}
	section := ""
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "== "); ok {
			section = name
			p.begin(name)
			continue
		}
		p.take(section, line, strings.Fields(line))
	}
	return p
}

// begin is what it means that a host comes to a section.
func (p *probe) begin(section string) {
	switch section {
	case "silent":
		p.told = true
	case "no dialler":
		p.silent = nil
	}
}

func (p *probe) take(section, line string, words []string) {
	switch {
	case len(words) == 0:
	case section == "user":
		p.user = line != "0"
	case section == "link":
		p.link(words)
	case section == "addr":
		p.addr(words)
	case section == "rule":
		p.rules = append(p.rules, line)
	case section == "forward":
		p.forward = line
	case section == "disk":
		p.disk(words)
	case section == "engine" && words[0] == "State:" && len(words) > 1:
		p.state = words[1][0]
	case section == "neighbour":
		if a, err := netip.ParseAddr(words[0]); err == nil {
			p.neighbours = append(p.neighbours, a)
		}
	case section == "forward to":
		p.forwardTo(words)
	case section == "silent":
		if what, ok := strings.CutPrefix(line, "no answer from "); ok {
			p.silent[what] = "no answer within 1 s, or refused"
		}
	}
}

// link takes a line such as "2: eth0@if3: <BROADCAST,UP> mtu 1500 qdisc …".
func (p *probe) link(words []string) {
	if len(words) < 5 || words[3] != "mtu" {
		return
	}
	name, _, _ := strings.Cut(strings.TrimSuffix(words[1], ":"), "@")
	mtu, _ := strconv.Atoi(words[4])
	flags := "," + strings.Trim(words[2], "<>") + ","
	p.links = append(p.links, link{name: name, up: strings.Contains(flags, ",UP,"), mtu: mtu})
}

// addr takes a line such as "2: eth0    inet 192.168.33.20/24 brd …".
func (p *probe) addr(words []string) {
	if len(words) < 4 {
		return
	}
	for i, l := range p.links {
		if l.name == words[1] && !l.addr.IsValid() {
			p.links[i].addr, _ = netip.ParsePrefix(words[3])
		}
	}
}

// forwardTo takes a line such as "02:42:0a:00:00:03 dev vx-000100-da44f dst
// 192.168.33.20 self permanent".
func (p *probe) forwardTo(words []string) {
	if i := slices.Index(words, "dst"); i > 0 && i+1 < len(words) {
		if to, err := netip.ParseAddr(words[i+1]); err == nil {
			p.forwards[words[0]] = to
		}
	}
}

// hardwareAddr is what the engine gives a container with that address.
func hardwareAddr(a netip.Addr) string {
	b := a.As4()
	return fmt.Sprintf("02:42:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3])
}

// spare is what an engine must be able to write at the least, in KiB.
const spare = 1 << 10

// disk takes a line of df: file system, size, used, available, …, mount point.
func (p *probe) disk(words []string) {
	if len(words) < 6 {
		return
	}
	free, err := strconv.Atoi(words[3])
	line := fmt.Sprintf("%s: %s KiB of %s KiB free", words[5], words[3], words[1])
	if size, sizeErr := strconv.Atoi(words[1]); err == nil && sizeErr == nil && size > 0 && free < spare && !contains(p.full, line) {
		p.full = append(p.full, line)
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

// outer is the interface with the host's address.
func (p probe) outer(h harness.Host) (link, bool) {
	for _, l := range p.links {
		if l.addr.Addr() == h.Addr {
			return l, true
		}
	}
	return link{}, false
}

// refuses are the filter's rules about a port, and those about everything from
// or to one of the hosts.
func (p probe) refuses(port uint16, hosts []harness.Host) []string {
	var found []string
	for _, r := range p.rules {
		padded := r + " "
		switch {
		case strings.Contains(padded, fmt.Sprintf("port %d ", port)):
			found = append(found, r)
		case strings.Contains(padded, "port"):
		case len(hosts) > 0 && aboutHost(padded, hosts):
			found = append(found, r)
		}
	}
	return found
}

func aboutHost(rule string, hosts []harness.Host) bool {
	for _, h := range hosts {
		if strings.Contains(rule, fmt.Sprintf(" %s/32 ", h.Addr)) {
			return true
		}
	}
	return false
}
