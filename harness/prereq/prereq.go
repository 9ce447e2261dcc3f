// Package prereq skips a test if this machine lacks what the test needs, with the
// reason and the remedy. In CI, where no test may be skipped, the test fails.
package prereq

import (
	"os"
	"os/exec"
	"testing"
)

// Program returns the path of a program that the test needs. The remedy is the
// command that installs it.
func Program(t testing.TB, name, remedy string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, "the program "+name, remedy)
	}
	return path
}

// Missing skips a test that needs what this machine lacks, or fails it in CI.
func Missing(t testing.TB, what, remedy string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("needs %s, and in CI that must be there: %s", what, remedy)
	}
	t.Skipf("needs %s: %s", what, remedy)
}
