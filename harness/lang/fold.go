package lang

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Fold breaks a text into lines that end before width columns, where Unicode's
// rules (UAX #14) allow a break: Japanese has no spaces. The text begins at a
// column, and so do all of its lines.
func Fold(s string, column, width int) string {
	var lines []string
	line, state := "", -1
	for s != "" {
		var part string
		part, s, _, state = uniseg.FirstLineSegmentInString(s, state)
		if line != "" && column+uniseg.StringWidth(line+strings.TrimRight(part, " ")) > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line = ""
		}
		line += part
	}
	return strings.Join(append(lines, line), "\n"+strings.Repeat(" ", column))
}
