package watch

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
)

// TestWatchTellsOnce: each change of a claim is told, and each cause once, until
// every claim was true again.
func TestWatchTellsOnce(t *testing.T) {
	var out bytes.Buffer
	w := newWatcher(Options{Tell: func(c Change) { fmt.Fprintln(&out, c.In("")) }})
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
		if got := w.isWorse(e); got != round.worse {
			t.Errorf("%s after %s: worse %v", round.status, w.claims["join#1"].Status, got)
		}
		out.Reset()
		w.takeCheck(e)
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

// TestRun counts checks, and leaves out the one in which the watch was ended.
func TestRun(t *testing.T) {
	holds := harness.Evidence{Run: harness.Run{Verdict: harness.VerdictHolds}}
	check := func(context.Context, func(harness.Evidence) bool) harness.Evidence { return holds }
	o := Options{Interval: time.Millisecond, Rounds: 3, Check: check, Tell: func(Change) {}}
	if got := Run(t.Context(), o); got.Checks != 3 || got.Holding != 3 || got.Last != harness.VerdictHolds {
		t.Errorf("three rounds: %+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o.Rounds = 0
	o.Check = func(context.Context, func(harness.Evidence) bool) harness.Evidence {
		cancel()
		return holds
	}
	if got := Run(ctx, o); got.Checks != 0 || got.Last != "" {
		t.Errorf("ended in the first check: %+v", got)
	}
}

// TestTwoCausesOfACode: two findings of one code on a host are two causes.
func TestTwoCausesOfACode(t *testing.T) {
	told := 0
	w := newWatcher(Options{Tell: func(c Change) {
		if c.Finding != nil {
			told++
		}
	}})
	lost := harness.Finding{Code: "unreachable", Node: "store"}
	for i, want := range []int{1, 3, 3} {
		e := harness.Evidence{Findings: []harness.Finding{lost, lost, {Code: "unreachable", Node: "manager"}}}
		if i == 0 {
			e.Findings = e.Findings[:1]
		}
		if w.takeCheck(e); told != want {
			t.Errorf("check %d: %d causes told, want %d", i+1, told, want)
		}
	}
}
