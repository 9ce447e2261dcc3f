package diagnose

import (
	"context"

	"labcheck/harness/engine"
	"labcheck/harness/survey"
)

// Survey asks a lab for what a diagnosis judges.
func Survey(ctx context.Context, c *engine.Cluster) survey.State {
	return survey.Look(ctx, c, surveyOptions(c.Topology(), false))
}

// ClaimHosts are the claims of the table, by id, and of those that are by host
// the hosts of their rows.
func ClaimHosts() map[string][]string {
	d := testDiagnosis()
	all := map[string][]string{}
	for _, c := range claims {
		all[c.id] = nil
		if c.byHost() {
			all[c.id] = d.hostsOf(c.rows)
		}
	}
	return all
}
