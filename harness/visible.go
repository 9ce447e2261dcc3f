package harness

import (
	"fmt"
	"strings"
	"unicode"
)

// ShowControls makes visible in a text, which may be a cluster's, what would move a
// terminal's cursor, change its colours or turn the direction of the text: ESC becomes
// \x1b, and what JSON lets pass becomes an escape of JSON, \u009b. Line breaks and tabs
// stay. Bytes that are not UTF-8 become U+FFFD.
func ShowControls(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n', r == '\t':
			b.WriteRune(r)
		case r < ' ':
			fmt.Fprintf(&b, `\x%02x`, r)
		case unicode.IsControl(r), unicode.In(r, unicode.Bidi_Control):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
