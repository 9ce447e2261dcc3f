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

// setCut makes or removes all rules of a cut at once, or none.
func setCut(ctx context.Context, n *node, f harness.Fault, on bool, hosts []harness.Host) error {
	tables := map[string][]string{}
	for _, rule := range cutRules(f, hosts) {
		tables[rule.table] = append(tables[rule.table], rule.command(on))
	}
	var input strings.Builder
	for _, table := range []string{"raw", "mangle"} {
		if lines := tables[table]; len(lines) > 0 {
			fmt.Fprintf(&input, "*%s\n%s\nCOMMIT\n", table, strings.Join(lines, "\n"))
		}
	}
	_, err := n.Exec(ctx, "sh", "-c", `printf %s "$1" | iptables-restore --noflush`, "sh", input.String())
	return err
}

// cutRule is one of the rules of a cut.
type cutRule struct{ table, chain, match, comment string }

// command returns the line that adds or deletes the rule, for iptables-restore.
func (r cutRule) command(on bool) string {
	verb := "-D"
	if on {
		verb = "-A"
	}
	return fmt.Sprintf("%s %s %s -m comment --comment %s -j DROP", verb, r.chain, r.match, r.comment)
}

// cutRules returns the rules of a cut.
func cutRules(f harness.Fault, hosts []harness.Host) []cutRule {
	comment := f.CutComment()
	var all []cutRule
	for _, h := range hosts {
		if h.Name == f.Node || f.Peer != "" && h.Name != f.Peer {
			continue
		}
		for _, port := range portMatches(f.Port) {
			all = append(all, cutRule{"mangle", "POSTROUTING", fmt.Sprintf("-d %s%s", h.Addr, port), comment})
			if !f.OneWay {
				all = append(all, cutRule{"raw", "PREROUTING", fmt.Sprintf("-s %s%s", h.Addr, port), comment})
			}
		}
	}
	return all
}

// portMatches returns matches of a port of TCP and of UDP, or of everything.
func portMatches(port uint16) []string {
	if port == 0 {
		return []string{""}
	}
	return []string{fmt.Sprintf(" -p tcp --dport %d", port), fmt.Sprintf(" -p udp --dport %d", port)}
}

var ruleOfCut = regexp.MustCompile(`(?m)^-A .*--comment "?labcheck:cut:([^:"]*):(\d+):(both|out)"? -j DROP$`)

// cutsIn returns the cuts of a host in what iptables-save prints.
func cutsIn(node, saved string) []harness.Fault {
	var all []harness.Fault
	for _, found := range ruleOfCut.FindAllStringSubmatch(saved, -1) {
		port, err := strconv.ParseUint(found[2], 10, 16)
		f := harness.Fault{
			Kind: harness.FaultCut, Node: node, Peer: found[1], Port: uint16(port), OneWay: found[3] == "out",
		}
		if err == nil && !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}
