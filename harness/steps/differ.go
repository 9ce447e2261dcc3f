package steps

import (
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// comparison collects all that differs, so that a person sees the whole of it.
type comparison struct {
	lang           lang.Language
	what           string
	expected, seen []string
}

// compare begins a comparison of what a text in each language names.
func (w *World) compare(format string, args ...any) comparison {
	return comparison{lang: w.lang, what: w.lang.Say(format, args...)}
}

// equal compares two values of a field as a reader would.
func (c *comparison) equal(field, expected, seen string) {
	if figure(expected) != figure(seen) {
		c.differs(field+": "+expected, field+": "+seen)
	}
}

func (c *comparison) differs(expected, seen string) {
	c.expected = append(c.expected, expected)
	c.seen = append(c.seen, seen)
}

// err is a *harness.Mismatch with all that differs, or nil.
func (c *comparison) err() error {
	if len(c.expected) == 0 {
		return nil
	}
	return &harness.Mismatch{
		Lang: c.lang, What: c.what,
		Expected: strings.Join(c.expected, "\n"), Seen: strings.Join(c.seen, "\n"),
	}
}

// mismatch is a claim that is false, in texts of the run's language.
func (w *World) mismatch(what, expected, seen string) error {
	return &harness.Mismatch{Lang: w.lang, What: what, Expected: expected, Seen: seen}
}

// terminalMismatch is that what the terminal shows is not of the kind that is
// expected.
func (w *World) terminalMismatch(expected string, seen error) error {
	return w.mismatch(w.lang.Say("the terminal"), expected, w.lang.Error(seen))
}

// none is what is said where there is nothing.
func (w *World) none() string { return w.lang.Say("none") }

func (w *World) orNone(s string) string {
	if s == "" {
		return w.none()
	}
	return s
}

// notShown is what is said of a line or a field that lacks.
func notShown(l lang.Language) string { return l.Say("(not shown)") }

// listed joins values for a person.
func listed(l lang.Language, values []string) string {
	if len(values) == 0 {
		return l.Say("nothing")
	}
	return strings.Join(values, ", ")
}

func (w *World) listed(values []string) string { return listed(w.lang, values) }
