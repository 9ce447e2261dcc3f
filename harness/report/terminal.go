package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// TerminalOptions are options of reports in a terminal.
type TerminalOptions struct {
	Color bool
	// Evidence is the folder of the evidence; empty if none is kept.
	Evidence string
}

// Terminal writes a run's results for a person to read: each false claim with
// the expected and the actual value, the findings, and the counts.
func Terminal(w io.Writer, e harness.Evidence, o TerminalOptions) error {
	t := terminal{bufio.NewWriter(w), e.Run.Lang, o}
	for _, s := range e.Scenarios {
		if s.Status == harness.Failed {
			t.writeFalseClaim(s)
		}
	}
	t.writeFindings(e.Findings)
	t.writeReasons(skipReasons(e.Scenarios))
	t.writeSummary(e)
	return t.Flush()
}

// terminal is a report in a terminal.
type terminal struct {
	*bufio.Writer
	lang.Language
	TerminalOptions
}

// The colours, as SGR codes.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (t terminal) writeFalseClaim(s harness.Scenario) {
	fmt.Fprintf(t, "%s %s  %s\n", t.paint(red, "✗"), t.paint(bold, cleanLog(s.Name)), t.paint(dim, cleanLog(s.ID)))
	if st := failedStep(s); st != nil {
		t.writeField(t.Say("step"), "", st.Keyword+" "+st.Text)
	}
	t.writeField(t.Say("at"), "", location(s))
	t.writeField(t.Say("expected"), green, s.Expected)
	t.writeField(t.Say("seen"), red, s.Seen)
	if t.Evidence != "" {
		file := filepath.Join(t.Evidence, ResultsFile)
		t.writeField(t.Say("evidence"), dim, fmt.Sprintf("%s, %q", file, cleanLog(s.ID)))
	}
	fmt.Fprintln(t)
}

// writeFindings writes causes, each with the observations and the commands that fix it.
func (t terminal) writeFindings(all []harness.Finding) {
	for _, f := range all {
		fmt.Fprintf(t, "%s %s  %s\n",
			t.paint(yellow, t.Say("cause:")), t.paint(bold, cleanLog(f.Cause)), t.paint(dim, cleanLog(f.Code)))
		if f.Confidence != harness.Certain {
			t.writeField(t.Say("certainty"), "", sureness(t.Language, f.Confidence))
		}
		for _, o := range f.Seen {
			t.writeField(t.Say("asked"), dim, o.Asked)
			t.writeField(t.Say("answered"), "", o.Answered)
		}
		t.writeField(t.Say("revert"), green, f.Revert)
		t.writeField(t.Say("fix"), green, strings.Join(f.Remedy, "\n"))
		t.writeField(t.Say("typed on"), dim, f.RemedyHost)
		t.writeField(t.Say("advice"), "", f.Advice)
		t.writeField(t.Say("affects"), "", firstClaims(t.Language, f.Explains))
		t.writeField(t.Say("more"), dim, "labcheck explain "+f.Code)
		fmt.Fprintln(t)
	}
}

// sureness describes a confidence.
func sureness(l lang.Language, c harness.Confidence) string {
	switch c {
	case harness.Certain:
		return l.Say("certain: confirmed directly")
	case harness.Likely:
		return l.Say("likely: another cause is improbable")
	}
	return l.Say("possible: it would explain the observations")
}

// namedClaims is how many of the claims that a finding explains are named.
const namedClaims = 6

func firstClaims(l lang.Language, ids []string) string {
	shown := strings.Join(ids[:min(len(ids), namedClaims)], ", ")
	if more := len(ids) - namedClaims; more > 0 {
		shown += l.Say(" and %d more", more)
	}
	return shown
}

func (t terminal) writeReasons(reasons []skipReason) {
	slices.SortFunc(reasons, func(a, b skipReason) int { return cmp.Compare(a.Text, b.Text) })
	for _, r := range reasons {
		unchecked := t.Count(r.Number, "%d claim was not checked", "%d claims were not checked")
		fmt.Fprintf(t, "%s %s: %s\n", t.paint(yellow, "-"), unchecked, cleanLog(r.Text))
	}
}

func (t terminal) writeSummary(e harness.Evidence) {
	class, sentence := outcome(e, t.Language)
	marks := map[string]string{"holds": t.paint(green, "✓"), "false": t.paint(red, "✗"), "open": t.paint(yellow, "!")}
	line := t.Say("%s, in %s", sentence, formatDuration(e.Run.Duration))
	fmt.Fprintf(t, "%s %s\n", marks[class], t.paint(bold, line))
	if e.Run.Error != "" {
		fmt.Fprintln(t, indentLines(cleanLog(e.Run.Error)))
	}
	if t.Evidence != "" {
		fmt.Fprintln(t, indentLines(t.paint(dim, t.Say("evidence: %s", t.Evidence))))
	}
}

// writeField writes a value behind its label, and each further line of the value
// below the first. It writes nothing if the value is empty.
func (t terminal) writeField(label, color, value string) {
	if value == "" {
		return
	}
	width := 9 // of the longest label
	if t.Language == lang.Japanese {
		width = 12
	}
	before := "    " + text.Pad(label, width, ' ') + " "
	for i, line := range strings.Split(strings.TrimRight(cleanLog(value), "\n"), "\n") {
		if i > 0 {
			before = strings.Repeat(" ", text.StringWidthWithoutEscSequences(before))
		}
		fmt.Fprintf(t, "%s%s\n", before, t.paint(color, line))
	}
}

func (t terminal) paint(code, s string) string {
	if !t.Color || code == "" || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
