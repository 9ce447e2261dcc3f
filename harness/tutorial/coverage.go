package tutorial

import "labcheck/harness"

// Coverage counts how much of the page was done in scenarios: its commands in
// what was typed, line by line, and its outputs in what was compared.
func (p *Page) Coverage(t harness.Topology, scenarios []harness.Scenario) harness.Coverage {
	typed, compared := map[string]int{}, map[string]bool{}
	for _, s := range scenarios {
		for _, step := range s.Steps {
			for _, r := range step.Commands {
				typed[r.TypedLine()]++
			}
			if step.Comparison != nil {
				compared[step.Comparison.Page] = true
			}
		}
	}
	var n harness.Coverage
	for _, c := range p.Typed(t) {
		n.Commands++
		if typed[c.Text] > 0 {
			typed[c.Text]--
			n.Run++
		}
		if c.Kind != "" {
			n.Outputs++
			if compared[c.Page] {
				n.Compared++
			}
		}
	}
	return n
}
