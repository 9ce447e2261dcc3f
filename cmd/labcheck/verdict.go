package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"labcheck/harness"
	"labcheck/harness/tutorial"
)

// compare says how an answer compares with what the page shows.
func (w *walk) compareOutput(command tutorial.Command, r harness.Result) error {
	if command.Kind == "" {
		return nil
	}
	made, err := w.page.Compare(command, r, w.lang)
	if err != nil {
		return &hintError{err, w.again("status")}
	}
	w.made = append(w.made, made)
	fmt.Fprint(w.out, "\n", w.verdict(made))
	return nil
}

// verdict tells of a comparison: how much is equal, what differs for which
// reason, and what is wrong.
func (w *walk) verdict(made harness.Comparison) string {
	var b strings.Builder
	groups := byReason(made.Fields)
	wrong := tutorial.Wrong(made)
	equal := count(made, harness.FieldEqual)
	mark := w.paint(text.FgGreen, "✓")
	if len(wrong) > 0 {
		mark = w.paint(text.FgRed, "✗")
	}
	fmt.Fprintf(&b, "  %s %s\n", mark, w.lang.Say("beside the page: equal %d, different for a listed reason %d, wrong %d", equal, count(made, harness.FieldListed), len(wrong)))
	for _, f := range wrong {
		fmt.Fprintf(&b, "  %s %s: %s\n", w.paint(text.FgRed, "✗"), f.Name, w.lang.Say("the page shows %s, seen %s", w.value(f.Page), w.value(f.Seen)))
	}
	for _, g := range groups {
		fmt.Fprintf(&b, "  ≈ %s\n    %s\n", fold(g.reason, 4, w.width()), w.paint(text.Faint, w.example(g)))
	}
	return b.String()
}

// group are fields that differ for one reason.
type group struct {
	reason string
	fields []harness.Field
}

func byReason(fields []harness.Field) []group {
	var all []group
	at := map[string]int{}
	for _, f := range fields {
		if f.Verdict != harness.FieldListed {
			continue
		}
		i, known := at[f.Reason]
		if !known {
			i = len(all)
			at[f.Reason] = i
			all = append(all, group{reason: f.Reason})
		}
		all[i].fields = append(all[i].fields, f)
	}
	return all
}

// example is the first field of a group, and how many more there are.
func (w *walk) example(g group) string {
	f := g.fields[0]
	room := max(12, (w.width()-text.StringWidthWithoutEscSequences(f.Name)-28)/2) // for each value
	page, seen := text.Snip(w.value(f.Page), room, "…"), text.Snip(w.value(f.Seen), room, "…")
	said := w.lang.Say("%s: the page %s, here %s", f.Name, page, seen)
	if more := len(g.fields) - 1; more > 0 {
		said += w.lang.Say(" (and %d more)", more)
	}
	return said
}

func (w *walk) value(v string) string {
	if v == "" {
		return w.lang.Say("nothing")
	}
	return v
}

func count(made harness.Comparison, v harness.FieldVerdict) int {
	n := 0
	for _, f := range made.Fields {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

// end sums up. Who went the whole way has also seen each listed difference.
func (w *walk) end(from int) error {
	wrong := []string{}
	for _, made := range w.made {
		for _, f := range tutorial.Wrong(made) {
			wrong = append(wrong, made.Page+" "+f.Name)
		}
	}
	if from == 0 {
		wrong = append(wrong, w.page.Unused(w.made, w.lang)...)
	}
	w.printf("\n%s", w.lang.Say("%d commands were run, %d outputs compared with the page's.", len(w.typed), len(w.made)))
	if w.json {
		w.printJSON(map[string]any{"commands": w.typed, "comparisons": append([]harness.Comparison{}, w.made...), "wrong": wrong})
	}
	for _, what := range wrong {
		w.printf("  %s %s", w.paint(text.FgRed, "✗"), what)
	}
	if len(wrong) > 0 {
		return errFalse
	}
	return nil
}
