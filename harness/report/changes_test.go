package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// later is the recorded run some time after, with something of each kind changed.
func later(t *testing.T) harness.Evidence {
	e := rich(t)
	e.Run.Duration += time.Minute
	e.Run.Labcheck = "v2"
	e.Target.Versions["swarm"] = "1.2.8"
	for i := range e.Scenarios {
		s := &e.Scenarios[i]
		if s.ID == "start-consul" {
			s.Duration += 10 * time.Second
		}
	}
	i := slices.IndexFunc(e.Scenarios, func(s harness.Scenario) bool { return s.ID == "spread" })
	e.Scenarios = slices.Delete(e.Scenarios, i, i+1)
	return e
}

func TestChanges(t *testing.T) {
	old := recorded(t)
	c := newChanges(old, later(t), lang.English)
	var got []string
	for _, g := range c.Groups {
		for _, change := range g.All {
			got = append(got, g.Title+": "+strings.Join([]string{change.Claim, change.What, change.Before, change.Now}, " | "))
		}
	}
	want := []string{
		"Claims: node-healthy#3 | The cluster lists store at 192.168.33.250:2375 as Healthy | holds | false",
		"Claims: reach-everywhere | Containers on all hosts reach one another by name over mynet | holds | false",
		"Claims: inspect-bridge | Consul and the Swarm manager are on the manager's bridge network | holds | not checked",
		"Claims: inspect-mynet | Neither of them is on mynet | holds | not checked",
		"Claims:  | Containers are spread evenly over the nodes | holds | ",
		"Differences from the page: info-of-the-cluster | 1.11 · Nodes / store / Status | Healthy | Pending",
		"Versions:  | labcheck | (devel) | v2",
		"Versions:  | swarm | 1.2.9 | 1.2.8",
		"Times:  | The whole run | 43.8 s | 1 min 44 s",
		"Times:  | Step 1: Construct the cluster | 7.7 s | 17.7 s",
		"Times:  | Step 2: Review your work | 8.4 s | 1.0 s",
		"Times: start-consul | The reader starts Consul | 1.3 s | 11.3 s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if c := newChanges(old, old, lang.English); len(c.Groups) != 0 || c.Since != old.Run.Started {
		t.Errorf("a run differs from itself: %+v", c)
	}
	// A run on a running lab compares no outputs: nothing is said of them.
	part := recorded(t)
	part.Scenarios = nil
	for _, g := range newChanges(old, part, lang.English).Groups {
		if g.Title == "Differences from the page" {
			t.Errorf("%+v", g)
		}
	}
}

// TestChangesIgnoreVolatileValues holds that ids and times are no change.
func TestChangesIgnoreVolatileValues(t *testing.T) {
	with := func(id string, volatile bool) harness.Evidence {
		fields := []harness.Field{{Name: "ID", Page: "1", Seen: id, Verdict: harness.FieldListed, Volatile: volatile}}
		step := harness.Step{Comparison: &harness.Comparison{Page: "1.3", Fields: fields}}
		return harness.Evidence{Scenarios: []harness.Scenario{{ID: "a", Steps: []harness.Step{step}}}}
	}
	for _, volatile := range []bool{true, false} {
		c := newChanges(with("2", volatile), with("3", volatile), lang.English)
		if (len(c.Groups) == 0) != volatile {
			t.Errorf("volatile %v: %+v", volatile, c.Groups)
		}
	}
}

// TestReportsAgainstAnotherRun holds that both formats say what changed, and
// nothing of it without another run.
func TestReportsAgainstAnotherRun(t *testing.T) {
	earlier := recorded(t)
	for format, wanted := range map[string][]string{
		"html":     {"Changes since 24 November", `<a href="#reach-everywhere">`, ">1.2.8<"},
		"markdown": {"### Changes since 24 November", "| Claims | before | now |", `| swarm | 1\.2\.9 | 1\.2\.8 |`},
	} {
		var b, alone strings.Builder
		if err := Format(format, &earlier)(&b, later(t), lang.English); err != nil {
			t.Fatal(err)
		}
		if err := Format(format, nil)(&alone, later(t), lang.English); err != nil {
			t.Fatal(err)
		}
		for _, want := range wanted {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s lacks %q", format, want)
			}
		}
		if strings.Contains(alone.String(), "Changes") {
			t.Errorf("%s says what changed since no other run", format)
		}
	}
	if Format("junit", &earlier) != nil {
		t.Error("JUnit has no place for changes")
	}
}
