package report

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"sort"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// TerminalOptions say how a report is to look in a terminal.
type TerminalOptions struct {
	Color bool
	// Evidence is the folder where the evidence lies; empty where none is kept.
	Evidence string
}

// Findings writes causes for a person to read: what is wrong, what shows it, and
// what to do.
func Findings(w io.Writer, l lang.Language, all []harness.Finding, o TerminalOptions) error {
	b := bufio.NewWriter(w)
	o.findings(b, l, all)
	return b.Flush()
}

// Terminal writes what a run came to for a person to read: each false claim
// with what was expected and seen, and the counts.
func Terminal(w io.Writer, e harness.Evidence, o TerminalOptions) error {
	b := bufio.NewWriter(w)
	for _, s := range e.Scenarios {
		if s.Status == harness.Failed {
			o.failed(b, e.Run.Lang, s)
		}
	}
	o.findings(b, e.Run.Lang, e.Findings)
	o.skipped(b, e)
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

func (o TerminalOptions) failed(w io.Writer, l lang.Language, s harness.Scenario) {
	fmt.Fprintf(w, "%s %s  %s\n", o.paint(red, "✗"), o.paint(bold, printed(s.Name)), o.paint(dim, printed(s.ID)))
	if st := failedStep(s); st != nil {
		o.field(w, l.Say("step"), "", printed(st.Keyword+" "+st.Text))
	}
	o.field(w, l.Say("at"), "", printed(where(s)))
	o.field(w, l.Say("expected"), green, printed(s.Expected))
	o.field(w, l.Say("seen"), red, printed(s.Seen))
	if o.Evidence != "" {
		o.field(w, l.Say("evidence"), dim, fmt.Sprintf("%s, %q", filepath.Join(o.Evidence, ResultsFile), printed(s.ID)))
	}
	fmt.Fprintln(w)
}

// field writes a value beside its name; further lines go below the first.
func (o TerminalOptions) field(w io.Writer, name, color, value string) {
	label := "    " + text.Pad(name, 9, ' ') + " "
	for i, line := range strings.Split(strings.TrimRight(value, "\n"), "\n") {
		if i > 0 {
			label = strings.Repeat(" ", text.StringWidthWithoutEscSequences(label))
		}
		fmt.Fprintf(w, "%s%s\n", label, o.paint(color, line))
	}
}

// skipped counts what was not checked by its reason.
func (o TerminalOptions) skipped(w io.Writer, e harness.Evidence) {
	reasons := map[string]int{}
	for _, s := range e.Scenarios {
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
		unchecked := e.Run.Lang.Count(reasons[reason], "%d claim was not checked", "%d claims were not checked")
		fmt.Fprintf(w, "%s %s: %s\n", o.paint(yellow, "-"), unchecked, printed(reason))
	}
}

func (o TerminalOptions) summary(w io.Writer, e harness.Evidence) {
	color, mark, line := o.verdict(e)
	fmt.Fprintf(w, "%s %s\n", o.paint(color, mark), o.paint(bold, line))
	if e.Run.Error != "" {
		fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(printed(e.Run.Error), "\n", "\n  "))
	}
	if o.Evidence != "" {
		fmt.Fprintf(w, "  %s\n", o.paint(dim, e.Run.Lang.Say("evidence: %s", o.Evidence)))
	}
}

func (o TerminalOptions) verdict(e harness.Evidence) (color, mark, line string) {
	l, c, took := e.Run.Lang, e.Counts, seconds(e.Run.Duration)
	checked := c.Passed + c.Failed
	switch {
	case e.Run.Verdict == harness.VerdictInterrupted:
		return yellow, "!", l.Say("interrupted after %s, %d of them false, in %s",
			l.Count(checked, "%d claim", "%d claims"), c.Failed, took)
	case e.Run.Verdict == harness.VerdictUnreachable && checked > 0:
		return red, "✗", l.Say("%s, and not all could be checked, in %s",
			l.Count(c.Passed, "%d claim holds", "%d claims hold"), took)
	case e.Run.Verdict == harness.VerdictUnreachable:
		return red, "✗", l.Say("the cluster could not be checked, in %s", took)
	case c.Failed > 0:
		return red, "✗", l.Say("%d of %s false, in %s",
			c.Failed, l.Count(checked, "%d claim is", "%d claims are"), took)
	case e.Run.Verdict != harness.VerdictHolds || checked == 0:
		return red, "✗", l.Say("nothing was checked, in %s", took)
	}
	return green, "✓", l.Say("%s, in %s", l.Count(c.Passed, "%d claim holds", "%d claims hold"), took)
}
