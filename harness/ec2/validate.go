package ec2

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// places finds where something stands in an inventory's text.
type places struct {
	file    string
	content []byte
}

// wrong is an *InventoryError at a path such as $.nodes[2].address; where that
// is not in the text, at the nearest part of it that is.
func (p places) wrong(path, format string, args ...any) error {
	e := &InventoryError{File: p.file, What: lang.Textf(format, args...)}
	for ; strings.ContainsAny(path, ".["); path = path[:strings.LastIndexAny(path, ".[")] {
		parsed, err := yaml.PathString(path)
		if err != nil {
			continue
		}
		node, err := parsed.ReadNode(bytes.NewReader(p.content))
		if err != nil || node == nil || node.GetToken() == nil {
			continue
		}
		at := node.GetToken().Position
		e.Line, e.Column = at.Line, at.Column
		break
	}
	return e
}

// nodeName is what engines call their hosts.
var nodeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$`)

// networkName is what docker takes (docker/docker 20.10, daemon/names).
var networkName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// check holds an inventory to what its schema can't say.
func (i Inventory) check(p places) error {
	if len(i.Nodes) == 0 {
		return p.wrong("$.nodes", "there are no nodes")
	}
	if i.Network != "" && !networkName.MatchString(i.Network) {
		return p.wrong("$.network", "%q can't be a network's name", i.Network)
	}
	names, addresses := map[string]int{}, map[netip.Addr]string{}
	for k, n := range i.Nodes {
		at := fmt.Sprintf("$.nodes[%d]", k)
		if err := n.check(p, at); err != nil {
			return err
		}
		if _, taken := names[n.Name]; taken {
			return p.wrong(at+".name", "there are two nodes %s", n.Name)
		}
		addr, _ := netip.ParseAddr(n.Address)
		if other, taken := addresses[addr]; taken {
			return p.wrong(at+".address", "%s and %s have the same address", other, n.Name)
		}
		names[n.Name], addresses[addr] = k, n.Name
	}
	if _, ok := names[i.Manager]; !ok {
		return p.wrong("$.manager", "the manager is %q; no node has that name", i.Manager)
	}
	return nil
}

func (n Node) check(p places, at string) error {
	if !nodeName.MatchString(n.Name) {
		return p.wrong(at+".name", "%q can't be a node's name", n.Name)
	}
	if _, err := netip.ParseAddr(n.Address); err != nil {
		return p.wrong(at+".address", "%q, the address of %s, is no IP address", n.Address, n.Name)
	}
	if strings.ContainsAny(n.Public, " /@") {
		return p.wrong(at+".public", "%q, the public address of %s, is neither an address nor a name", n.Public, n.Name)
	}
	if n.CPUs < 0 || n.CPUs > math.MaxUint16 {
		return p.wrong(at+".cpus", "%s can't have %d CPUs", n.Name, n.CPUs)
	}
	if n.Memory != "" {
		if _, err := bytesOf(n.Memory); err != nil {
			return p.wrong(at+".memory", "the memory of %s: %s", n.Name, err)
		}
	}
	if (n.CPUs == 0 || n.Memory == "") && !onPage(n.Name) {
		return p.wrong(at, "the page has no node %s: its cpus and its memory are needed", n.Name)
	}
	return nil
}

func onPage(name string) bool {
	for _, h := range harness.Tutorial().Hosts() {
		if h.Name == name {
			return true
		}
	}
	return false
}

// bytesOf reads a size that is exact, as `docker info --format
// '{{.MemTotal}}'` and /proc/meminfo give it. Of a rounded one, such as 992.2
// MiB, it can't be said what Swarm makes of it: Swarm adds 5%, and rounds.
func bytesOf(size string) (int64, error) {
	unit := strings.TrimLeft(size, "0123456789")
	number, err := strconv.ParseInt(size[:len(size)-len(unit)], 10, 64)
	shift, known := map[string]uint{"": 0, "B": 0, "kB": 10, "KiB": 10, "MiB": 20, "GiB": 30}[strings.TrimSpace(unit)]
	if err != nil || !known || number <= 0 || number > math.MaxInt64>>shift/100 {
		return 0, lang.Errorf("%q is not an exact size; take what docker info --format '{{.MemTotal}}' prints", size)
	}
	return number << shift, nil
}
