package report

import (
	"bufio"
	"fmt"
	"io"

	"labcheck/harness/diagnose"
	"labcheck/harness/lang"
)

// Diagnosis writes a diagnosis for a person to read: the findings, or else what was found
// to be right, and what could not be asked.
func Diagnosis(w io.Writer, l lang.Language, r diagnose.Result, o TerminalOptions) error {
	t := terminal{bufio.NewWriter(w), l, o}
	t.writeFindings(r.Findings)
	if len(r.Findings) == 0 {
		for _, h := range r.Held {
			fmt.Fprintf(t, "✓ %s\n", oneLine(h))
		}
	}
	for _, n := range r.NotAsked {
		fmt.Fprintf(t, "- %s\n", oneLine(t.Say("not asked: %s", n)))
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(t, noCause(l, r))
	}
	return t.Flush()
}

// noCause returns what a diagnosis came to that has found nothing, in a line.
func noCause(l lang.Language, r diagnose.Result) string {
	held := l.Count(len(r.Held), "%d layer is as the tutorial promises", "%d layers are as the tutorial promises")
	if len(r.NotAsked) == 0 {
		return l.Say("no cause found: %s", held)
	}
	notAsked := l.Count(len(r.NotAsked), "%d thing could not be asked", "%d things could not be asked")
	return l.Say("no cause found: %s; %s", held, notAsked)
}

// explainWidth is how wide an explanation is at the most.
const explainWidth = 78

// Explanations writes what is known of codes, for a person to read.
func Explanations(w io.Writer, l lang.Language, all []diagnose.Explained, o TerminalOptions) error {
	t := terminal{bufio.NewWriter(w), l, o}
	for i, e := range all {
		if i > 0 {
			fmt.Fprintln(t)
		}
		fmt.Fprintf(t, "%s: %s\n", t.paint(bold, e.Code), e.Means)
		for _, p := range e.Parts(l) {
			fmt.Fprintf(t, "\n%s\n", t.paint(bold, p.Title))
			for _, line := range p.Lines {
				if !p.IsCode {
					line = lang.Fold(line, 2, explainWidth)
				}
				fmt.Fprintln(t, "  "+line)
			}
		}
	}
	return t.Flush()
}
