package report

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// TestProgressFits: at any width no line is wider than the terminal, and each value is
// there; in a log it is a table.
func TestProgressFits(t *testing.T) {
	p := tutorial.Progress{Hosts: []tutorial.HostProgress{
		{
			Host: harness.Host{Name: "manager", Addr: netip.MustParseAddr("192.168.33.11")}, Role: "manager",
			Engine:     &engine.Info{ServerVersion: "20.10.5", CPUs: 1, Memory: 1016013 << 10},
			Containers: []engine.Container{{Image: "progrium/consul", Running: true}, {Image: "swarm", Args: []string{"manage"}, State: "exited"}},
			Driver:     "overlay", NetworkID: "0123456789abcdef",
		},
		{Host: harness.Host{Name: "frontend01", Addr: netip.MustParseAddr("192.168.33.20")}},
	}}
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		for _, width := range []int{0, 40, 60, 80, 200} {
			var b strings.Builder
			Progress(&b, l, p, width)
			for line := range strings.Lines(b.String()) {
				if w := uniseg.StringWidth(strings.TrimRight(line, "\n")); width > 0 && w > width {
					t.Errorf("%s: at %d columns a line has %d: %s", l, width, w, line)
				}
			}
			rows := strings.Count(b.String(), "\n")
			if isTable := rows == 4; isTable != (width == 0 || width == 200) {
				t.Errorf("%s: at %d columns it has %d lines:\n%s", l, width, rows, b.String())
			}
			for _, value := range []string{"192.168.33.20", "992.2MiB", "(exited)", "0123456789ab", l.Say("no answer")} {
				if !strings.Contains(b.String(), value) {
					t.Errorf("%s: at %d columns %s is not shown:\n%s", l, width, value, b.String())
				}
			}
		}
	}
}

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
	Progress(&b, lang.English, found, 0)
	r := diagnose.Result{Held: []string{"held\n" + hostile}, NotAsked: []string{hostile + "\nwhy"}}
	if err := Diagnosis(&b, lang.English, r, TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	if strings.Contains(out, "\x1b") || strings.Count(out, "\n") != 6 {
		t.Errorf("%q", out)
	}
	for _, want := range []string{`red\x1b[31m Healthy`, `swarm join (red\x1b[31m)`, "✓ held red", "- not asked: red"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %q", want, out)
		}
	}
}
