// Package ec2 is the target of nodes that exist: where they are, how they are
// reached, and what it says where they are not.
package ec2

import (
	"cmp"
	_ "embed"
	"io"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Inventory says which nodes there are: a YAML file, described by
// inventory.schema.json.
type Inventory struct {
	Manager string `yaml:"manager"` // the name of one of Nodes
	// Replicas are the names of nodes that run a Swarm manager, too; each has a Consul
	// server, or with OneConsul uses the manager's.
	Replicas  []string `yaml:"replicas,omitempty"`
	OneConsul bool     `yaml:"one_consul,omitempty"`
	Network   string   `yaml:"network,omitempty"`
	// NetworkSubnet and Subnet, of the nodes themselves, are for labs.
	NetworkSubnet string `yaml:"network_subnet,omitempty"`
	Subnet        string `yaml:"subnet,omitempty"`
	Ports         Ports  `yaml:"ports,omitempty"`
	// CPUs and Memory are those of all nodes that have nothing of their own.
	CPUs   int    `yaml:"cpus,omitempty"`
	Memory string `yaml:"memory,omitempty"`
	// SSH is for all nodes that have nothing of their own.
	SSH   Login  `yaml:"ssh,omitempty"`
	Nodes []Node `yaml:"nodes"` // the members in the order of joining
}

// Ports are those of all nodes; the tutorial's where they are 0.
type Ports struct {
	Engine uint16 `yaml:"engine,omitempty"`
	Swarm  uint16 `yaml:"swarm,omitempty"`
	Consul uint16 `yaml:"consul,omitempty"`
}

// Login is how a person gets on a node.
type Login struct {
	User string `yaml:"user,omitempty"`
	Key  string `yaml:"key,omitempty"` // a file; ~/ is the user's home
	Port uint16 `yaml:"port,omitempty"`
}

// Node is a node that exists.
type Node struct {
	Name string `yaml:"name"`
	// Address is the one that the node's peers use.
	Address string `yaml:"address"`
	// Public is where this machine reaches the node, if not at Address.
	Public string `yaml:"public,omitempty"`
	Port   uint16 `yaml:"port,omitempty"` // the engine's
	// CPUs and Memory, in bytes or as 1016013 kB, are as `docker info` counts
	// them; the page's where they are empty.
	CPUs   int    `yaml:"cpus,omitempty"`
	Memory string `yaml:"memory,omitempty"`
	SSH    Login  `yaml:"ssh,omitempty"`
	// Labels are the engine's own, and EngineFlags further flags of dockerd in a lab.
	Labels      map[string]string `yaml:"labels,omitempty"`
	EngineFlags []string          `yaml:"engine_flags,omitempty"`
}

// Schema is the JSON Schema of inventories.
//
//go:embed inventory.schema.json
var Schema []byte

// Example is an inventory that shows all there is to say.
//
//go:embed example.yaml
var Example []byte

// Write writes an inventory as Read reads it.
func (i Inventory) Write(w io.Writer) error {
	b, err := yaml.MarshalWithOptions(i, yaml.IndentSequence(true))
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// Tutorial returns the page's inventory: its names and its private addresses.
func Tutorial() Inventory {
	t := harness.Tutorial()
	i := Inventory{Manager: t.Manager.Name, Network: t.Network}
	for _, h := range t.Hosts() {
		i.Nodes = append(i.Nodes, Node{Name: h.Name, Address: h.Addr.String()})
	}
	return i
}

// node finds a node by its name.
func (i Inventory) node(name string) (Node, bool) {
	for _, n := range i.Nodes {
		if n.Name == name {
			return n, true
		}
	}
	return Node{}, false
}

// Topology returns what the inventory says of the cluster, and what the page says
// where the inventory does not.
func (i Inventory) Topology() harness.Topology {
	t := harness.Tutorial()
	page := map[string]harness.Host{}
	for _, h := range t.Hosts() {
		page[h.Name] = h
	}
	t.Subnet, t.Members = prefixOf(i.Subnet), nil
	t.NetworkSubnet = prefixOf(i.NetworkSubnet)
	t.Replicas, t.ReplicasOn, t.OneConsul = len(i.Replicas), i.Replicas, i.OneConsul
	t.SwarmPort, t.ConsulPort = i.Ports.Swarm, i.Ports.Consul
	if i.Network != "" {
		t.Network = i.Network
	}
	for _, n := range i.Nodes {
		n.CPUs, n.Memory = cmp.Or(n.CPUs, i.CPUs), cmp.Or(n.Memory, i.Memory)
		h := n.host(page[n.Name], i.Ports.Engine)
		if n.Name == i.Manager {
			t.Manager = h
		} else {
			t.Members = append(t.Members, h)
		}
	}
	return t
}

// prefixOf returns a subnet that was checked; it is not valid if there is none.
func prefixOf(text string) netip.Prefix {
	p, _ := netip.ParsePrefix(text)
	return p
}

func (n Node) host(page harness.Host, port uint16) harness.Host {
	h := harness.Host{
		Name: n.Name, CPUs: page.CPUs, Memory: page.Memory, Port: port, Labels: n.Labels, EngineFlags: n.EngineFlags,
	}
	h.Addr, _ = netip.ParseAddr(n.Address) // checked
	if n.Port != 0 {
		h.Port = n.Port
	}
	if n.CPUs != 0 {
		h.CPUs, h.Own.CPUs = n.CPUs, true
	}
	if n.Memory != "" {
		h.Memory, _ = bytesOf(n.Memory) // checked
		h.Own.Memory = true
	}
	return h
}

// bytesOf reads a size that is exact, as `docker info --format
// '{{.MemTotal}}'` and /proc/meminfo give it. Of a rounded one, such as 992.2
// MiB, it can't be said what Swarm makes of it: Swarm adds 5%, and rounds.
func bytesOf(size string) (int64, error) {
	unit := strings.TrimLeft(size, "0123456789")
	digits := size[:len(size)-len(unit)]
	number, err := strconv.ParseInt(digits, 10, 64)
	shift, known := map[string]uint{"": 0, "B": 0, "kB": 10, "KiB": 10, "MiB": 20, "GiB": 30}[strings.TrimSpace(unit)]
	if err != nil || !known || digits[0] == '0' || number > math.MaxInt64>>shift/100 {
		return 0, lang.Errorf("%q is not an exact size; take what docker info --format '{{.MemTotal}}' prints", size)
	}
	return number << shift, nil
}
