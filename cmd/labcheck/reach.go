package main

import (
	"errors"
	"slices"

	"labcheck/harness"
	"labcheck/harness/survey"
)

// unreachedServices returns what kept scenarios from being checked on a cluster
// that is no lab; nil if nothing did.
func unreachedServices(scenarios []harness.Scenario) error {
	var lost []error
	var seen []*harness.UnreachableError
	for _, s := range scenarios {
		un := s.Unreached
		if s.Status == harness.Skipped && un != nil && un.Service != "" && !slices.ContainsFunc(seen, un.IsSame) {
			seen, lost = append(seen, un), append(lost, un)
		}
	}
	return errors.Join(lost...)
}

// rememberingNodes has all connections of a session go through nodes that remember
// what of them can't be reached.
func (s *session) rememberingNodes(nodes []harness.Node) []harness.Node {
	all := make([]harness.Node, len(nodes))
	for i, h := range s.target.Topology().Hosts() {
		if len(s.nodes) == i {
			s.nodes = append(s.nodes, survey.NewNode(nodes[i], h.Engine().Port()))
		}
		all[i] = s.nodes[i]
	}
	return all
}
