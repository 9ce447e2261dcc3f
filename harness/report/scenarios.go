package report

import (
	"fmt"
	"slices"
	"time"

	"labcheck/harness"
)

// groupByFeature returns the scenarios of each feature.
func groupByFeature(scenarios []harness.Scenario) [][]harness.Scenario {
	return harness.GroupBy(scenarios, func(s harness.Scenario) string { return s.Feature })
}

// totalTime returns the time that scenarios took together.
func totalTime(scenarios []harness.Scenario) (took time.Duration) {
	for _, s := range scenarios {
		took += s.Duration
	}
	return took
}

// skipReason is why claims were not checked, and how many.
type skipReason struct {
	Text   string
	Number int
}

// skipReasons returns the reasons in the order of the scenarios.
func skipReasons(scenarios []harness.Scenario) []skipReason {
	wasChecked := func(s harness.Scenario) bool { return s.Status != harness.Skipped }
	skipped := slices.DeleteFunc(slices.Clone(scenarios), wasChecked)
	var all []skipReason
	for _, group := range harness.GroupBy(skipped, func(s harness.Scenario) string { return s.Reason }) {
		all = append(all, skipReason{group[0].Reason, len(group)})
	}
	return all
}

// commandsOf returns the commands of a scenario in the order in which they ran.
func commandsOf(s harness.Scenario) []harness.Result {
	var all []harness.Result
	for _, st := range s.Steps {
		all = append(all, st.Commands...)
	}
	return all
}

// failedStep returns the step at which a scenario failed, or nil.
func failedStep(s harness.Scenario) *harness.Step {
	i := slices.IndexFunc(s.Steps, func(st harness.Step) bool { return st.Status == harness.Failed })
	if i < 0 {
		return nil
	}
	return &s.Steps[i]
}

// lineOf returns the line of the step that failed, or else of the scenario.
func lineOf(s harness.Scenario) int {
	if st := failedStep(s); st != nil {
		return st.Line
	}
	return s.Line
}

// location returns a scenario's file and line.
func location(s harness.Scenario) string { return fmt.Sprintf("%s:%d", s.File, lineOf(s)) }

// hostsOf returns the hosts of a topology, or none if it is empty.
func hostsOf(t harness.Topology) []harness.Host {
	return slices.DeleteFunc(t.Hosts(), func(h harness.Host) bool { return h.Name == "" && !h.Addr.IsValid() })
}
