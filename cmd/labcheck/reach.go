package main

import (
	"errors"
	"slices"

	"labcheck/harness"
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
