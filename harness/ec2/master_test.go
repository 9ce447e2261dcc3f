//go:build unix

package ec2

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"labcheck/harness"
)

// TestEndsAtOnce: a master ends, too, if labcheck has ended before it runs ssh.
func TestEndsAtOnce(t *testing.T) {
	for range 10 {
		dir := filepath.Join(t.TempDir(), "dir")
		cmd := exec.CommandContext(t.Context(), "sh", "-c", untilEOF, "sh", dir, ownGroup, "sleep", "20")
		cmd.SysProcAttr = harness.OwnSession()
		began := time.Now()
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Fatalf("it ended after %v", took)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("its folder is left: %v", err)
		}
	}
}
