package main

import (
	"errors"
	"slices"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
)

// lostError reports services of the cluster that could not be asked.
type lostError struct{ all []*harness.UnreachableError }

func (e *lostError) Error() string { return e.In(lang.English) }

// In writes the error in a language, with a line for each service.
func (e *lostError) In(l lang.Language) string { return l.Error(errors.Join(e.Unwrap()...)) }

func (e *lostError) Unwrap() []error {
	var all []error
	for _, l := range e.all {
		all = append(all, l)
	}
	return all
}

// add notes a service once.
func (e *lostError) add(un *harness.UnreachableError) {
	if !slices.ContainsFunc(e.all, un.IsSame) {
		e.all = append(e.all, un)
	}
}

// unreachedServices returns what kept scenarios from being checked on a cluster
// that is no lab; nil if nothing did.
func unreachedServices(scenarios []harness.Scenario) error {
	var lost lostError
	for _, s := range scenarios {
		if s.Status == harness.Skipped && s.Unreached != nil && s.Unreached.Service != "" {
			lost.add(s.Unreached)
		}
	}
	if len(lost.all) == 0 {
		return nil
	}
	return &lost
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
