package report

import (
	"bytes"
	"strings"
	"testing"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// TestProgressOfHostile: what a cluster says stays on its line, and moves nothing.
func TestProgressOfHostile(t *testing.T) {
	const hostile = "red\x1b[31m"
	found := tutorial.Progress{Hosts: []tutorial.HostProgress{{
		Host: harness.Host{Name: "store"}, Engine: &engine.Info{}, Member: &engine.Member{Status: hostile + "\nHealthy"},
		Containers: []engine.Container{
			{Image: "x" + hostile, Running: true},
			{Image: "swarm", Command: "/swarm --debug join x", State: hostile},
		},
	}}}
	var b bytes.Buffer
	Progress(&b, lang.English, found)
	Layers(&b, lang.English, []string{"held\n" + hostile}, []string{hostile + "\nwhy"})
	out := b.String()
	if strings.Contains(out, "\x1b") || strings.Count(out, "\n") != 5 {
		t.Errorf("%q", out)
	}
	for _, want := range []string{`red\x1b[31m Healthy`, `swarm join (red\x1b[31m)`, "✓ held red", "- not asked: red"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %q", want, out)
		}
	}
}
