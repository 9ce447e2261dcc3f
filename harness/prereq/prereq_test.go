package prereq

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestProgram runs a test that needs a program that does not exist.
func TestProgram(t *testing.T) {
	for _, c := range []struct{ ci, result string }{
		{"", "--- SKIP: TestChild"},
		{"true", "--- FAIL: TestChild"},
	} {
		child := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
		child.Env = append(os.Environ(), "PREREQ_CHILD=1", "CI="+c.ci)
		out, err := child.CombinedOutput()
		if (err != nil) != (c.ci != "") {
			t.Errorf("CI=%s: %v", c.ci, err)
		}
		for _, want := range []string{c.result, "needs the program labcheck-nothere", "apt-get install nothere"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("CI=%s: no %q in:\n%s", c.ci, want, out)
			}
		}
	}
	if path := Program(t, "go", "install Go"); !strings.HasSuffix(path, "/go") {
		t.Errorf("go is %q", path)
	}
}

func TestChild(t *testing.T) {
	if os.Getenv("PREREQ_CHILD") == "" {
		t.Skip("TestProgram runs it")
	}
	Program(t, "labcheck-nothere", "apt-get install nothere")
	t.Log("it went on")
}
