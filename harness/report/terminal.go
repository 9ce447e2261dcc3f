package report

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"sort"
	"strings"

	"labcheck/harness"
)

// TerminalOptions say how a report is to look in a terminal.
type TerminalOptions struct {
	Color bool
	// Evidence is the folder where the evidence lies; empty where none is kept.
	Evidence string
}

// Terminal writes what a run came to for a person to read: each false claim
// with what was expected and seen, and the counts.
func Terminal(w io.Writer, e harness.Evidence, o TerminalOptions) error {
	b := bufio.NewWriter(w)
	for _, s := range e.Scenarios {
		if s.Status == harness.Failed {
			o.failed(b, s)
		}
	}
	o.skipped(b, e.Scenarios)
	o.summary(b, e)
	return b.Flush()
}

// The colours, as SGR codes.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (o TerminalOptions) paint(code, s string) string {
	if !o.Color || code == "" || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (o TerminalOptions) failed(w io.Writer, s harness.Scenario) {
	fmt.Fprintf(w, "%s %s  %s\n", o.paint(red, "✗"), o.paint(bold, printed(s.Name)), o.paint(dim, printed(s.ID)))
	if st := failedStep(s); st != nil {
		o.field(w, "step", "", printed(st.Keyword+" "+st.Text))
	}
	o.field(w, "at", "", printed(where(s)))
	o.field(w, "expected", green, printed(s.Expected))
	o.field(w, "seen", red, printed(s.Seen))
	if o.Evidence != "" {
		o.field(w, "evidence", dim, fmt.Sprintf("%s, %q", filepath.Join(o.Evidence, ResultsFile), printed(s.ID)))
	}
	fmt.Fprintln(w)
}

// field writes a value beside its name; further lines go below the first.
func (o TerminalOptions) field(w io.Writer, name, color, value string) {
	label := fmt.Sprintf("    %-9s ", name)
	for i, line := range strings.Split(strings.TrimRight(value, "\n"), "\n") {
		if i > 0 {
			label = strings.Repeat(" ", len(label))
		}
		fmt.Fprintf(w, "%s%s\n", label, o.paint(color, line))
	}
}

// skipped counts what was not checked by its reason.
func (o TerminalOptions) skipped(w io.Writer, scenarios []harness.Scenario) {
	reasons := map[string]int{}
	for _, s := range scenarios {
		if s.Status == harness.Skipped {
			reasons[s.Reason]++
		}
	}
	var order []string
	for reason := range reasons {
		order = append(order, reason)
	}
	sort.Strings(order)
	for _, reason := range order {
		fmt.Fprintf(w, "%s %s: %s\n", o.paint(yellow, "-"), count(reasons[reason], "claim was not checked", "claims were not checked"), printed(reason))
	}
}

func (o TerminalOptions) summary(w io.Writer, e harness.Evidence) {
	color, mark, line := o.verdict(e)
	fmt.Fprintf(w, "%s %s\n", o.paint(color, mark), o.paint(bold, line))
	if e.Run.Error != "" {
		fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(printed(e.Run.Error), "\n", "\n  "))
	}
	if o.Evidence != "" {
		fmt.Fprintf(w, "  %s\n", o.paint(dim, "evidence: "+o.Evidence))
	}
}

func (o TerminalOptions) verdict(e harness.Evidence) (color, mark, line string) {
	c, took := e.Counts, "in "+seconds(e.Run.Duration)
	checked := c.Passed + c.Failed
	switch {
	case e.Run.Verdict == harness.VerdictInterrupted:
		return yellow, "!", fmt.Sprintf("interrupted after %s, %d of them false, %s", count(checked, "claim", "claims"), c.Failed, took)
	case e.Run.Verdict == harness.VerdictUnreachable:
		return red, "✗", "the cluster could not be checked, " + took
	case c.Failed > 0:
		return red, "✗", fmt.Sprintf("%d of %s false, %s", c.Failed, count(checked, "claim is", "claims are"), took)
	case e.Run.Verdict != harness.VerdictHolds || checked == 0:
		return red, "✗", "nothing was checked, " + took
	}
	return green, "✓", fmt.Sprintf("%s, %s", count(c.Passed, "claim holds", "claims hold"), took)
}
