package harness

import (
	"strings"

	"labcheck/harness/lang"
)

// AcceptedKey returns what a person must know if ssh accepted a host key that was not
// known, or was not the known one, by its words: it does so by the user's own
// configuration, or by that for a host before it. It is empty if ssh did not.
func AcceptedKey(host, words string) lang.Text {
	var lines []string
	for line := range strings.Lines(words) {
		line = strings.Trim(strings.TrimSpace(line), "@ ")
		if strings.Contains(line, "Permanently added") || strings.Contains(line, "IDENTIFICATION HAS CHANGED") {
			lines = append(lines, line)
		}
	}
	if lines == nil {
		return lang.Text{}
	}
	return lang.Textf("%s: ssh accepted a host key without asking, as its configuration says (StrictHostKeyChecking): %s",
		host, strings.Join(lines, "; "))
}
