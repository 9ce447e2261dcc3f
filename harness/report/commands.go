package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Commands writes every command of a run with its output, in the order in which
// they ran.
func Commands(w io.Writer, e harness.Evidence) error {
	b := bufio.NewWriter(w)
	total := 0
	for _, s := range e.Scenarios {
		commands := commandsOf(s)
		if len(commands) > 0 {
			header := fmt.Sprintf("# %s\n# %s, %s, %s:%d\n\n", s.Name, s.ID, s.Status, s.File, s.Line)
			fmt.Fprint(b, harness.ShowControls(header))
		}
		writeCommands(b, commands)
		total += len(commands)
	}
	fmt.Fprintln(b, lang.English.Count(total, "%d command", "%d commands"))
	return b.Flush()
}

func writeCommands(w io.Writer, commands []harness.Result) {
	for _, c := range commands {
		prompt := harness.ShowControls(c.Node) + "$ "
		for _, line := range strings.Split(harness.ShowControls(c.CommandLine()), "\n") {
			fmt.Fprintf(w, "%s%s\n", prompt, line)
		}
		for _, out := range []string{c.Stdout, c.Stderr} {
			if out = strings.TrimRight(harness.ShowControls(out), "\n"); out != "" {
				fmt.Fprintln(w, out)
			}
		}
		if c.ExitCode != 0 {
			fmt.Fprintf(w, "(exit code %d)\n", c.ExitCode)
		}
		fmt.Fprintf(w, "(%s)\n\n", formatDuration(c.Duration))
	}
}
