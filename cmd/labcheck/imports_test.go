package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// arrows are the packages of ours that each may import. Only this one, main,
// knows which targets exist.
var arrows = map[string][]string{
	"labcheck/features":                    {},
	"labcheck/harness":                     {"labcheck/harness/lang"},
	"labcheck/harness/lang":                {},
	"labcheck/harness/engine":              {"labcheck/harness/lang", "labcheck/harness"},
	"labcheck/harness/internal/enginetest": {"labcheck/harness"},
	"labcheck/harness/pace":                {},
	"labcheck/harness/prereq":              {},
	"labcheck/harness/subnet":              {},
	"labcheck/harness/subnettest":          {"labcheck/harness", "labcheck/harness/pace", "labcheck/harness/subnet"},
	"labcheck/harness/sshdtest":            {"labcheck/harness"},
	"labcheck/harness/tutorial":            {"labcheck/harness/lang", "labcheck/harness", "labcheck/harness/engine", "labcheck/harness/survey"},
	"labcheck/harness/steps":               {"labcheck/harness/lang", "labcheck/harness", "labcheck/harness/engine", "labcheck/harness/tutorial", "labcheck/harness/diagnose", "labcheck/harness/workload"},
	"labcheck/harness/suite":               {"labcheck/harness/lang", "labcheck/harness", "labcheck/harness/diagnose", "labcheck/harness/engine", "labcheck/harness/steps", "labcheck/harness/tutorial", "labcheck/harness/workload"},
	"labcheck/harness/diagnose":            {"labcheck/harness/lang", "labcheck/harness", "labcheck/harness/engine", "labcheck/harness/tutorial", "labcheck/harness/workload", "labcheck/harness/survey"},
	"labcheck/harness/workload":            {"labcheck/harness/lang", "labcheck/harness", "labcheck/harness/engine", "labcheck/harness/tutorial"},
	"labcheck/harness/survey":              {"labcheck/harness/lang", "labcheck/harness", "labcheck/harness/engine"},
	"labcheck/harness/report":              {"labcheck/harness/lang", "labcheck/harness", "labcheck/harness/diagnose", "labcheck/harness/engine", "labcheck/harness/scale", "labcheck/harness/tutorial"},
	"labcheck/harness/scale":               {"labcheck/harness/lang", "labcheck/harness", "labcheck/harness/engine", "labcheck/harness/tutorial"},
	"labcheck/harness/terminal":            {"labcheck/harness"},
	"labcheck/harness/transcript":          {"labcheck/harness/lang"},
	"labcheck/harness/usage":               {"labcheck/harness/lang", "labcheck/harness"},
	"labcheck/harness/walk":                {"labcheck/harness/lang", "labcheck/harness", "labcheck/harness/engine", "labcheck/harness/tutorial"},
	"labcheck/harness/watch":               {"labcheck/harness/lang", "labcheck/harness"},
	"labcheck/harness/ec2":                 {"labcheck/harness/lang", "labcheck/harness"},
	"labcheck/sim":                         {"labcheck/harness/lang", "labcheck/harness", "labcheck/harness/subnet", "labcheck/sim/images"},
	"labcheck/sim/engines":                 {"labcheck/harness/lang", "labcheck/harness"},
	"labcheck/sim/images":                  {"labcheck/harness/lang", "labcheck/harness", "labcheck/sim/images/debian", "labcheck/sim/images/oci", "labcheck/sim/images/prelink", "labcheck/sim/images/swarm"},
	"labcheck/sim/images/debian":           {"labcheck/harness/lang", "labcheck/harness"},
	"labcheck/sim/images/oci":              {"labcheck/harness/lang"},
	"labcheck/sim/images/prelink":          {"labcheck/harness/lang"},
	"labcheck/sim/images/swarm":            {"labcheck/harness/lang", "labcheck/sim/images/oci"},
	"labcheck/sim/simtest":                 {"labcheck/harness/engine", "labcheck/harness/subnettest", "labcheck/sim"},
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "labcheck/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		allowed, known := arrows[fields[0]]
		if fields[0] == "labcheck/cmd/labcheck" {
			continue
		}
		if !known {
			t.Errorf("%s is not among the packages whose imports are known", fields[0])
		}
		seen++
		for _, imported := range fields[1:] {
			if strings.HasPrefix(imported, "labcheck/") && !slices.Contains(allowed, imported) {
				t.Errorf("%s imports %s", fields[0], imported)
			}
		}
	}
	if seen != len(arrows) {
		t.Errorf("%d packages were looked at, not %d", seen, len(arrows))
	}
}

// TestPicture wants the picture of the packages, which `make picture` draws, to
// be that of the code. It leaves out the arrows to what all packages import.
func TestPicture(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{range .Imports}}{{$.ImportPath}} {{.}}{{"\n"}}{{end}}`, "labcheck/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for line := range strings.Lines(string(out)) {
		from, to, _ := strings.Cut(strings.TrimSpace(line), " ")
		imported, ours := strings.CutPrefix(to, "labcheck/")
		if ours && imported != "harness" && imported != "harness/lang" {
			fmt.Fprintf(&want, "%q -> %q\n", strings.TrimPrefix(from, "labcheck/"), imported)
		}
	}
	drawn, err := os.ReadFile("../../.github/packages.d2")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(drawn)); diff != "" {
		t.Errorf("make picture draws another one:\n%s", diff)
	}
}
