package diagnose_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"labcheck/harness"
	"labcheck/harness/diagnose"
)

// pair is two faults that are injected at once.
type pair [2]fault

func (p pair) name() string { return p[0].name + "+" + p[1].name }

// failure is a claim that was false on a lab, and the hosts of which it said so.
type failure struct {
	ID    string   `json:"id"`
	Hosts []string `json:"hosts,omitempty"`
}

// failuresFile has the claims that are false under each fault of a pair alone, as
// make faults UPDATE=1 has recorded them.
const failuresFile = "testdata/failures.json"

func readPairs(t *testing.T) []pair {
	t.Helper()
	byName := map[string]fault{}
	for _, f := range readFaults(t) {
		byName[f.name] = f
	}
	content, err := os.ReadFile("testdata/pairs.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []pair
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		one, other, _ := strings.Cut(strings.TrimSpace(line), " ")
		p := pair{byName[one], byName[other]}
		if p[0].name == "" || p[1].name == "" || p[0].file == p[1].file {
			t.Fatalf("%q is no pair of faults of different layers", line)
		}
		all = append(all, p)
	}
	return all
}

func readFailures(t *testing.T) map[string][]failure {
	t.Helper()
	all := map[string][]failure{}
	content, err := os.ReadFile(failuresFile)
	if err == nil {
		err = json.Unmarshal(content, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPairs diagnoses what labs said under two faults at once. A claim that is false
// under one of them alone is to be explained by that one's findings, and by no other.
func TestPairs(t *testing.T) {
	failures := readFailures(t)
	pairs := readPairs(t)
	if len(pairs) < 30 {
		t.Errorf("%d pairs", len(pairs))
	}
	for _, p := range pairs {
		t.Run(p.name(), func(t *testing.T) { checkPair(t, p, failures) })
	}
}

func checkPair(t *testing.T, p pair, failures map[string][]failure) {
	byFault, failed := map[string][]string{}, map[string]harness.Scenario{}
	for _, f := range p {
		if len(failures[f.name]) == 0 {
			t.Errorf("no claim is false under %s", f.name)
		}
		for _, c := range failures[f.name] {
			byFault[c.ID] = append(byFault[c.ID], f.name)
			failed[c.ID] = merged(failed[c.ID], c)
		}
	}
	r := diagnose.Diagnose(readState(t, p.name()), diagnose.Options{Failed: slices.Collect(maps.Values(failed))})
	got := map[string][]string{}
	for _, found := range r.Findings {
		of := faultOf(p, found)
		if of == "" {
			t.Errorf("%s %s is no cause: %s", found.Code, found.Node, strings.Join(found.Explains, " "))
		}
		for _, id := range found.Explains {
			if !slices.Contains(got[id], of) {
				got[id] = append(got[id], of)
			}
		}
	}
	for id, want := range byFault {
		if len(got[id]) == 0 || len(want) == 1 && !slices.Equal(got[id], want) {
			t.Errorf("%s of %q is explained by %q, not by %q", id, failed[id].Hosts, got[id], want)
		}
	}
}

// merged returns a claim of the features that is false of more hosts.
func merged(s harness.Scenario, c failure) harness.Scenario {
	if s.ID == "" {
		all := diagnose.FeatureClaims()
		s = all[slices.IndexFunc(all, func(s harness.Scenario) bool { return s.ID == c.ID })]
		s.Hosts = c.Hosts
		return s
	}
	if s.Hosts != nil && c.Hosts != nil {
		s.Hosts = append(slices.Clone(s.Hosts), c.Hosts...)
	} else {
		s.Hosts = nil
	}
	return s
}

// faultOf returns which fault of a pair is the cause that a finding names.
func faultOf(p pair, found harness.Finding) string {
	for _, f := range p {
		if slices.Contains(f.expect, expected{found.Code, found.Node}) {
			return f.name
		}
	}
	return ""
}

// TestOnlyFalse holds that no finding explains a claim that was true on the lab.
func TestOnlyFalse(t *testing.T) {
	for name, failures := range readFailures(t) {
		isFalse := func(id string) bool {
			return slices.ContainsFunc(failures, func(f failure) bool {
				base, _, _ := strings.Cut(f.ID, "#")
				return f.ID == id || base == id
			})
		}
		r := diagnose.Diagnose(readState(t, name), diagnose.Options{Claims: diagnose.FeatureClaims()})
		for _, found := range r.Findings {
			for _, s := range diagnose.FeatureClaims() {
				isRun := slices.Contains(s.Tags, "@verify") || slices.Contains(s.Tags, "@workload")
				base, _, _ := strings.Cut(s.ID, "#")
				if slices.Contains(found.Explains, s.ID) && isRun && !isFalse(s.ID) ||
					slices.Contains(found.Explains, base) && isRun && !isFalse(base) {
					t.Errorf("%s: %s explains %s, which was true", name, found.Code, s.ID)
				}
			}
		}
	}
}
