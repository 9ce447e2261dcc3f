package tutorial

import (
	"slices"
	"strings"

	"labcheck/harness"
)

// Coverage counts how much of the page was done in scenarios: its commands in
// what was typed, line by line, and its outputs in what was compared.
func (p *Page) Coverage(t harness.Topology, scenarios []harness.Scenario) harness.Coverage {
	var n harness.Coverage
	typed, compared := performedIn(scenarios)
	for _, c := range p.Typed(t) {
		n.Commands++
		if i := slices.Index(typed, c.Text); i >= 0 {
			n.Run++
			typed = slices.Delete(typed, i, i+1)
		}
		if c.Kind == "" {
			continue
		}
		n.Outputs++
		if slices.Contains(compared, c.Page) {
			n.Compared++
		}
	}
	return n
}

// performedIn returns the lines that were typed, without those of earlier commands that
// the shell needs again, and the page's numbers of the comparisons.
func performedIn(scenarios []harness.Scenario) (typed, compared []string) {
	for _, s := range scenarios {
		for _, st := range s.Steps {
			for _, r := range st.Commands {
				if len(r.Argv) > 0 {
					script := r.Argv[len(r.Argv)-1]
					typed = append(typed, script[strings.LastIndexByte(script, '\n')+1:])
				}
			}
			if st.Comparison != nil {
				compared = append(compared, st.Comparison.Page)
			}
		}
	}
	return typed, compared
}
