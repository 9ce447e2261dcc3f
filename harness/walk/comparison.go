package walk

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// compareOutput writes how an answer compares with what the page shows.
func (w *walk) compareOutput(about tutorial.Command, r harness.Result) error {
	if about.Kind == "" {
		return nil
	}
	c, err := w.page.Compare(about, r, w.Lang)
	if err != nil {
		return w.hintStatus(err)
	}
	w.Comparisons = append(w.Comparisons, c)
	fmt.Fprint(w.Out, "\n", w.comparisonText(c))
	return nil
}

// comparisonText says how much of an output is equal, what differs for which
// reason, and what is wrong.
func (w *walk) comparisonText(c harness.Comparison) string {
	var b strings.Builder
	wrong, listed := c.FieldsWith(harness.FieldWrong), c.FieldsWith(harness.FieldListed)
	mark := w.paint(text.FgGreen, "✓")
	if len(wrong) > 0 {
		mark = w.paint(text.FgRed, "✗")
	}
	fmt.Fprintf(&b, "  %s %s\n", mark, w.Lang.Say("compared with the page: %d equal, %d known differences, %d wrong",
		len(c.Fields)-len(listed)-len(wrong), len(listed), len(wrong)))
	for _, f := range wrong {
		fmt.Fprintf(&b, "  %s %s: %s\n", w.paint(text.FgRed, "✗"), f.Name,
			w.Lang.Say("the page shows %s, seen %s", w.valueText(f.Page), w.valueText(f.Seen)))
	}
	for _, g := range harness.GroupBy(listed, func(f harness.Field) string { return f.Reason }) {
		fmt.Fprintf(&b, "  ≈ %s\n    %s\n", lang.Fold(g[0].Reason, 4, w.Width), w.paint(text.Faint, w.exampleText(g)))
	}
	return b.String()
}

// exampleText shows the first field of a group, and how many more there are.
func (w *walk) exampleText(group []harness.Field) string {
	f := group[0]
	room := max(12, (w.Width-text.StringWidthWithoutEscSequences(f.Name)-28)/2) // for each value
	page, seen := snipPair(w.valueText(f.Page), w.valueText(f.Seen), room)
	said := w.Lang.Say("%s: the page %s, here %s", f.Name, page, seen)
	if more := len(group) - 1; more > 0 {
		said += w.Lang.Say(" (and %d more)", more)
	}
	return said
}

// snipPair cuts two values that differ to some columns each, around the first place at
// which they differ.
func snipPair(a, b string, columns int) (string, string) {
	same := 0
	for rest := b; same < len(a); {
		r, size := utf8.DecodeRuneInString(a[same:])
		if next, n := utf8.DecodeRuneInString(rest); next != r || n != size {
			break
		}
		same, rest = same+size, rest[size:]
	}
	return snipAround(a, same, columns), snipAround(b, same, columns)
}

// snipAround cuts a text to some columns. If what is from a byte on does not fit, its
// start is cut off, too, but for a few columns before that byte.
func snipAround(s string, from, columns int) string {
	if text.StringWidthWithoutEscSequences(s) <= columns {
		return s
	}
	before, after := s[:from], s[from:]
	keep := max(columns/3, columns-1-text.StringWidthWithoutEscSequences(after))
	if text.StringWidthWithoutEscSequences(before) > keep {
		for text.StringWidthWithoutEscSequences(before) >= keep {
			_, size := utf8.DecodeRuneInString(before)
			before = before[size:]
		}
		before = "…" + before
	}
	return text.Snip(before+after, columns, "…")
}

func (w *walk) valueText(v string) string { return cmp.Or(v, w.Lang.Say("nothing")) }
