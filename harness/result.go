package harness

import (
	"fmt"
	"strings"
	"time"
)

// Result is a command and its output.
type Result struct {
	Node     string        `json:"node"`
	Argv     []string      `json:"argv"`
	Stdout   string        `json:"stdout"`
	Stderr   string        `json:"stderr"`
	ExitCode int           `json:"exit_code"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration_ns"`
}

// Err returns a *RunError if the exit code is not 0, and nil otherwise.
func (r Result) Err() error {
	if r.ExitCode == 0 {
		return nil
	}
	return &RunError{Result: r}
}

// CommandLine returns the command as one would type it on its node.
func (r Result) CommandLine() string {
	if len(r.Argv) == 3 && r.Argv[0] == "sh" && r.Argv[1] == "-c" {
		return r.Argv[2]
	}
	return ShellLine(r.Argv...)
}

// TypedLine returns the command without the exports of earlier commands, which the
// harness repeats for its shell.
func (r Result) TypedLine() string {
	s := r.CommandLine()
	for line := range strings.Lines(s) {
		if strings.HasSuffix(line, "\n") && !strings.HasPrefix(line, "export ") {
			return s
		}
	}
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// RunError reports that a command ran and failed.
type RunError struct {
	Result Result
}

// Error returns the command, its node, its exit code and the last line of standard
// error, or else of standard output.
func (e *RunError) Error() string {
	msg := fmt.Sprintf("%s on %s: exit code %d", strings.Join(e.Result.Argv, " "), e.Result.Node, e.Result.ExitCode)
	for _, out := range []string{e.Result.Stderr, e.Result.Stdout} {
		if line := lastLine(out); line != "" {
			return msg + ": " + line
		}
	}
	return msg
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
}
