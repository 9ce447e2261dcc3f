package report

import (
	"fmt"
	"io"
	"strings"

	"labcheck/harness"
)

// namedClaims is how many claims that a finding explains are named.
const namedClaims = 6

func (o TerminalOptions) findings(w io.Writer, l harness.Lang, all []harness.Finding) {
	for _, f := range all {
		o.finding(w, l, f)
	}
}

func (o TerminalOptions) finding(w io.Writer, l harness.Lang, f harness.Finding) {
	fmt.Fprintf(w, "%s %s  %s\n", o.paint(yellow, l.Say("cause:", "原因:")), o.paint(bold, printed(f.Cause)), o.paint(dim, printed(f.Code)))
	if f.Confidence != harness.Certain {
		o.field(w, l.Say("sure", "確度"), "", sureness(l, f.Confidence))
	}
	for _, s := range f.Seen {
		o.field(w, l.Say("asked", "質問"), dim, printed(s.Asked))
		o.field(w, l.Say("answered", "回答"), "", printed(s.Answered))
	}
	if len(f.Remedy) > 0 {
		o.field(w, l.Say("mend it", "対処"), green, printed(strings.Join(f.Remedy, "\n")))
	}
	if f.Advice != "" {
		o.field(w, l.Say("advice", "助言"), "", printed(f.Advice))
	}
	if len(f.Explains) > 0 {
		o.field(w, l.Say("explains", "説明"), "", explained(l, f.Explains))
	}
	if f.Doc != "" {
		o.field(w, l.Say("more", "詳細"), dim, printed(f.Doc))
	}
	fmt.Fprintln(w)
}

// sureness is how sure a finding is.
func sureness(l harness.Lang, c harness.Confidence) string {
	switch c {
	case harness.Certain:
		return l.Say("certain: it was seen itself", "確実: 直接観測した")
	case harness.Likely:
		return l.Say("likely: what was seen has hardly another cause", "ほぼ確実: ほかの原因は考えにくい")
	}
	return l.Say("possible: it would explain what was seen", "可能性あり: 観測した結果を説明できる")
}

func explained(l harness.Lang, ids []string) string {
	shown := strings.Join(ids[:min(len(ids), namedClaims)], ", ")
	if more := len(ids) - namedClaims; more > 0 {
		shown += l.Say(" and %d more", " ほか %d 件", more)
	}
	return printed(shown)
}
