package report

import (
	"cmp"
	"slices"
	"strings"

	"labcheck/harness"
)

// comparison is an output of the page and the cluster's. Long tells that they are
// folded.
type comparison struct {
	harness.Comparison
	Wrong, Equal []harness.Field
	Reasons      [][]harness.Field // known differences that are not volatile, by their reasons
	Volatile     [][]harness.Field // those that are
	Known        int               // number of all known differences
	Changing     int               // number of volatile ones
	Rows         []diffRow
	Wide, Long   bool
}

// longDiff is how many lines are shown unfolded.
const longDiff = 40

// diffRow is a line of the page beside the line of the cluster that has the same
// fields. One of them may be missing.
type diffRow struct {
	Class      string // same, volatile, listed or wrong
	Page, Seen []span
}

// span is a piece of a line; Class is empty outside of values that differ.
type span struct {
	Text  string
	Class string
}

func newComparison(c harness.Comparison, answer string) *comparison {
	c.Answer = cmp.Or(c.Answer, answer) // an older labcheck did not keep it
	v := &comparison{
		Comparison: c, Wrong: c.FieldsWith(harness.FieldWrong), Equal: c.FieldsWith(harness.FieldEqual), Rows: newDiff(c),
	}
	known := c.FieldsWith(harness.FieldListed)
	changing := slices.DeleteFunc(slices.Clone(known), func(f harness.Field) bool { return !f.Volatile })
	lasting := slices.DeleteFunc(slices.Clone(known), func(f harness.Field) bool { return f.Volatile })
	v.Known, v.Changing = len(known), len(changing)
	v.Reasons, v.Volatile = groupByReason(lasting), groupByReason(changing)
	v.Wide, v.Long = newOutput(c.Shown+"\n"+c.Answer).Wide, len(v.Rows) > longDiff
	return v
}

func groupByReason(fields []harness.Field) [][]harness.Field {
	return harness.GroupBy(fields, func(f harness.Field) string { return f.Reason + "\n" + f.Source })
}

// newDiff aligns two outputs by their fields: the lines of the page in their order,
// each beside the cluster's line that has its fields, and the cluster's other lines
// where they are in its output.
func newDiff(c harness.Comparison) []diffRow {
	page, seen := outputLines(c.Shown), outputLines(c.Answer)
	pairs := pairLines(c.Fields, len(page), len(seen))
	paired := map[int]bool{}
	for _, line := range pairs {
		paired[line] = true
	}
	var rows []diffRow
	next := 0 // of the cluster's lines
	addSeenUntil := func(end int) {
		for ; next < end; next++ {
			if !paired[next] && seen[next] != "" {
				rows = append(rows, newDiffRow(c.Fields, "", -1, seen[next], next))
			}
		}
	}
	for i, line := range page {
		j, there := pairs[i]
		if !there {
			rows = append(rows, newDiffRow(c.Fields, line, i, "", -1))
			continue
		}
		addSeenUntil(j)
		rows = append(rows, newDiffRow(c.Fields, line, i, seen[j], j))
	}
	addSeenUntil(len(seen))
	return rows
}

// pairLines returns the line of the cluster for each line of the page that has a
// field in common with it. Both are counted from 0.
func pairLines(fields []harness.Field, page, seen int) map[int]int {
	pairs, taken := map[int]int{}, map[int]bool{}
	for _, f := range fields {
		i, j := f.PageLine-1, f.SeenLine-1
		if _, there := pairs[i]; there || taken[j] || i < 0 || j < 0 || i >= page || j >= seen {
			continue
		}
		pairs[i], taken[j] = j, true
	}
	return pairs
}

// newDiffRow makes a row of line i of the page and line j of the cluster; the one
// that is missing is -1.
func newDiffRow(fields []harness.Field, page string, i int, seen string, j int) diffRow {
	on := func(f harness.Field) bool { return f.PageLine == i+1 && i >= 0 || f.SeenLine == j+1 && j >= 0 }
	var here []harness.Field
	class := "same"
	if i < 0 || j < 0 {
		class = "listed" // also a line that has no field
	}
	for _, f := range fields {
		if on(f) {
			here = append(here, f)
			class = worseClass(class, fieldClass(f))
		}
	}
	if class == "same" && oneLine(page) != oneLine(seen) {
		class = "volatile" // the page's address of a host, and this cluster's
	}
	return diffRow{
		Class: class,
		Page:  markValues(page, here, func(f harness.Field) string { return f.Page }),
		Seen:  markValues(seen, here, func(f harness.Field) string { return f.Seen }),
	}
}

func fieldClass(f harness.Field) string {
	switch {
	case f.Volatile:
		return "volatile"
	case f.Verdict == harness.FieldEqual:
		return "same"
	}
	return string(f.Verdict)
}

func worseClass(a, b string) string {
	order := []string{"same", "volatile", "listed", "wrong"}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// place is the range of a field's value in a line.
type place struct {
	from, to int
	class    string
}

// markValues splits a line at the values that differ.
func markValues(line string, fields []harness.Field, value func(harness.Field) string) []span {
	var places []place
	for _, f := range fields {
		v := harness.ShowControls(value(f))
		if f.Verdict == harness.FieldEqual || v == "" {
			continue
		}
		from := findValue(line, lastName(f.Name), v)
		p := place{from, from + len(v), fieldClass(f)}
		overlaps := func(q place) bool { return p.from < q.to && q.from < p.to }
		if from >= 0 && !slices.ContainsFunc(places, overlaps) {
			places = append(places, p)
		}
	}
	slices.SortFunc(places, func(a, b place) int { return a.from - b.from })
	return splitText(line, places)
}

// lastName returns the end of a field's path: Status of Nodes / store / Status.
func lastName(path string) string { return path[strings.LastIndex(path, "/ ")+1:] }

// findValue returns the place of a value in a line, after its name if the line has
// the name, or -1.
func findValue(line, name, value string) int {
	at := max(strings.Index(line, strings.TrimSpace(name)), 0)
	if i := strings.Index(line[at:], value); i >= 0 {
		return at + i
	}
	return strings.Index(line, value)
}

func splitText(text string, places []place) []span {
	var spans []span
	at := 0
	for _, p := range append(places, place{from: len(text), to: len(text)}) {
		for _, s := range []span{{Text: text[at:p.from]}, {text[p.from:p.to], p.class}} {
			if s.Text != "" {
				spans = append(spans, s)
			}
		}
		at = p.to
	}
	return spans
}

// outputLines returns the lines of an output without empty ones at its end.
func outputLines(text string) []string {
	return strings.Split(strings.TrimRight(harness.ShowControls(text), "\n"), "\n")
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
	text = strings.TrimRight(harness.ShowControls(text), "\n")
	o := output{Text: text}
	for line := range strings.Lines(text) {
		o.Lines++
		o.Wide = o.Wide || len(strings.TrimSuffix(line, "\n")) > wideOutput
	}
	o.Long = o.Lines > longOutput
	return o
}
