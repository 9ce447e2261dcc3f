package report

import (
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
)

// feature is a part of the page with its claims.
type feature struct {
	Anchor string
	Title  string
	harness.Counts
	Claims []claim
}

// claim is a scenario as a report shows it.
type claim struct {
	harness.Scenario
	Kind  string // the tag that says what it does, without its @
	Where string
	Typed bool   // it performs the page
	Page  string // the page's number of its command
	// Differs says that an answer differs from the page's for a listed reason.
	Differs bool
	Steps   []step
}

// step is a sentence with what was run for it.
type step struct {
	harness.Step
	Commands []command
	Against  *comparison
}

// command is what was typed and what was answered.
type command struct {
	harness.Result
	Lines    []string // as typed
	Answer   output
	Compared bool // the answer stands beside the page's
}

// output is a text that is shown in part first where it is long.
type output struct {
	Text  string
	Lines int
	Wide  bool // one may have to scroll
	Long  bool
}

// longOutput is how many lines are shown without being asked for.
const longOutput = 16

// wideOutput is how many characters of a line fit a phone.
const wideOutput = 40

func newOutput(text string) output {
	text = strings.TrimRight(clean(text), "\n")
	o := output{Text: text}
	for line := range strings.Lines(text) {
		o.Lines++
		o.Wide = o.Wide || len(line) > wideOutput
	}
	o.Long = o.Lines > longOutput
	return o
}

func newFeatures(e harness.Evidence) []feature {
	var all []feature
	for _, s := range e.Scenarios {
		if len(all) == 0 || all[len(all)-1].Title != s.Feature {
			all = append(all, feature{Anchor: fmt.Sprintf("part.%d", len(all)+1), Title: s.Feature})
		}
		f := &all[len(all)-1]
		f.Claims = append(f.Claims, newClaim(s))
		switch s.Status {
		case harness.Passed:
			f.Passed++
		case harness.Failed:
			f.Failed++
		default:
			f.Skipped++
		}
	}
	return all
}

func newClaim(s harness.Scenario) claim {
	c := claim{Scenario: s, Where: where(s), Typed: slices.Contains(s.Tags, "@tutorial")}
	for _, kind := range []string{"@tutorial", "@verify", "@workload"} {
		if slices.Contains(s.Tags, kind) {
			c.Kind = kind[1:]
		}
	}
	var last *command // whose answer a comparison is about
	for _, st := range s.Steps {
		shown := step{Step: st}
		for _, r := range st.Commands {
			answer := newOutput(strings.TrimRight(r.Stdout, "\n") + "\n" + r.Stderr)
			shown.Commands = append(shown.Commands, command{Result: r, Lines: strings.Split(script(r), "\n"), Answer: answer})
			last = &shown.Commands[len(shown.Commands)-1]
		}
		if st.Comparison != nil && last != nil {
			last.Compared = true
			shown.Against = newComparison(*st.Comparison, last.Answer)
			c.Page, c.Differs = st.Comparison.Page, c.Differs || shown.Against.Listed > 0
		}
		c.Steps = append(c.Steps, shown)
	}
	return c
}

// reason is why claims were not checked.
type reason struct {
	Text   string
	Number int
}

func reasons(scenarios []harness.Scenario) []reason {
	var all []reason
	for _, s := range scenarios {
		if s.Status != harness.Skipped {
			continue
		}
		i := slices.IndexFunc(all, func(r reason) bool { return r.Text == s.Reason })
		if i < 0 {
			all = append(all, reason{Text: s.Reason})
			i = len(all) - 1
		}
		all[i].Number++
	}
	return all
}
