package report

import (
	"fmt"
	"io"
	"strings"

	"labcheck/harness"
)

// shownClaims is how many claims that a finding explains are named.
const shownClaims = 6

func (o TerminalOptions) findings(w io.Writer, all []harness.Finding) {
	for _, f := range all {
		o.finding(w, f)
	}
}

func (o TerminalOptions) finding(w io.Writer, f harness.Finding) {
	fmt.Fprintf(w, "%s %s  %s\n", o.paint(yellow, o.Lang.Say("cause:", "原因:")), o.paint(bold, clean(f.Cause)), o.paint(dim, f.Code))
	if f.Confidence != harness.Certain {
		o.field(w, o.Lang.Say("sure", "確度"), "", o.confidence(f.Confidence))
	}
	for _, s := range f.Seen {
		o.field(w, o.Lang.Say("asked", "質問"), dim, clean(s.Asked))
		o.field(w, o.Lang.Say("answered", "回答"), "", clean(s.Answered))
	}
	if len(f.Remedy) > 0 {
		o.field(w, o.Lang.Say("mend it", "対処"), green, clean(strings.Join(f.Remedy, "\n")))
	}
	if f.Advice != "" {
		o.field(w, o.Lang.Say("advice", "助言"), "", clean(f.Advice))
	}
	if len(f.Explains) > 0 {
		o.field(w, o.Lang.Say("explains", "説明"), "", o.explains(f.Explains))
	}
	if f.Doc != "" {
		o.field(w, o.Lang.Say("more", "詳細"), dim, clean(f.Doc))
	}
	fmt.Fprintln(w)
}

func (o TerminalOptions) confidence(c harness.Confidence) string {
	if c == harness.Likely {
		return o.Lang.Say("likely: what was seen has hardly another cause", "ほぼ確実: 他の原因は考えにくい")
	}
	return o.Lang.Say("possible: it would explain what was seen", "可能性あり: 観測と矛盾しない")
}

func (o TerminalOptions) explains(ids []string) string {
	shown := strings.Join(ids[:min(len(ids), shownClaims)], ", ")
	if more := len(ids) - shownClaims; more > 0 {
		shown += o.Lang.Say(" and %d more", " ほか %d 件", more)
	}
	return clean(shown)
}
