package steps

import (
	"fmt"
	"strings"

	"labcheck/harness"
)

// comparison collects all that differs, so that a person sees the whole of it.
type comparison struct {
	what           string
	expected, seen []string
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
	return mismatch(c.what, strings.Join(c.expected, "\n"), strings.Join(c.seen, "\n"))
}

func mismatch(what, expected, seen string) error {
	return &harness.Mismatch{What: what, Expected: expected, Seen: seen}
}

func mismatchf(what, expected, seen string, args ...any) error {
	return mismatch(what, expected, fmt.Sprintf(seen, args...))
}

// listed joins values for a person; "nothing" where there are none.
func listed(values []string) string {
	if len(values) == 0 {
		return "nothing"
	}
	return strings.Join(values, ", ")
}
