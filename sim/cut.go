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
	verb := "-D"
	if on {
		verb = "-A"
	}
	raw, mangle := cutRules(verb, f, hosts)
	input := fmt.Sprintf("*raw\n%sCOMMIT\n*mangle\n%sCOMMIT\n", strings.Join(raw, ""), strings.Join(mangle, ""))
	_, err := n.Exec(ctx, "sh", "-c", `printf %s "$1" | iptables-restore --noflush`, "sh", input)
	return err
}

// ruleFormat is the line of a rule of a cut for iptables-restore: a verb, which adds or deletes
// it, its chain, an address, further matches, and the cut's comment.
const ruleFormat = "%s %s %s%s -m comment --comment %s -j DROP\n"

// cutRules returns the rules of a cut in the tables raw and mangle, a line each.
func cutRules(verb string, f harness.Fault, hosts []harness.Host) (raw, mangle []string) {
	for _, h := range hosts {
		if h.Name == f.Node || f.Peer != "" && h.Name != f.Peer {
			continue
		}
		for _, port := range portMatches(f.Port) {
			mangle = append(mangle, fmt.Sprintf(ruleFormat, verb, "POSTROUTING -d", h.Addr, port, f.CutComment()))
			if !f.OneWay {
				raw = append(raw, fmt.Sprintf(ruleFormat, verb, "PREROUTING -s", h.Addr, port, f.CutComment()))
			}
		}
	}
	return raw, mangle
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
