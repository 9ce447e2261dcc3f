package report

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"labcheck/harness"
)

// clean makes what a cluster said harmless to a terminal: of the control
// characters only line ends and tabs stay; the rest is written out, and so is
// what changes the direction of text.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n', r == '\t':
			b.WriteRune(r)
		case unicode.IsControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case unicode.In(r, unicode.Bidi_Control):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// printed is clean for where GitHub reads along: what a cluster said is none
// of its workflow commands, which begin a line with :: or have ##[ in it.
func printed(s string) string {
	lines := strings.Split(strings.ReplaceAll(clean(s), "##[", `#\x23[`), "\n")
	for i, line := range lines {
		if text := strings.TrimLeft(line, " \t"); strings.HasPrefix(text, "::") {
			lines[i] = line[:len(line)-len(text)] + `\x3a` + text[1:]
		}
	}
	return strings.Join(lines, "\n")
}

// seconds shows a duration as a person reads it.
func seconds(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
}

// count writes a number with its noun.
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// script is a command as one would type it on its node.
func script(r harness.Result) string {
	if len(r.Argv) == 3 && r.Argv[0] == "sh" && r.Argv[1] == "-c" {
		return r.Argv[2]
	}
	return harness.ShellLine(r.Argv...)
}

// failedStep is the step at which a scenario failed, and nil where it has none.
func failedStep(s harness.Scenario) *harness.Step {
	for i := range s.Steps {
		if s.Steps[i].Status == harness.Failed {
			return &s.Steps[i]
		}
	}
	return nil
}

// where is the line of the feature that failed.
func where(s harness.Scenario) string {
	line := s.Line
	if st := failedStep(s); st != nil {
		line = st.Line
	}
	return fmt.Sprintf("%s:%d", s.File, line)
}
