package tutorial

import (
	"strings"

	"labcheck/harness"
)

// Coverage counts how much of the page was done in scenarios: its commands in
// what was typed, line by line, and its outputs in what was compared.
func (p *Page) Coverage(t harness.Topology, scenarios []harness.Scenario) harness.Coverage {
	typed, compared := map[string]int{}, map[string]bool{}
	for _, s := range scenarios {
		for _, step := range s.Steps {
			for _, r := range step.Commands {
				typed[lastLine(r)]++
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

// lastLine returns what was typed in a terminal, without the lines of earlier
// commands that its shell needs again.
func lastLine(r harness.Result) string {
	if len(r.Argv) == 0 {
		return ""
	}
	script := r.Argv[len(r.Argv)-1]
	return script[strings.LastIndexByte(script, '\n')+1:]
}
