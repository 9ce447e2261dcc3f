package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"labcheck/harness"
)

// Commands writes every command that was run, with what it answered, in order.
func Commands(w io.Writer, e harness.Evidence) error {
	b := bufio.NewWriter(w)
	total := 0
	for _, s := range e.Scenarios {
		n := 0
		for _, st := range s.Steps {
			n += len(st.Commands)
		}
		if n > 0 {
			writeScenario(b, s)
		}
		total += n
	}
	fmt.Fprintf(b, "%s\n", count(total, "command", "commands"))
	return b.Flush()
}

func writeScenario(w io.Writer, s harness.Scenario) {
	fmt.Fprintf(w, "# %s\n# %s, %s, %s:%d\n\n", clean(s.Name), clean(s.ID), s.Status, clean(s.File), s.Line)
	for _, st := range s.Steps {
		for _, c := range st.Commands {
			writeCommand(w, c)
		}
	}
}

func writeCommand(w io.Writer, c harness.Result) {
	prompt := clean(c.Node) + "$ "
	for _, line := range strings.Split(clean(script(c)), "\n") {
		fmt.Fprintf(w, "%s%s\n", prompt, line)
	}
	for _, out := range []string{c.Stdout, c.Stderr} {
		if out = strings.TrimRight(clean(out), "\n"); out != "" {
			fmt.Fprintln(w, out)
		}
	}
	if c.ExitCode != 0 {
		fmt.Fprintf(w, "(exit code %d)\n", c.ExitCode)
	}
	fmt.Fprintf(w, "(%s)\n\n", seconds(c.Duration))
}
