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
	"labcheck/harness/survey"
)

// pair is two faults that are injected at once.
type pair [2]fault

func (p pair) name() string { return p[0].name + "+" + p[1].name }

// failure is a claim that was false on a lab, and the hosts of which it said so.
type failure struct {
	ID    string   `json:"id"`
	Hosts []string `json:"hosts,omitempty"`
}

// failuresFile has claims that are false under each fault of a pair alone: those
// that depend on nothing but the fault, and not on how long it has been in force.
const failuresFile = "testdata/failures.json"

// cut is what labcheck injects itself: its rules are known without a lab.
var cut = fault{name: "cut", file: "5-network", expect: []expected{{"vxlan-blocked", "frontend01"}}, steps: []action{
	{"on", []string{"frontend01"}, "iptables -t mangle -A POSTROUTING -d $STORE" + cutRule},
	{"on", []string{"frontend01"}, "iptables -t raw -A PREROUTING -s $STORE" + cutRule},
}, undo: []action{
	{"on", []string{"frontend01"}, "iptables -t mangle -D POSTROUTING -d $STORE" + cutRule},
	{"on", []string{"frontend01"}, "iptables -t raw -D PREROUTING -s $STORE" + cutRule},
}}

const cutRule = " -p udp -m udp --dport 4789 -m comment --comment labcheck:cut:store:4789:both -j DROP"

// alone returns what a lab says under one fault.
func alone(t *testing.T, f fault) survey.State {
	t.Helper()
	if f.name != cut.name {
		return readState(t, f.name)
	}
	s := readState(t, healthyState)
	for _, a := range cut.steps {
		rule := strings.ReplaceAll(strings.TrimPrefix(a.text, "iptables "), "$STORE", s.On("store").Addr.String()+"/32")
		s.On("frontend01").Probe.Rules = append(s.On("frontend01").Probe.Rules, rule)
	}
	return s
}

func readPairs(t *testing.T) []pair {
	t.Helper()
	byName := map[string]fault{}
	for _, f := range readFaults(t) {
		byName[f.name] = f
	}
	byName[cut.name] = cut
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

// TestOnlyFalse holds that no finding explains a claim that was true on the lab, of
// faults all of whose false claims are in failuresFile.
func TestOnlyFalse(t *testing.T) {
	failures := readFailures(t)
	faults := append(readFaults(t), cut)
	for _, name := range []string{
		"join-stopped", "join-crashes", "join-wrong-discovery", "vxlan-dropped", "cut", "hosts-apart", "consul-no-restart",
	} {
		f := faults[slices.IndexFunc(faults, func(f fault) bool { return f.name == name })]
		r := diagnose.Diagnose(alone(t, f), diagnose.Options{Claims: diagnose.FeatureClaims()})
		for _, found := range r.Findings {
			for _, id := range found.Explains {
				if isChecked(id) && !slices.ContainsFunc(failures[name], func(f failure) bool { return f.isRowOf(id) }) {
					t.Errorf("%s: %s explains %s, which was true", name, found.Code, id)
				}
			}
		}
	}
}

// isRowOf reports whether a failure is of a claim, or of one of its rows.
func (f failure) isRowOf(id string) bool {
	base, _, _ := strings.Cut(f.ID, "#")
	return f.ID == id || base == id
}

// isChecked reports whether a claim is checked on a lab that was running before.
func isChecked(id string) bool {
	return slices.ContainsFunc(diagnose.FeatureClaims(), func(s harness.Scenario) bool {
		base, _, _ := strings.Cut(s.ID, "#")
		return (s.ID == id || base == id) && (slices.Contains(s.Tags, "@verify") || slices.Contains(s.Tags, "@workload"))
	})
}
