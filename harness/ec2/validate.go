package ec2

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"labcheck/harness"
)

// nodeName is what engines call their hosts.
var nodeName = regexp.MustCompile(`^[A-Za-z0-9]+([.-]+[A-Za-z0-9]+)*$`)

// networkName is what docker takes (docker/docker 20.10, daemon/names).
var networkName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// ownNetworks are networks that each engine has, or takes for those.
var ownNetworks = []string{"bridge", "default", "docker_gwbridge", "host", "none"}

// check holds an inventory to what its schema can't say.
func (i Inventory) check(p *problems) {
	if len(i.Nodes) == 0 {
		if !p.bad["$"] {
			p.note("$.nodes", "there are no nodes")
		}
		return
	}
	if i.Network != "" && !networkName.MatchString(i.Network) {
		p.note("$.network", "%q can't be a network's name: write letters and digits, and dots, hyphens and _ between them",
			i.Network)
	}
	if slices.Contains(ownNetworks, i.Network) {
		p.note("$.network", "each engine has a network %s of its own: write another name", i.Network)
	}
	i.SSH.check(p, "$.ssh")
	checkSubnet(p, "$.subnet", i.Subnet)
	checkSubnet(p, "$.network_subnet", i.NetworkSubnet)
	checkMemory(p, "$.memory", i.Memory)
	for k, name := range i.Replicas {
		isMember := slices.ContainsFunc(i.Nodes, func(n Node) bool { return n.Name == name && name != i.Manager })
		if !isMember || slices.Contains(i.Replicas[:k], name) {
			p.note(fmt.Sprintf("$.replicas[%d]", k), "%q: write the name of a node that is not the manager, once", name)
		}
	}
	for k, n := range i.Nodes {
		at := fmt.Sprintf("$.nodes[%d]", k)
		if !p.bad[at] {
			n.check(p, at)
			i.checkSizes(p, at, n)
			i.checkSubnetHas(p, at, n)
		}
		for _, other := range i.Nodes[:k] {
			i.compareNodes(p, at, other, n)
		}
	}
	i.checkManager(p)
}

// compareNodes notes what two nodes can't have both.
func (i Inventory) compareNodes(p *problems, at string, a, b Node) {
	address := func(n Node) netip.Addr {
		addr, _ := netip.ParseAddr(n.Address)
		return addr
	}
	port := func(n Node) uint16 { return cmp.Or(n.Port, i.Ports.Engine, harness.EnginePort) }
	switch {
	case a.Name == b.Name && a.Name != "":
		p.note(p.ownPath(at, ".name"), "there are two nodes %s: write another name", b.Name)
	case strings.EqualFold(a.Name, b.Name) && a.Name != "":
		p.note(p.ownPath(at, ".name"), "%s and %s differ in upper and lower case only: write another name", a.Name, b.Name)
	}
	switch {
	case address(a) == address(b) && address(a).IsValid():
		p.note(p.ownPath(at, ".address"), "%s and %s have the same address: write another one", a.Name, b.Name)
	case a.Public != "" && strings.EqualFold(a.Public, b.Public) && port(a) == port(b):
		p.note(p.ownPath(at, ".public"), "%s and %s have the same public address: write another one, or another port",
			a.Name, b.Name)
	}
}

// checkManager notes if no node is the manager, or if two of the manager's services
// have the same port.
func (i Inventory) checkManager(p *problems) {
	at := slices.IndexFunc(i.Nodes, func(n Node) bool { return n.Name == i.Manager })
	known := at >= 0 && i.Manager != ""
	noName := slices.ContainsFunc(i.Nodes, func(n Node) bool { return n.Name == "" }) // was noted
	meant := slices.IndexFunc(i.Nodes, func(n Node) bool { return isMisspelt(i.Manager, n.Name) })
	switch {
	case i.Manager == "":
		p.note("$.manager", "no node is the manager: write manager: and the name of a node")
	case !known && meant >= 0:
		p.note("$.manager", "the manager is %q; no node has that name: write %s", i.Manager, i.Nodes[meant].Name)
	case !known && !noName:
		p.note("$.manager", "the manager is %q; no node has that name: write the name of a node", i.Manager)
	}
	if !known {
		return
	}
	engine := cmp.Or(i.Nodes[at].Port, i.Ports.Engine, harness.EnginePort)
	swarm, consul := cmp.Or(i.Ports.Swarm, harness.SwarmPort), cmp.Or(i.Ports.Consul, harness.ConsulPort)
	switch {
	case swarm == consul:
		p.note("$.ports", "Swarm and Consul both have port %d of %s: write another one", swarm, i.Manager)
	case swarm == engine, consul == engine:
		p.note(fmt.Sprintf("$.nodes[%d].port", at),
			"the engine of %s and another service both have its port %d: write another one", i.Manager, engine)
	}
}

func (n Node) check(p *problems, at string) {
	isName := nodeName.MatchString(n.Name) && len(n.Name) < 64
	switch {
	case n.Name == "":
		p.note(at+".name", "a node has no name: write what docker info calls it; a name such as null needs quotes")
	case !isName:
		p.note(at+".name", "%q can't be a node's name: write what docker info calls it: letters, digits, dots and hyphens",
			n.Name)
	}
	n.checkAddress(p, at)
	n.checkPublic(p, at)
	n.SSH.check(p, at+".ssh")
	checkMemory(p, at+".memory", n.Memory)
	for name := range n.Labels {
		if name == "" || strings.ContainsFunc(name, isBlankOrControl) || strings.Contains(name, "=") {
			p.note(at+".labels", "%q can't be a label's name: write one without spaces and =", name)
		}
	}
	for k, f := range n.EngineFlags {
		if !strings.HasPrefix(f, "--") {
			p.note(fmt.Sprintf("%s.engine_flags[%d]", at, k), "%q: write a flag of dockerd with its value, as --NAME=VALUE", f)
		}
	}
}

// checkSizes notes a node whose sizes nothing says.
func (i Inventory) checkSizes(p *problems, at string, n Node) {
	noCPUs := n.CPUs == 0 && i.CPUs == 0 && !p.bad[at+".cpus"] && !p.bad["$.cpus"]
	noMemory := n.Memory == "" && i.Memory == "" && !p.bad[at+".memory"] && !p.bad["$.memory"]
	if (noCPUs || noMemory) && nodeName.MatchString(n.Name) && !slices.Contains(harness.Tutorial().HostNames(), n.Name) {
		p.note(at, "the page has no node %s: its cpus and its memory are needed, here or for all nodes", n.Name)
	}
}

// checkSubnetHas notes a node that is not in the subnet of all nodes.
func (i Inventory) checkSubnetHas(p *problems, at string, n Node) {
	subnet, addr := prefixOf(i.Subnet), n.host(harness.Host{}, 0).Addr
	if subnet.IsValid() && addr.IsValid() && !subnet.Contains(addr) {
		p.note(p.ownPath(at, ".address"), "%s, the address of %s, is not in the subnet %s", n.Address, n.Name, subnet)
	}
}

func checkMemory(p *problems, path, memory string) {
	if memory == "" {
		return
	}
	if _, err := bytesOf(memory); err != nil {
		p.note(path, "%s", err)
	}
}

func checkSubnet(p *problems, path, subnet string) {
	if _, err := netip.ParsePrefix(subnet); subnet != "" && err != nil {
		p.note(path, "%q: want a subnet such as 192.168.34.0/24", subnet)
	}
}

// check notes what ssh would take for something else.
func (l Login) check(p *problems, at string) {
	if strings.HasPrefix(l.User, "-") || strings.ContainsFunc(l.User, isBlankOrControl) {
		p.note(at+".user", "%q can't be a user's name: write one without spaces, and without - before it", l.User)
	}
	if strings.ContainsFunc(l.Key, unicode.IsControl) {
		p.note(at+".key", "%q can't be a file's name: write a path without control characters", l.Key)
	}
}

func isBlankOrControl(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
