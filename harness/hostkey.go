package harness

import (
	"strings"

	"labcheck/harness/lang"
)

// AcceptedKey returns an error, which a person must know, if by its words ssh accepted a
// host key that was not known, or was not the known one: it does so by the user's own
// configuration, or by that for a host before it.
func AcceptedKey(host, words string) error {
	var lines []string
	for line := range strings.Lines(words) {
		line = strings.Trim(strings.TrimSpace(line), "@ ")
		if strings.Contains(line, "Permanently added") || strings.Contains(line, "IDENTIFICATION HAS CHANGED") {
			lines = append(lines, line)
		}
	}
	if lines == nil {
		return nil
	}
	return lang.Errorf("%s: ssh accepted a host key without asking, as its configuration says (StrictHostKeyChecking): %s",
		host, strings.Join(lines, "; "))
}
