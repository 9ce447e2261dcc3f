//go:build lab

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"labcheck/harness/subnettest"
)

// TestReadmeIsNotStale holds what README shows, in each language, to real runs. Those of the
// Japanese one dial no address of the lab: as on Docker Desktop, or with a remote engine.
func TestReadmeIsNotStale(t *testing.T) {
	subnet := subnettest.ForLab(t, "readme").String()
	for name, dial := range map[string]string{"README.md": "auto", "README.ja.md": "exec"} {
		t.Run(dial, func(t *testing.T) {
			file, err := filepath.Abs("../../" + name)
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("LABCHECK_DIAL", dial)
			t.Chdir(t.TempDir()) // the sessions leave their evidence there
			var out bytes.Buffer
			args := []string{"transcript", "--lab", "readme", "--subnet", subnet, file}
			if code := run(t.Context(), args, strings.NewReader(""), &out, &out); code != exitHolds {
				t.Errorf("exit code %d:\n%s", code, out.String())
			}
			out.Reset()
			if run(t.Context(), []string{"down", "--lab", "readme"}, strings.NewReader(""), &out, &out); !strings.Contains(out.String(), "There is no lab readme") {
				t.Errorf("left behind: %s", out.String())
			}
		})
	}
}
