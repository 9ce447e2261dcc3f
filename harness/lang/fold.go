package lang

import (
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Fold breaks a text into lines that end before width columns, where Unicode's
// rules (UAX #14) allow a break: Japanese has no spaces. The text begins at a
// column, and so do all of its lines. A path, an option or a name with hyphens is not
// broken: a person may copy it. A width of 0 is any.
func Fold(s string, column, width int) string {
	if width == 0 {
		return s
	}
	var lines []string
	line, state := "", -1
	for s != "" {
		var part string
		part, s, _, state = uniseg.FirstLineSegmentInString(s, state)
		for s != "" && isInWord(part, s) {
			var more string
			more, s, _, state = uniseg.FirstLineSegmentInString(s, state)
			part += more
		}
		if line != "" && column+uniseg.StringWidth(line+strings.TrimRight(part, " ")) > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line = ""
		}
		line += part
	}
	return strings.Join(append(lines, line), "\n"+strings.Repeat(" ", column))
}

// isInWord reports whether what ends a text and what begins the next one are of one word,
// which no space ends.
func isInWord(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	return last != ' ' && last < utf8.RuneSelf && first < utf8.RuneSelf
}
