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
