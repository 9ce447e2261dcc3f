package steps

import (
	"maps"
	"slices"

	"github.com/cucumber/godog"

	"labcheck/harness/tutorial"
)

// header gives the first row of a table, with words of ours in English.
func header(t *godog.Table) []string {
	var names []string
	for _, c := range t.Rows[0].Cells {
		names = append(names, english(c.Value))
	}
	return names
}

// records reads a table whose first row has the columns' names.
func records(here func(string) string, t *godog.Table) []tutorial.Row {
	names := header(t)
	var all []tutorial.Row
	for _, tr := range t.Rows[1:] {
		r := tutorial.Row{}
		for i, c := range tr.Cells {
			r[names[i]] = here(c.Value)
		}
		all = append(all, r)
	}
	return all
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
