package steps

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// featureWords returns the words of the features which the code reads: properties in
// sentences and headings of tables. What engines print is not among them.
func featureWords() []string {
	return []string{
		"state", "restart policy", "host name", "published port", "command", "process", "discovery", "advertised address",
		"name", "CPUs", "total memory", "cluster store", "cluster advertise", "role", "strategy", "nodes",
		"node", "address", "port", "driver",
	}
}

// toEnglish gives a word of the features, in whichever language it is, as the
// code has it. Any other text stays what it is.
func toEnglish(word string) string {
	for _, w := range featureWords() {
		if word == lang.Japanese.Format(w) {
			return w
		}
	}
	return word
}

// readRecords reads a table whose first row has the columns' names.
func readRecords(here func(string) string, t *godog.Table) []tutorial.Row {
	var all []tutorial.Row
	for _, tr := range t.Rows[1:] {
		r := tutorial.Row{}
		for i, c := range tr.Cells {
			r[toEnglish(t.Rows[0].Cells[i].Value)] = here(c.Value)
		}
		all = append(all, r)
	}
	return all
}

// splitList splits "health, port, dependency".
func splitList(s string) []string { return splitTrimmed(s, ",") }

// splitTrimmed splits a text and drops the space around its parts, and those
// that are empty.
func splitTrimmed(s, separator string) []string {
	var all []string
	for _, v := range strings.Split(s, separator) {
		if v = strings.TrimSpace(v); v != "" {
			all = append(all, v)
		}
	}
	return all
}

var unitGap = regexp.MustCompile(`(\d) +([kKMGTP]?i?B)\b`)

// normalizeValue writes a value as the comparison needs it. The page's client printed
// "992.2 MiB" where today's prints "992.2MiB"; a trailing slash of a URL means
// nothing.
func normalizeValue(s string) string {
	return strings.TrimSuffix(unitGap.ReplaceAllString(strings.TrimSpace(s), "$1$2"), "/")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
