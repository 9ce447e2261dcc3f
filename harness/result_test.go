package harness

import (
	"fmt"
	"testing"
)

// TestRunError: the error of a command has the last line of what it said.
func TestRunError(t *testing.T) {
	for want, r := range map[string]Result{
		"<nil>":                               {Stderr: "warning"},
		"docker ps on store: exit code 1":     {ExitCode: 1, Stdout: "\n"},
		"docker ps on store: exit code 1: no": {ExitCode: 1, Stdout: "ID\n", Stderr: "yes\n no \n"},
		"docker ps on store: exit code 2: ID": {ExitCode: 2, Stdout: "ID\n", Stderr: " \n"},
	} {
		r.Node, r.Argv = "store", []string{"docker", "ps"}
		if got := fmt.Sprint(r.Err()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
