package harness

import (
	"fmt"
	"slices"
	"strings"

	"labcheck/harness/lang"
)

// ParseCut returns the cut of one host off all others, or of two hosts off one
// another: store, or store,frontend01.
func ParseCut(hosts string) Fault {
	node, peer, _ := strings.Cut(hosts, ",")
	return Fault{Kind: FaultCut, Node: node, Peer: peer}
}

// ParseStop returns the stop of a container of the page: consul, manager or
// join:HOST, and of replicas consul:HOST and manager:HOST.
func ParseStop(service string) Fault {
	name, node, given := strings.Cut(service, ":")
	if !given {
		node = Tutorial().Manager.Name
	}
	return Fault{Kind: FaultStop, Node: node, Service: name}
}

// MendWords returns the subcommand of `labcheck fault` that takes the fault off,
// and its arguments.
func (f Fault) MendWords() string {
	switch f.Kind {
	case FaultPause:
		return "resume " + f.Node
	case FaultKill:
		return "start " + f.Node
	case FaultStop:
		if f.Node != Tutorial().Manager.Name {
			return "start " + f.Service + ":" + f.Node
		}
		return "start " + f.Service
	case FaultCut:
		words := "heal " + strings.TrimSuffix(f.Node+","+f.Peer, ",")
		if f.Port != 0 {
			words += fmt.Sprintf(" --port %d", f.Port)
		}
		if f.OneWay {
			words += " --one-way"
		}
		return words
	}
	return "undo " + f.Node
}

// CheckHosts returns an error unless the fault is about hosts of a topology.
func (f Fault) CheckHosts(t Topology) error {
	var names []string
	for _, h := range t.Hosts() {
		names = append(names, h.Name)
	}
	for _, name := range []string{f.Node, f.Peer} {
		if name != "" && !slices.Contains(names, name) || f.Node == "" {
			return lang.Errorf("there is no host %s; there are %v", name, names)
		}
	}
	return nil
}
