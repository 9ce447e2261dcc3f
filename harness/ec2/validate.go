package ec2

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// places finds where something stands in an inventory's text, and collects what is
// wrong.
type places struct {
	file    string
	content []byte
	found   []*InventoryError
}

// wrong notes what is wrong at a path such as $.nodes[2].address; if that is not in the
// text, at the nearest part of it that is.
func (p *places) wrong(path, format string, args ...any) {
	e := &InventoryError{File: p.file, What: lang.Textf(format, args...)}
	p.found = append(p.found, e)
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
		return
	}
}

// err returns what was found, in the order of the text; nil if nothing was.
func (p *places) err() error {
	slices.SortStableFunc(p.found, func(a, b *InventoryError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var all []error
	for _, e := range p.found {
		all = append(all, e)
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

// decode decodes a document. What can't be is noted, and left out.
func (p *places) decode(document ast.Node) (i Inventory) {
	for {
		i = Inventory{}
		err := yaml.NodeToValue(document, &i, yaml.Strict())
		if err == nil {
			return i
		}
		e := locateError(p.file, err)
		p.found = append(p.found, e)
		without := &pairRemover{line: e.Line, column: e.Column}
		if ast.Walk(without, document); !without.removed {
			return i
		}
	}
}

// pairRemover removes the key and value from a document of which one is at a place.
type pairRemover struct {
	line, column int
	removed      bool
}

// Visit implements ast.Visitor.
func (r *pairRemover) Visit(n ast.Node) ast.Visitor {
	if m, ok := n.(*ast.MappingNode); ok {
		before := len(m.Values)
		m.Values = slices.DeleteFunc(m.Values, func(pair *ast.MappingValueNode) bool {
			return r.isAt(pair.Key) || r.isAt(pair.Value)
		})
		r.removed = r.removed || len(m.Values) < before
	}
	return r
}

func (r *pairRemover) isAt(n ast.Node) bool {
	at := n.GetToken().Position
	return at.Line == r.line && at.Column == r.column
}

// nodeName is what engines call their hosts.
var nodeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$`)

// networkName is what docker takes (docker/docker 20.10, daemon/names).
var networkName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// check holds an inventory to what its schema can't say.
func (i Inventory) check(p *places) {
	if len(i.Nodes) == 0 {
		p.wrong("$.nodes", "there are no nodes")
		return
	}
	if i.Network != "" && !networkName.MatchString(i.Network) {
		p.wrong("$.network", "%q can't be a network's name", i.Network)
	}
	names, addresses := map[string]int{}, map[netip.Addr]string{}
	for k, n := range i.Nodes {
		at := fmt.Sprintf("$.nodes[%d]", k)
		n.check(p, at)
		if _, taken := names[n.Name]; taken && n.Name != "" {
			p.wrong(at+".name", "there are two nodes %s", n.Name)
		}
		addr, err := netip.ParseAddr(n.Address)
		if other, taken := addresses[addr]; taken && err == nil {
			p.wrong(at+".address", "%s and %s have the same address", other, n.Name)
		}
		names[n.Name], addresses[addr] = k, n.Name
	}
	if _, ok := names[i.Manager]; !ok {
		p.wrong("$.manager", "the manager is %q; no node has that name", i.Manager)
	}
}

func (n Node) check(p *places, at string) {
	if !nodeName.MatchString(n.Name) {
		p.wrong(at+".name", "%q can't be a node's name", n.Name)
	}
	if n.Address == "" {
		p.wrong(at, "%s has no address", n.Name)
	} else if _, err := netip.ParseAddr(n.Address); err != nil {
		p.wrong(at+".address", "%q, the address of %s, is no IP address", n.Address, n.Name)
	}
	if strings.ContainsAny(n.Public, " /@") {
		p.wrong(at+".public", "%q, the public address of %s, is neither an address nor a name", n.Public, n.Name)
	}
	if n.CPUs < 0 || n.CPUs > math.MaxUint16 {
		p.wrong(at+".cpus", "%s can't have %d CPUs", n.Name, n.CPUs)
	}
	if n.Memory != "" {
		if _, err := bytesOf(n.Memory); err != nil {
			p.wrong(at+".memory", "the memory of %s: %s", n.Name, err)
		}
	}
	if (n.CPUs == 0 || n.Memory == "") && nodeName.MatchString(n.Name) && !onPage(n.Name) {
		p.wrong(at, "the page has no node %s: its cpus and its memory are needed", n.Name)
	}
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
