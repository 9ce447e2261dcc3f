package suite

import (
	"context"
	"errors"
	"slices"

	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/engine"
	"labcheck/harness/tutorial"
)

// Check runs the scenarios as the evidence of a run says, in its language and by its tags,
// and adds to the evidence what came of them. On a cluster that is no lab it is an error
// that a service can't be reached.
func Check(ctx context.Context, o Options, e *harness.Evidence) (err error) {
	o.Lang, o.Tags = e.Run.Lang, e.Run.Tags
	o.featureEnded = func(ctx context.Context, feature string, isLast bool) {
		if isLast || e.Target.Fresh { // a cluster that was running stays as it was found
			e.Snapshots = append(e.Snapshots, tutorial.Snapshot(ctx, o.Cluster, feature))
		}
	}
	e.Scenarios, err = Run(ctx, o)
	e.Counts = harness.Count(e.Scenarios)
	if n := tutorial.Default().Coverage(e.Target.Topology, e.Scenarios); n.Run > 0 {
		e.Page = &n
	}
	if lost := unreachedServices(e.Scenarios); lost != nil && o.Faulter == nil && ctx.Err() == nil {
		return lost
	}
	return err
}

// unreachedServices returns what kept scenarios from being checked; nil if nothing did.
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

// FindCauses adds to the evidence why claims are false, as far as that can be found out.
// It only looks: the scenarios have sent packets where they may.
func FindCauses(ctx context.Context, c *engine.Cluster, o diagnose.Options, e *harness.Evidence) {
	o.Lang = e.Run.Lang
	hasReplicas := false
	for _, s := range e.Scenarios {
		if s.Status == harness.Failed {
			o.Failed = append(o.Failed, s)
			hasReplicas = hasReplicas || slices.Contains(s.Tags, TagReplicas)
		}
	}
	if !hasReplicas {
		t := c.Topology()
		t.Replicas = 0 // the page's claims are about a cluster without
		c = c.As(t)
	}
	e.Findings = diagnose.Run(ctx, c, o).Findings
}
