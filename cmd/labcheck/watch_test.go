package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
)

// TestWatchTellsOnce: each change of a claim is told, and each cause once, until
// every claim was true again.
func TestWatchTellsOnce(t *testing.T) {
	var out bytes.Buffer
	w := &watcher{session: &session{app: &app{out: &out}}, claims: map[string]harness.Scenario{}, causes: map[string]bool{}}
	stopped := harness.Finding{Code: "join-stopped", Cause: "it does not run", Remedy: []string{"docker start a", "docker start b"}}
	unknown := harness.Finding{Code: "host-down", Cause: "it is down", Advice: "start it"}
	for _, round := range []struct {
		status   harness.Status
		verdict  harness.Verdict
		findings []harness.Finding
		worse    bool
		want     string
	}{
		{harness.Passed, harness.VerdictHolds, nil, false, "holds: "},
		{harness.Failed, harness.VerdictFalse, []harness.Finding{stopped}, true, "✗ |! cause: it does not run (join-stopped); try: docker start a; docker start b|false: "},
		{harness.Failed, harness.VerdictFalse, nil, false, ""},
		{harness.Failed, harness.VerdictFalse, []harness.Finding{stopped, unknown}, false, "! cause: it is down (host-down); try: start it"},
		{harness.Passed, harness.VerdictHolds, nil, false, "holds again|holds: "},
		{harness.Failed, harness.VerdictFalse, []harness.Finding{stopped}, true, "✗ |! cause: it does not run|false: "},
	} {
		e := harness.Evidence{
			Run: harness.Run{Started: time.Now(), Verdict: round.verdict}, Findings: round.findings,
			Scenarios: []harness.Scenario{{ID: "join#1", Status: round.status}},
		}
		if got := w.worse(e); got != round.worse {
			t.Errorf("%s after %s: worse %v", round.status, w.claims["join#1"].Status, got)
		}
		out.Reset()
		w.checks++
		w.tell(e)
		w.last = e
		var want []string
		if round.want != "" {
			want = strings.Split(round.want, "|")
		}
		got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if out.Len() == 0 {
			got = nil
		}
		if len(got) != len(want) {
			t.Errorf("told %q, not %q", got, want)
			continue
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("told %q, not %q", got[i], want[i])
			}
		}
	}
}
