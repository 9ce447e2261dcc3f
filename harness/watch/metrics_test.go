package watch

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
)

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	resp, err := http.Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func checked(verdict harness.Verdict, status harness.Status, member string) harness.Evidence {
	return harness.Evidence{
		Run:       harness.Run{Verdict: verdict, Duration: 1500 * time.Millisecond},
		Counts:    harness.Counts{Passed: 3, Failed: 2, Skipped: 1},
		Scenarios: []harness.Scenario{{ID: "node-healthy#1", Status: status}, {ID: "lost", Status: harness.Skipped}},
		Snapshots: []harness.Snapshot{{Hosts: []harness.HostSnapshot{
			{Name: "manager", Role: "manager", Engine: "20.10.5", Peers: 5},
			{Name: "store", Role: "member", Member: member, Peers: 4},
		}}},
	}
}

func TestMetrics(t *testing.T) {
	m := NewMetrics(time.Minute)
	m.set(checked(harness.VerdictHolds, harness.Passed, "Healthy"))
	_, before := get(t, m.handler(), "/metrics")
	m.set(checked(harness.VerdictFalse, harness.Failed, "Unhealthy"))
	_, after := get(t, m.handler(), "/metrics")
	for _, want := range []string{
		`labcheck_claim_holds{id="node-healthy#1"} 0`, `labcheck_claims{status="failed"} 2`, `labcheck_claims{status="passed"} 3`, `labcheck_claims{status="skipped"} 1`,
		`labcheck_node_engine_up{node="manager"} 1`, `labcheck_node_engine_up{node="store"} 0`, `labcheck_node_healthy{node="store"} 0`, `labcheck_node_gossip_peers{node="store"} 4`,
		`labcheck_check_duration_seconds 1.5`, `labcheck_checks_total{verdict="false"} 1`, `labcheck_checks_total{verdict="holds"} 1`,
	} {
		if !strings.Contains(after, want+"\n") {
			t.Errorf("no %s in\n%s", want, after)
		}
	}
	for _, gone := range []string{`id="lost"`, `labcheck_node_healthy{node="manager"}`, "labcheck_last_success_timestamp_seconds 0\n"} {
		if strings.Contains(after, gone) {
			t.Errorf("%s in\n%s", gone, after)
		}
	}
	if strings.Contains(before, "labcheck_last_success_timestamp_seconds 0\n") || !strings.Contains(before, `labcheck_claim_holds{id="node-healthy#1"} 1`) || !strings.Contains(before, `labcheck_node_healthy{node="store"} 1`) {
		t.Errorf("before:\n%s", before)
	}
}

func TestHealthz(t *testing.T) {
	m := NewMetrics(time.Minute)
	m.set(checked(harness.VerdictFalse, harness.Failed, ""))
	if code, body := get(t, m.handler(), "/healthz"); code != http.StatusOK || !strings.Contains(body, "false") {
		t.Errorf("after a check: %d %s", code, body)
	}
	for ago, want := range map[time.Duration]int{3 * time.Minute: http.StatusOK, 5 * time.Minute: http.StatusServiceUnavailable} {
		m.last = time.Now().Add(-ago)
		if code, _ := get(t, m.handler(), "/healthz"); code != want {
			t.Errorf("%s after the last check: %d, want %d", ago, code, want)
		}
	}
}

// TestChangeTellsWhy: a line of a check ends with why it could not be made, if that is known.
func TestChangeTellsWhy(t *testing.T) {
	c := Change{Verdict: harness.VerdictUnreachable, Counts: &harness.Counts{Skipped: 2}}
	const line = "unreachable: 0 claims hold, 0 false, 2 could not be checked"
	for why, want := range map[string]string{"": line, "no route": line + ": no route"} {
		if c.Reason = why; !strings.HasSuffix(c.In(""), want) {
			t.Errorf("%q, want %q", c.In(""), want)
		}
	}
}

// A line for what changed, and none for what did not.
func TestWatchTells(t *testing.T) {
	var out strings.Builder
	w := newWatcher(Options{Tell: func(c Change) { fmt.Fprintln(&out, c.In("")) }})
	rounds := []struct {
		verdict harness.Verdict
		status  harness.Status
		want    []string
	}{
		{harness.VerdictHolds, harness.Passed, []string{"holds: 3 claims hold, 2 false, 1 could not be checked"}},
		{harness.VerdictHolds, harness.Passed, nil},
		{harness.VerdictFalse, harness.Failed, []string{"✗ a claim (one): expected a; b, seen c", "false: 3 claims hold"}},
		{harness.VerdictUnreachable, harness.Skipped, []string{"- a claim (one): why", "unreachable: "}},
		{harness.VerdictHolds, harness.Passed, []string{"✓ a claim (one): holds again", "holds: "}},
	}
	for i, r := range rounds {
		out.Reset()
		e := checked(r.verdict, r.status, "")
		e.Scenarios = []harness.Scenario{{ID: "one", Name: "a claim", Status: r.status}}
		switch r.status {
		case harness.Failed:
			e.Scenarios[0].Expected, e.Scenarios[0].Seen = "a\nb", "c"
		case harness.Skipped:
			e.Scenarios[0].Reason = "why"
		}
		w.takeCheck(e)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if out.Len() == 0 {
			lines = nil
		}
		if len(lines) != len(r.want) {
			t.Fatalf("round %d: %q, want %q", i, lines, r.want)
		}
		for k, want := range r.want {
			if !strings.Contains(lines[k], want) {
				t.Errorf("round %d: %q, want %q", i, lines[k], want)
			}
		}
	}
}
