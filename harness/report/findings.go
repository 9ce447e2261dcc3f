package report

import (
	"fmt"
	"io"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// namedClaims is how many claims that a finding explains are named.
const namedClaims = 6

func (o TerminalOptions) findings(w io.Writer, l lang.Language, all []harness.Finding) {
	for _, f := range all {
		o.finding(w, l, f)
	}
}

func (o TerminalOptions) finding(w io.Writer, l lang.Language, f harness.Finding) {
	fmt.Fprintf(w, "%s %s  %s\n", o.paint(yellow, l.Say("cause:")), o.paint(bold, printed(f.Cause)), o.paint(dim, printed(f.Code)))
	if f.Confidence != harness.Certain {
		o.field(w, l.Say("sure"), "", sureness(l, f.Confidence))
	}
	for _, s := range f.Seen {
		o.field(w, l.Say("asked"), dim, printed(s.Asked))
		o.field(w, l.Say("answered"), "", printed(s.Answered))
	}
	if len(f.Remedy) > 0 {
		o.field(w, l.Say("mend it"), green, printed(strings.Join(f.Remedy, "\n")))
	}
	if f.Advice != "" {
		o.field(w, l.Say("advice"), "", printed(f.Advice))
	}
	if len(f.Explains) > 0 {
		o.field(w, l.Say("explains"), "", explained(l, f.Explains))
	}
	if f.Doc != "" {
		o.field(w, l.Say("more"), dim, printed(f.Doc))
	}
	fmt.Fprintln(w)
}

// sureness is how sure a finding is.
func sureness(l lang.Language, c harness.Confidence) string {
	switch c {
	case harness.Certain:
		return l.Say("certain: it was seen itself")
	case harness.Likely:
		return l.Say("likely: what was seen has hardly another cause")
	}
	return l.Say("possible: it would explain what was seen")
}

func explained(l lang.Language, ids []string) string {
	shown := strings.Join(ids[:min(len(ids), namedClaims)], ", ")
	if more := len(ids) - namedClaims; more > 0 {
		shown += l.Say(" and %d more", more)
	}
	return printed(shown)
}
