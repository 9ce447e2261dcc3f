package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"labcheck/harness"
)

// groupByFeature returns the scenarios of each feature.
func groupByFeature(scenarios []harness.Scenario) [][]harness.Scenario {
	var groups [][]harness.Scenario
	for _, s := range scenarios {
		if last := len(groups) - 1; last >= 0 && groups[last][0].Feature == s.Feature {
			groups[last] = append(groups[last], s)
		} else {
			groups = append(groups, []harness.Scenario{s})
		}
	}
	return groups
}

// countScenarios returns the numbers of scenarios by their status, and the time
// that all of them took.
func countScenarios(scenarios []harness.Scenario) (counts harness.Counts, took time.Duration) {
	for _, s := range scenarios {
		took += s.Duration
		switch s.Status {
		case harness.Passed:
			counts.Passed++
		case harness.Failed:
			counts.Failed++
		default:
			counts.Skipped++
		}
	}
	return counts, took
}

// skipReason is why claims were not checked, and how many.
type skipReason struct {
	Text   string
	Number int
}

// skipReasons returns the reasons in the order of the scenarios.
func skipReasons(scenarios []harness.Scenario) []skipReason {
	var all []skipReason
	for _, s := range scenarios {
		if s.Status != harness.Skipped {
			continue
		}
		i := slices.IndexFunc(all, func(r skipReason) bool { return r.Text == s.Reason })
		if i < 0 {
			i, all = len(all), append(all, skipReason{Text: s.Reason})
		}
		all[i].Number++
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
	Lines    []string
	Output   output
	Compared bool // the output is shown beside the page's
}

// output is a text that is folded if it is long.
type output struct {
	Text  string
	Lines int
	Wide  bool // it may be wider than a screen
	Long  bool
}

const (
	longOutput = 16 // lines that are shown unfolded
	wideOutput = 40 // bytes of a line that fit a phone
)

func newOutput(text string) output {
	text = strings.TrimRight(cleanText(text), "\n")
	o := output{Text: text}
	for line := range strings.Lines(text) {
		o.Lines++
		o.Wide = o.Wide || len(line) > wideOutput
	}
	o.Long = o.Lines > longOutput
	return o
}

func newParts(e harness.Evidence) []part {
	var all []part
	for i, scenarios := range groupByFeature(e.Scenarios) {
		p := part{Anchor: fmt.Sprintf("part.%d", i+1), Title: scenarios[0].Feature}
		p.Counts, _ = countScenarios(scenarios)
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
			out := newOutput(strings.TrimRight(r.Stdout, "\n") + "\n" + r.Stderr)
			shown.Commands = append(shown.Commands, command{r, strings.Split(commandLine(r), "\n"), out, false})
			last = &shown.Commands[len(shown.Commands)-1]
		}
		if st.Comparison != nil && last != nil {
			last.Compared = true
			shown.Compared = newComparison(*st.Comparison, last.Output)
			c.Page, c.Known = st.Comparison.Page, c.Known+shown.Compared.Known
		}
		c.Steps = append(c.Steps, shown)
	}
	return c
}
