package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"labcheck/harness"
)

// Annotations writes GitHub's workflow commands: ::error file=…,line=…::… for
// each false claim, which GitHub shows at that line of the feature, and ::error
// for a run that ended early.
func Annotations(w io.Writer, e harness.Evidence) error {
	b := bufio.NewWriter(w)
	for _, s := range e.Scenarios {
		if s.Status != harness.Failed {
			continue
		}
		text := fmt.Sprintf("%s\nexpected: %s\nseen: %s", s.ID, s.Expected, s.Seen)
		fmt.Fprintf(b, "::error file=%s,line=%d,title=%s::%s\n",
			escapeProperty(s.File), lineOf(s), escapeProperty(s.Name), escapeData(text))
	}
	if e.Run.Error != "" {
		fmt.Fprintf(b, "::error title=labcheck::%s\n", escapeData(e.Run.Error))
	}
	return b.Flush()
}

// escapeData escapes the text of a workflow command.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(harness.ShowControls(s))
}

// escapeProperty escapes the value of a workflow command's property.
func escapeProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeData(s))
}
