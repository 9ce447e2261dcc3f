package report

import (
	"fmt"
	"strings"
	"time"

	"labcheck/harness"
)

// cleanLog is harness.ShowControls for output that GitHub reads. It breaks GitHub's workflow
// commands, which begin a line with :: or contain ##[, in a text from a cluster.
func cleanLog(s string) string {
	lines := strings.Split(strings.ReplaceAll(harness.ShowControls(s), "##[", `#\x23[`), "\n")
	for i, line := range lines {
		if text := strings.TrimLeft(line, " \t"); strings.HasPrefix(text, "::") {
			lines[i] = line[:len(line)-len(text)] + `\x3a` + text[1:]
		}
	}
	return strings.Join(lines, "\n")
}

// oneLine is harness.ShowControls with each run of white space replaced by one space.
func oneLine(s string) string { return strings.Join(strings.Fields(harness.ShowControls(s)), " ") }

// indentLines puts two spaces before each line.
func indentLines(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

// lastLine returns the text after the last line end.
func lastLine(s string) string { return s[strings.LastIndexByte(s, '\n')+1:] }

// formatDuration writes a duration for a person to read.
func formatDuration(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
}
