package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"labcheck/harness"
)

// Annotations writes GitHub's workflow commands, by which it shows each false
// claim at its line of the feature: ::error file=…,line=…::…. A run that ended
// early has one of its own.
func Annotations(w io.Writer, e harness.Evidence) error {
	b := bufio.NewWriter(w)
	for _, s := range e.Scenarios {
		if s.Status != harness.Failed {
			continue
		}
		line := s.Line
		if st := failedStep(s); st != nil {
			line = st.Line
		}
		text := fmt.Sprintf("%s\nexpected: %s\nseen: %s", s.ID, s.Expected, s.Seen)
		fmt.Fprintf(b, "::error file=%s,line=%d,title=%s::%s\n", property(s.File), line, property(s.Name), data(text))
	}
	if e.Run.Error != "" {
		fmt.Fprintf(b, "::error title=labcheck::%s\n", data(e.Run.Error))
	}
	return b.Flush()
}

// data escapes the text of a workflow command.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(clean(s))
}

// property escapes the value of a workflow command's property.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}
