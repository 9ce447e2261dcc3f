package report

import (
	"io"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Format returns what writes evidence in a format: html, markdown, junit or json. The
// first two also say what changed since an earlier run, if there is one. For an unknown format it
// returns nil.
func Format(name string, earlier *harness.Evidence) func(io.Writer, harness.Evidence, lang.Language) error {
	page := map[string]func(io.Writer, content) error{"html": writeHTML, "markdown": writeMarkdown}[name]
	data := map[string]func(io.Writer, harness.Evidence) error{"junit": JUnit, "json": Results}[name]
	switch {
	case page != nil:
		return func(w io.Writer, e harness.Evidence, l lang.Language) error {
			c := newContent(e, l)
			if earlier != nil {
				c.Changes = newChanges(*earlier, e, c.Language)
			}
			return page(w, c)
		}
	case data != nil && earlier == nil:
		return func(w io.Writer, e harness.Evidence, _ lang.Language) error { return data(w, e) }
	}
	return nil
}
