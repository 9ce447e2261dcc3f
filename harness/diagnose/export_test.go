package diagnose

import (
	"context"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
)

// Survey asks a lab for what a diagnosis judges.
func Survey(ctx context.Context, c *engine.Cluster) survey.State {
	return survey.Look(ctx, c, surveyOptions(c.Topology(), Options{}))
}

// Diagnose finds the causes in what a survey says.
func Diagnose(s survey.State, o Options) Result {
	d := newDiagnosis(s, o)
	d.checkLayers()
	return d.makeResult()
}

// FeatureClaims returns the scenarios of the features as the tests read them.
func FeatureClaims() []harness.Scenario { return featureClaims() }

// NeededKinds returns the kinds of parts that a claim needs by its tags, and
// whether each is one that there is.
func NeededKinds(s harness.Scenario) map[string]bool {
	all := map[string]bool{}
	for _, name := range taggedValues(s, needsTag) {
		_, known := rests[kind(name)]
		all[name] = known || name == anyKind || kind(name) == engineKind
	}
	return all
}

// RowHosts returns the hosts that an outline's rows are about by its tags; it is
// nil if they are not about a host each.
func RowHosts(s harness.Scenario) []string {
	order := orderOf(s)
	if order == "" {
		return nil
	}
	return testDiagnosis().hostsIn(order)
}
