// Package ec2 is the target of nodes that exist: where they are, how they are
// reached, and what it says where they are not.
package ec2

import (
	_ "embed"
	"fmt"
	"io"
	"net/netip"
	"os"

	"github.com/goccy/go-yaml"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Inventory says which nodes there are: a YAML file, described by
// inventory.schema.json.
type Inventory struct {
	Manager string `yaml:"manager"` // the name of one of Nodes
	Network string `yaml:"network,omitempty"`
	Ports   Ports  `yaml:"ports,omitempty"`
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
}

// Schema is the JSON Schema of inventories.
//
//go:embed inventory.schema.json
var Schema []byte

// Example is an inventory that shows all there is to say.
//
//go:embed example.yaml
var Example []byte

// maxInventory is the longest inventory that is read, in bytes.
const maxInventory = 1 << 20

// InventoryError is an inventory that can't be used.
type InventoryError struct {
	File string
	// Line and Column count from 1; 0 where the error has no place.
	Line, Column int
	What         lang.Text
}

func (e *InventoryError) Error() string { return e.In(lang.English) }

// In is the text in a language.
func (e *InventoryError) In(l lang.Language) string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.What.In(l))
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.What.In(l))
}

// ReadFile reads an inventory's file. If it could be read and can't be used the error
// has an *InventoryError for each thing that is wrong.
func ReadFile(name string) (Inventory, error) {
	f, err := os.Open(name)
	if err != nil {
		return Inventory{}, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxInventory+1))
	if err != nil {
		return Inventory{}, err
	}
	return Read(name, content)
}

// Read reads an inventory; name is for errors.
func Read(name string, content []byte) (Inventory, error) {
	if len(content) > maxInventory {
		return Inventory{}, &InventoryError{File: name, What: lang.Textf("longer than %d bytes", maxInventory)}
	}
	text, wrong := decodeText(name, content)
	if wrong != nil {
		return Inventory{}, wrong
	}
	document, err := parse(name, text)
	if err != nil {
		return Inventory{}, err
	}
	i, p := readDocument(name, document)
	i.check(p)
	return i, p.err()
}

// Write writes an inventory as Read reads it.
func (i Inventory) Write(w io.Writer) error {
	b, err := yaml.MarshalWithOptions(i, yaml.IndentSequence(true))
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// Tutorial is the page's inventory: its names and its private addresses.
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

// Topology is what the inventory says of the cluster, and what the page says
// where the inventory does not.
func (i Inventory) Topology() harness.Topology {
	t := harness.Tutorial()
	page := map[string]harness.Host{}
	for _, h := range t.Hosts() {
		page[h.Name] = h
	}
	t.Subnet, t.Members = netip.Prefix{}, nil
	t.SwarmPort, t.ConsulPort = i.Ports.Swarm, i.Ports.Consul
	if i.Network != "" {
		t.Network = i.Network
	}
	for _, n := range i.Nodes {
		h := n.host(page[n.Name], i.Ports.Engine)
		if n.Name == i.Manager {
			t.Manager = h
		} else {
			t.Members = append(t.Members, h)
		}
	}
	return t
}

func (n Node) host(page harness.Host, port uint16) harness.Host {
	h := harness.Host{Name: n.Name, CPUs: page.CPUs, Memory: page.Memory, Port: port}
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
