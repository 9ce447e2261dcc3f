//go:build lab

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"labcheck/harness/subnettest"
)

// TestReadmeIsNotStale holds what README shows, in each language, to a real run.
func TestReadmeIsNotStale(t *testing.T) {
	args := []string{"transcript", "--lab", "readme", "--subnet", subnettest.ForLab(t, "readme").String()}
	for _, name := range []string{"README.md", "README.ja.md"} {
		file, err := filepath.Abs("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	t.Chdir(t.TempDir()) // the sessions leave their evidence there
	var out bytes.Buffer
	if code := run(t.Context(), args, strings.NewReader(""), &out, &out); code != exitHolds {
		t.Errorf("exit code %d:\n%s", code, out.String())
	}
}
