// Package page is the page "Set up cluster resources" as data: its commands,
// what it shows of their outputs, and what differs from that today, and why.
package page

import (
	"bytes"
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Command is a command of the page.
type Command struct {
	Page     string    `yaml:"page"`    // the page's number for it, such as 1.9
	Heading  lang.Text `yaml:"heading"` // of the part that it stands in
	Does     lang.Text `yaml:"does"`    // what it is for, in a sentence or two
	Text     string    `yaml:"text"`    // as typed, with the page's addresses
	Kind     Kind      `yaml:"kind"`    // of the output; empty where the page shows none
	Shown    string    `yaml:"shown"`   // the output, as the page has it
	Misprint *Misprint `yaml:"misprint"`
}

// Misprint is a slip of the page in an output that it shows.
type Misprint struct {
	Printed string    `yaml:"printed"`
	Meant   string    `yaml:"meant"`
	Reason  lang.Text `yaml:"reason"`
}

// Kind says how an output is read.
type Kind string

// The kinds.
const (
	KindRun        Kind = "run"        // docker run -d: what was pulled, and an id
	KindContainers Kind = "containers" // docker ps
	KindInfo       Kind = "info"       // docker info
	KindNetworks   Kind = "networks"   // docker network ls
)

//go:embed page.yaml
var commands []byte

// Commands are the page's, in its order. They belong to one shell: an export
// holds for all that follow. The page calls two parts of it step 2 ("review your
// work", and the network); here the network is 3 and the review after it 4, as
// the page goes on to count.
func Commands() ([]Command, error) {
	var parts []struct {
		Heading  lang.Text `yaml:"heading"`
		Commands []Command `yaml:"commands"`
	}
	if err := decode(commands, &parts); err != nil {
		return nil, lang.Errorf("page.yaml: %w", err)
	}
	var all []Command
	for _, p := range parts {
		for _, c := range p.Commands {
			c.Heading = p.Heading
			if err := c.check(); err != nil {
				return nil, lang.Errorf("page.yaml: %s %s: %w", c.Page, c.Text, err)
			}
			all = append(all, c)
		}
	}
	return all, nil
}

func decode(content []byte, v any) error {
	return yaml.NewDecoder(bytes.NewReader(content), yaml.Strict()).Decode(v)
}

// check refuses an output that can't be read.
func (c Command) check() error {
	if c.Kind == "" && c.Shown == "" {
		return nil
	}
	_, err := c.fields(c.meant())
	return err
}

// meant is the output with the misprint mended.
func (c Command) meant() string {
	if c.Misprint == nil {
		return c.Shown
	}
	return strings.Replace(c.Shown, c.Misprint.Printed, c.Misprint.Meant, 1)
}

// Terminal is an answer as a terminal shows it: docker run tells of pulling
// before it has an id, docker info warns after all else.
func (c Command) Terminal(answer harness.Result) string {
	if c.Kind == KindInfo {
		return answer.Stdout + answer.Stderr
	}
	return answer.Stderr + answer.Stdout
}

// address is any address of the page, with its port if it has one.
var address = regexp.MustCompile(`\b192\.168\.33\.\d+(:\d+)?\b`)

// Here writes a text of the page with the addresses and ports of its hosts in a
// topology.
func Here(t harness.Topology, text string) string {
	here := map[string]harness.Host{}
	for _, h := range t.Hosts() {
		here[h.Name] = h
	}
	return address.ReplaceAllStringFunc(text, func(at string) string {
		addr, port, _ := strings.Cut(at, ":")
		for _, h := range harness.Tutorial().Hosts() {
			if h.Addr.String() == addr {
				return place(t, here[h.Name], addr, port)
			}
		}
		return at
	})
}

// place is a host's address, with the port that takes the place of the page's.
// Of a host that the topology does not have the address stays.
func place(t harness.Topology, h harness.Host, addr, port string) string {
	if h.Addr.IsValid() {
		addr = h.Addr.String()
	}
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case port == "":
		return addr
	case err != nil:
		return addr + ":" + port
	case h.Addr.IsValid() && uint16(n) == harness.EnginePort:
		return h.Engine().String()
	}
	return fmt.Sprintf("%s:%d", addr, Port(t, uint16(n)))
}

// Port is the port of Swarm or of Consul that takes the place of the page's;
// another port stays.
func Port(t harness.Topology, said uint16) uint16 {
	switch said {
	case harness.SwarmPort:
		return t.Swarm().Port()
	case harness.ConsulPort:
		return t.Consul().Port()
	}
	return said
}
