package report

import (
	"slices"
	"strings"

	"labcheck/harness"
)

// comparison is an output of the page beside the cluster's. Long tells that both
// are folded.
type comparison struct {
	harness.Comparison
	Wrong, Equal       []harness.Field
	Known              int // number of fields in Reasons
	Reasons            []knownReason
	PageText, SeenText []span
	Wide, Long         bool
}

// longPair is how many lines of two outputs side by side are shown unfolded.
const longPair = 40

// knownReason is a reason of known differences, with the fields that differ.
type knownReason struct {
	Reason, Source string
	Fields         []harness.Field
}

// span is a piece of an output; Verdict is empty outside of fields that differ.
type span struct {
	Text    string
	Verdict harness.FieldVerdict
}

func newComparison(c harness.Comparison, seen output) *comparison {
	v := &comparison{Comparison: c}
	for _, f := range c.Fields {
		switch f.Verdict {
		case harness.FieldEqual:
			v.Equal = append(v.Equal, f)
		case harness.FieldWrong:
			v.Wrong = append(v.Wrong, f)
		default:
			v.addKnown(f)
		}
	}
	shown := newOutput(c.Shown)
	v.PageText = markDifferences(shown.Text, c.Fields, func(f harness.Field) string { return f.Page })
	v.SeenText = markDifferences(seen.Text, c.Fields, func(f harness.Field) string { return f.Seen })
	v.Wide, v.Long = shown.Wide || seen.Wide, max(shown.Lines, seen.Lines) > longPair
	return v
}

// addKnown adds a field to those that differ for the same reason.
func (c *comparison) addKnown(f harness.Field) {
	c.Known++
	i := slices.IndexFunc(c.Reasons, func(r knownReason) bool { return r.Reason == f.Reason && r.Source == f.Source })
	if i < 0 {
		i, c.Reasons = len(c.Reasons), append(c.Reasons, knownReason{Reason: f.Reason, Source: f.Source})
	}
	c.Reasons[i].Fields = append(c.Reasons[i].Fields, f)
}

// place is the range of a field's value in a text.
type place struct {
	from, to int
	verdict  harness.FieldVerdict
}

// markDifferences splits a text at the values that differ. It only helps the eye:
// a value that it does not find is still in the list of fields.
func markDifferences(text string, fields []harness.Field, value func(harness.Field) string) []span {
	var places []place
	for _, f := range fields {
		v := cleanText(value(f))
		if f.Verdict == harness.FieldEqual || v == "" {
			continue
		}
		from := findValue(text, strings.Split(cleanText(f.Name), " / "), v)
		p := place{from, from + len(v), f.Verdict}
		overlaps := func(q place) bool { return p.from < q.to && q.from < p.to }
		if from >= 0 && !slices.ContainsFunc(places, overlaps) {
			places = append(places, p)
		}
	}
	slices.SortFunc(places, func(a, b place) int { return a.from - b.from })
	return splitText(text, places)
}

func splitText(text string, places []place) []span {
	var spans []span
	at := 0
	for _, p := range append(places, place{from: len(text), to: len(text)}) {
		for _, s := range []span{{Text: text[at:p.from]}, {text[p.from:p.to], p.verdict}} {
			if s.Text != "" {
				spans = append(spans, s)
			}
		}
		at = p.to
	}
	return spans
}

// shortValue is the least length of a value that is searched in the whole text.
const shortValue = 4

// findValue follows a field's path through the text, and returns the place of the
// value on the line of the last name that it finds. If the line does not have the
// value it returns the first place of the value in the text, or -1 if there is
// none or the value is too short.
func findValue(text string, path []string, value string) int {
	at, line := 0, ""
	for _, name := range path {
		if i := strings.Index(text[at:], name); i >= 0 && name != "" {
			at += i
			line, _, _ = strings.Cut(text[at:], "\n")
		}
	}
	if i := strings.Index(line, value); i >= 0 {
		return at + i
	}
	if len(value) < shortValue {
		return -1
	}
	return strings.Index(text, value)
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
