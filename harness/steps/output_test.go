package steps

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
)

// recorded is an output of tutorial/testdata: what the docker CLI 20.10.5 printed on the
// manager of a real lab, on 2026-11-24, while the scenarios performed the page.
func recorded(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "tutorial", "testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestFigure(t *testing.T) {
	for _, same := range [][2]string{
		{"992.2 MiB", "992.2MiB"},
		{"0 B / 1.017 GiB", "0B / 1.017GiB"},
		{"consul://192.168.33.11:8500/", "consul://192.168.33.11:8500"},
		{" 4", "4"},
	} {
		if figure(same[0]) != figure(same[1]) {
			t.Errorf("%q and %q differ: %q, %q", same[0], same[1], figure(same[0]), figure(same[1]))
		}
	}
	for _, other := range [][2]string{{"1 B", "11B"}, {"992.2 MiB", "992.2 GiB"}, {"0 / 1", "0 / 11"}, {"1.017 GiB", "1.17 GiB"}} {
		if figure(other[0]) == figure(other[1]) {
			t.Errorf("%q and %q are taken for one", other[0], other[1])
		}
	}
}

func TestComparisonListsAllThatDiffers(t *testing.T) {
	c := comparison{what: "docker info"}
	c.equal("Nodes", "4", "3")
	c.equal("Role", "primary", "primary")
	c.equal("CPUs", "4", "3")
	var m *harness.Mismatch
	if !errors.As(c.err(), &m) {
		t.Fatal(c.err())
	}
	want := &harness.Mismatch{What: "docker info", Expected: "Nodes: 4\nCPUs: 4", Seen: "Nodes: 3\nCPUs: 3"}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	if err := (&comparison{}).err(); err != nil {
		t.Errorf("nothing differs: %v", err)
	}
}
