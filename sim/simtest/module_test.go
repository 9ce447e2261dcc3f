package simtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestFromAnotherModule checks that the example compiles in a module that has labcheck as
// docs/go-tests.md says.
func TestFromAnotherModule(t *testing.T) {
	labcheck, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	theirs := t.TempDir()
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(theirs, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", fmt.Appendf(nil,
		"module theirs\n\ngo 1.26\n\nrequire labcheck v0.0.0\n\nreplace labcheck => %s\n", labcheck))
	for name, from := range map[string]string{"go.sum": "../../go.sum", "example_test.go": "example_test.go"} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		write(name, content)
	}
	vet := exec.Command("go", "vet", "-mod=mod", "-tags", "lab", ".")
	vet.Dir = theirs
	if out, err := vet.CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}
