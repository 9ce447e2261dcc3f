package report

import (
	"slices"
	"strings"

	"labcheck/harness"
)

// comparison is an output of the page and the cluster's answer, side by side.
type comparison struct {
	harness.Comparison
	Equal, Listed, Wrong int
	Bad, Same            []harness.Field
	Reasons              []listed
	PageText, SeenText   []span
	Wide, Long           bool
}

// longPair is how many lines two outputs side by side may have to be shown
// without being asked for.
const longPair = 40

// listed are the fields that differ for one reason.
type listed struct {
	Reason, Source string
	Fields         []harness.Field
}

// span is a piece of a text; Verdict is empty where nothing is to be said of it.
type span struct {
	Text    string
	Verdict harness.FieldVerdict
}

func newComparison(c harness.Comparison, seen output) *comparison {
	v := &comparison{Comparison: c}
	for _, f := range c.Fields {
		switch f.Verdict {
		case harness.FieldEqual:
			v.Equal++
			v.Same = append(v.Same, f)
		case harness.FieldWrong:
			v.Wrong++
			v.Bad = append(v.Bad, f)
		default:
			v.Listed++
			v.list(f)
		}
	}
	shown := newOutput(c.Shown)
	v.PageText = mark(shown.Text, c.Fields, func(f harness.Field) string { return f.Page })
	v.SeenText = mark(seen.Text, c.Fields, func(f harness.Field) string { return f.Seen })
	v.Wide, v.Long = shown.Wide || seen.Wide, max(shown.Lines, seen.Lines) > longPair
	return v
}

// list puts a field to those with its reason.
func (c *comparison) list(f harness.Field) {
	i := slices.IndexFunc(c.Reasons, func(r listed) bool { return r.Reason == f.Reason && r.Source == f.Source })
	if i < 0 {
		i = len(c.Reasons)
		c.Reasons = append(c.Reasons, listed{Reason: f.Reason, Source: f.Source})
	}
	c.Reasons[i].Fields = append(c.Reasons[i].Fields, f)
}

// place is where a field's value stands in a text.
type place struct {
	from, to int
	verdict  harness.FieldVerdict
}

// mark finds the values that differ in the text they come from. It is a help to
// the eye; what differs is what the fields say.
func mark(text string, fields []harness.Field, value func(harness.Field) string) []span {
	var places []place
	for _, f := range fields {
		v := clean(value(f))
		if f.Verdict == harness.FieldEqual || v == "" {
			continue
		}
		from := find(text, strings.Split(clean(f.Name), " / "), v)
		if from < 0 {
			continue
		}
		p := place{from, from + len(v), f.Verdict}
		taken := func(q place) bool { return p.from < q.to && q.from < p.to }
		if !slices.ContainsFunc(places, taken) {
			places = append(places, p)
		}
	}
	slices.SortFunc(places, func(a, b place) int { return a.from - b.from })
	return cut(text, places)
}

func cut(text string, places []place) []span {
	var spans []span
	at := 0
	for _, p := range places {
		if p.from > at {
			spans = append(spans, span{Text: text[at:p.from]})
		}
		spans = append(spans, span{text[p.from:p.to], p.verdict})
		at = p.to
	}
	if at < len(text) {
		spans = append(spans, span{Text: text[at:]})
	}
	return spans
}

// shortValue is how long a value must be to be told from others by itself.
const shortValue = 4

// find follows a field's path through the text, to the value behind it on the
// line of the last name that is there. Otherwise it takes the first such value,
// and -1 where there is none or it is too short for that.
func find(text string, path []string, value string) int {
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
