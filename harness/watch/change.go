package watch

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Change is what a check tells: of a claim, of a cause, or of the verdict on the
// whole.
type Change struct {
	Time     time.Time        `json:"time"`
	ID       string           `json:"id,omitempty"`
	Name     string           `json:"name,omitempty"`
	Status   harness.Status   `json:"status,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Expected string           `json:"expected,omitempty"`
	Seen     string           `json:"seen,omitempty"`
	Finding  *harness.Finding `json:"finding,omitempty"`
	Verdict  harness.Verdict  `json:"verdict,omitempty"`
	Counts   *harness.Counts  `json:"counts,omitempty"`
}

func changeOf(at time.Time, s harness.Scenario) Change {
	return Change{Time: at, ID: s.ID, Name: s.Name, Status: s.Status, Reason: s.Reason, Expected: s.Expected, Seen: s.Seen}
}

// In writes the change on a line, in a language.
func (c Change) In(l lang.Language) string {
	at := c.Time.Format(time.RFC3339)
	claim := fmt.Sprintf("%s (%s)", c.Name, c.ID)
	switch {
	case c.Counts != nil:
		hold := l.Count(c.Counts.Passed, "%d claim holds", "%d claims hold")
		line := l.Say("%s %s: %s, %d false, %d could not be checked", at, c.Verdict, hold, c.Counts.Failed, c.Counts.Skipped)
		if c.Reason != "" {
			line += ": " + c.Reason
		}
		return line
	case c.Finding != nil:
		todo := strings.Join(c.Finding.Remedy, "; ")
		return l.Say("%s ! cause: %s (%s); try: %s", at, c.Finding.Cause, c.Finding.Code, cmp.Or(todo, c.Finding.Advice))
	case c.Status == harness.Failed:
		return l.Say("%s ✗ %s: expected %s, seen %s", at, claim, oneLine(c.Expected), oneLine(c.Seen))
	case c.Status == harness.Skipped:
		return fmt.Sprintf("%s - %s: %s", at, claim, oneLine(c.Reason))
	}
	return l.Say("%s ✓ %s: holds again", at, claim)
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' }), "; ")
}
