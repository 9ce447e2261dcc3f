package steps

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/internal/enginetest"
	"labcheck/harness/lang"
)

// managers is a world on three Swarm managers, each of which says of itself what
// says has for it: primary, or the address whose replica it is; one that is
// empty does not answer.
func managers(t *testing.T, nodes int, says ...string) *World {
	t.Helper()
	topology := harness.Tutorial()
	topology.Replicas = len(says) - 1
	f := enginetest.New(topology)
	t.Cleanup(f.Close)
	for i, h := range topology.Managers() {
		f.Hosts[h.Name].Answer[harness.SwarmPort] = manager(topology, nodes, says[i])
		if says[i] == "" {
			delete(f.Hosts[h.Name].Answer, harness.SwarmPort)
		}
	}
	c, err := engine.Open(topology, f.Nodes())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	w := New(c, lang.English, func(time.Duration, error) {})
	w.LimitWaits(0)
	return w
}

func manager(t harness.Topology, nodes int, says string) http.HandlerFunc {
	status := [][2]string{{"Role", "replica"}, {"Primary", says}, {"Strategy", "spread"}, {"Filters", "health"}, {"Nodes", fmt.Sprint(nodes)}}
	if says == "primary" {
		status = append(status[:0:0], append([][2]string{{"Role", "primary"}}, status[2:]...)...)
	}
	for _, h := range t.Members[:nodes] {
		status = append(status, [2]string{" " + h.Name, h.Engine().String()}, [2]string{"  └ Status", "Healthy"})
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("API-Version", "1.41")
		_ = json.NewEncoder(w).Encode(map[string]any{"Name": "swarm", "SystemStatus": status})
	}
}

// TestOnePrimary: what each manager says of itself and of the primary is held
// against the others.
func TestOnePrimary(t *testing.T) {
	const first, second = "192.168.33.11:3375", "192.168.33.20:3375"
	for name, test := range map[string]struct {
		says    []string
		nodes   int
		one     string // what onePrimary finds wrong; empty where nothing
		another string // the same of another, where manager was the primary
		atMost  string
	}{
		"the first":         {[]string{"primary", first, first}, 4, "", "a primary that is not on manager", ""},
		"the second":        {[]string{second, "primary", second}, 4, "", "", "frontend01"},
		"two":               {[]string{"primary", "primary", first}, 4, "one primary", "a primary that is not on manager", "frontend01"},
		"none":              {[]string{first, first, first}, 4, "one primary", "a primary that is not on manager", ""},
		"the lost one":      {[]string{second, "primary", first}, 4, "the primary, as frontend02 says: 192.168.33.20:3375", "", "frontend01"},
		"one does not say":  {[]string{"primary", first, ""}, 4, "how many answer: 3", "a primary that is not on manager", "how many answer: 3"},
		"not all the nodes": {[]string{"primary", first, first}, 3, "nodes of manager: 4", "a primary that is not on manager", ""},
	} {
		w := managers(t, test.nodes, test.says...)
		w.trouble.primary, w.trouble.at = "manager", time.Now()
		found := []error{w.onePrimary(t.Context(), 4, 9), w.another(t.Context(), 0, 9), w.oneAtMost(t.Context())}
		for i, want := range []string{test.one, test.another, test.atMost} {
			if got := fmt.Sprint(found[i]); (want == "") != (found[i] == nil) || !strings.Contains(got, want) {
				t.Errorf("%s, %d: found %s, not %q", name, i, got, want)
			}
		}
	}
}

// TestTooEarly: a primary that comes sooner than the TTL of the lock is none that
// was elected.
func TestTooEarly(t *testing.T) {
	w := managers(t, 4, "192.168.33.20:3375", "primary", "192.168.33.20:3375")
	w.trouble.primary, w.trouble.at = "manager", time.Now()
	if err := w.another(t.Context(), 14, 25); err == nil || !strings.Contains(err.Error(), "14 to 25 seconds") {
		t.Errorf("at once: %v", err)
	}
	w.trouble.at = time.Now().Add(-20 * time.Second)
	if err := w.another(t.Context(), 14, 25); err != nil {
		t.Error(err)
	}
}

// TestConsulLost: what scenarios say of Consul is false where it is not so.
func TestConsulLost(t *testing.T) {
	w, f := performedWorld(t)
	w.trouble.keys = []string{"docker/swarm/nodes/192.168.33.250:2375"}
	if err := w.noLeader(t.Context(), 9); err == nil {
		t.Error("a leader that is there is not")
	}
	if err := w.keysAreThere(t.Context(), 9); err != nil {
		t.Error(err)
	}
	f.Change(func() { f.NoLeader, f.Keys = true, func(m map[string]string) { clear(m) } })
	if err := w.noLeader(t.Context(), 9); err != nil {
		t.Error(err)
	}
	if err := w.keysAreThere(t.Context(), 9); err == nil || !strings.Contains(err.Error(), "192.168.33.250:2375") {
		t.Errorf("a key that is lost is there: %v", err)
	}
}
