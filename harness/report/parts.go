package report

import (
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
)

// part is a part of the page with its claims.
type part struct {
	Anchor string
	Title  string
	harness.Counts
	Claims []claim
}

// claim is a scenario as HTML and Markdown show it.
type claim struct {
	harness.Scenario
	Kind     string // the tag for its kind, without the @
	Location string
	Typed    bool   // it performs a command of the page
	Page     string // the page's number of its command
	Known    int    // number of known differences
	Steps    []step
}

// step is a step with its commands, and with a comparison if its output was
// compared with the page's.
type step struct {
	harness.Step
	Commands []command
	Compared *comparison
}

// command is a command as it was typed, and its output.
type command struct {
	harness.Result
	Again  []string // exports of earlier commands, which the harness repeats
	Lines  []string
	Output output
}

func newCommand(r harness.Result) command {
	lines, typed := strings.Split(r.CommandLine(), "\n"), strings.Split(r.TypedLine(), "\n")
	again := len(lines) - len(typed)
	out := newOutput(strings.TrimRight(r.Stdout, "\n") + "\n" + r.Stderr)
	return command{r, lines[:again], lines[again:], out}
}

func newParts(e harness.Evidence) []part {
	var all []part
	for i, scenarios := range groupByFeature(e.Scenarios) {
		p := part{Anchor: fmt.Sprintf("part.%d", i+1), Title: scenarios[0].Feature, Counts: harness.Count(scenarios)}
		for _, s := range scenarios {
			p.Claims = append(p.Claims, newClaim(s))
		}
		all = append(all, p)
	}
	return all
}

func newClaim(s harness.Scenario) claim {
	c := claim{Scenario: s, Location: location(s), Typed: slices.Contains(s.Tags, "@tutorial")}
	for _, kind := range []string{"@tutorial", "@verify", "@workload"} {
		if slices.Contains(s.Tags, kind) {
			c.Kind = kind[1:]
		}
	}
	var last *command // the one whose output is compared
	for _, st := range s.Steps {
		shown := step{Step: st}
		for _, r := range st.Commands {
			shown.Commands = append(shown.Commands, newCommand(r))
			last = &shown.Commands[len(shown.Commands)-1]
		}
		if st.Comparison != nil && last != nil {
			last.Output.Long = true // both are beside one another below
			shown.Compared = newComparison(*st.Comparison, last.Output.Text)
			c.Page, c.Known = st.Comparison.Page, c.Known+shown.Compared.Known
		}
		c.Steps = append(c.Steps, shown)
	}
	return c
}
