package report

import (
	"io"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Format returns what writes evidence in a format: html, markdown, junit or json. It is
// nil if there is no such format.
func Format(name string) func(io.Writer, harness.Evidence, lang.Language) error {
	switch name {
	case "html":
		return HTML
	case "markdown":
		return Markdown
	case "junit":
		return func(w io.Writer, e harness.Evidence, _ lang.Language) error { return JUnit(w, e) }
	case "json":
		return func(w io.Writer, e harness.Evidence, _ lang.Language) error { return Results(w, e) }
	}
	return nil
}

// FormatAgainst returns what writes evidence in the format html or markdown, and
// what changed since an earlier run. It is nil for other formats.
func FormatAgainst(old harness.Evidence, name string) func(io.Writer, harness.Evidence, lang.Language) error {
	write := map[string]func(io.Writer, content) error{"html": writeHTML, "markdown": writeMarkdown}[name]
	if write == nil {
		return nil
	}
	return func(w io.Writer, e harness.Evidence, l lang.Language) error {
		c := newContent(e, l)
		c.Changes = newChanges(old, e, c.Language)
		return write(w, c)
	}
}
