package sim

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"labcheck/harness"
)

// A cut is rules in the host's own network namespace, which drop what it sends
// to its peers, after all else was done to it, and what they send, before
// anything is done: so containers and published ports are cut off too. Every
// rule carries the cut as its comment, by which it is found again. Only hosts of
// the lab are cut off: labcheck itself still reaches both sides.

// cut makes a cut or heals it, all of its rules at once or none.
func (n *node) cut(ctx context.Context, f harness.Fault, on bool) error {
	r, err := n.Exec(ctx, "sh", "-c", look)
	if err != nil {
		return err
	}
	if err := differ(slices.Contains(cutsOf(n.name, r.Stdout), f), on); err != nil {
		return err
	}
	tables := map[string][]string{}
	for _, rule := range n.rules(f) {
		tables[rule.table] = append(tables[rule.table], rule.line(on))
	}
	var input strings.Builder
	for _, table := range []string{"raw", "mangle"} {
		if lines := tables[table]; len(lines) > 0 {
			fmt.Fprintf(&input, "*%s\n%s\nCOMMIT\n", table, strings.Join(lines, "\n"))
		}
	}
	_, err = n.Exec(ctx, "sh", "-c", `printf %s "$1" | iptables-restore --noflush`, "sh", input.String())
	return err
}

// rule is one of the rules of a cut.
type rule struct{ table, chain, match, comment string }

func (r rule) line(on bool) string {
	verb := "-D"
	if on {
		verb = "-A"
	}
	return fmt.Sprintf("%s %s %s -m comment --comment %s -j DROP", verb, r.chain, r.match, r.comment)
}

func (n *node) rules(f harness.Fault) []rule {
	var all []rule
	for _, h := range n.lab.topology.Hosts() {
		if h.Name == n.name || f.Peer != "" && h.Name != f.Peer {
			continue
		}
		for _, port := range ports(f.Port) {
			all = append(all, rule{"mangle", "POSTROUTING", fmt.Sprintf("-d %s%s", h.Addr, port), comment(f)})
			if !f.OneWay {
				all = append(all, rule{"raw", "PREROUTING", fmt.Sprintf("-s %s%s", h.Addr, port), comment(f)})
			}
		}
	}
	return all
}

// ports match a port of TCP and of UDP, or everything.
func ports(port uint16) []string {
	if port == 0 {
		return []string{""}
	}
	return []string{fmt.Sprintf(" -p tcp --dport %d", port), fmt.Sprintf(" -p udp --dport %d", port)}
}

// comment names a cut: labcheck:cut:PEER:PORT:WAYS.
func comment(f harness.Fault) string {
	ways := "both"
	if f.OneWay {
		ways = "out"
	}
	return fmt.Sprintf("labcheck:cut:%s:%d:%s", f.Peer, f.Port, ways)
}

var ourComment = regexp.MustCompile(`(?m)^-A .*--comment "?labcheck:cut:([^:"]*):(\d+):(both|out)"? -j DROP$`)

// cutsOf reads the cuts of a host from what iptables-save prints.
func cutsOf(node, saved string) []harness.Fault {
	var all []harness.Fault
	for _, found := range ourComment.FindAllStringSubmatch(saved, -1) {
		port, err := strconv.ParseUint(found[2], 10, 16)
		f := harness.Fault{Kind: harness.FaultCut, Node: node, Peer: found[1], Port: uint16(port), OneWay: found[3] == "out"}
		if err == nil && !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}
