package diagnose_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
)

var update = flag.Bool("update", false, "write the tables of faults in docs anew, from testdata/states")

// healthyState is the name of the state of a lab without a fault.
const healthyState = "healthy"

// TestStates diagnoses what labs said under each fault of the table, and without one:
// recorded by make faults UPDATE=1.
func TestStates(t *testing.T) {
	expected := map[string]string{healthyState: nothing}
	for _, f := range readFaults(t) {
		expected[f.name] = listed(f.expect)
	}
	for name, want := range expected {
		r := diagnose.Diagnose(readState(t, name), diagnose.Options{})
		if got := codes(r); got != want {
			t.Errorf("%s: found %s, not %s", name, got, want)
		}
		for _, f := range r.Findings {
			if strings.Contains(f.Cause+f.Advice, "%!") {
				t.Errorf("%s: arguments do not fit: %s; %s", name, f.Cause, f.Advice)
			}
		}
		if name == healthyState && len(r.NotAsked) > 0 {
			t.Errorf("of a healthy lab not asked: %q", r.NotAsked)
		}
	}
	files, err := filepath.Glob("testdata/states/*.json")
	if err != nil || len(files) != len(expected) {
		t.Errorf("%d states of %d faults: %v", len(files), len(expected), err)
	}
}

// stateFile returns where the state under a fault is, or under two.
func stateFile(name string) string {
	if strings.Contains(name, "+") {
		return filepath.Join("testdata/pairs", name+".json")
	}
	return filepath.Join("testdata/states", name+".json")
}

func readState(t *testing.T, name string) survey.State {
	t.Helper()
	var s survey.State
	content, err := os.ReadFile(stateFile(name))
	if err == nil {
		err = json.Unmarshal(content, &s)
	}
	if err != nil {
		t.Fatalf("%v: make faults UPDATE=1", err)
	}
	return s
}

// writeState records what rules read of a state, on the page's subnet, with a line
// for each host.
func writeState(t *testing.T, name string, s survey.State) {
	t.Helper()
	for _, h := range s.Hosts {
		h.Log = telling(h.Log)
		for j := range h.Containers {
			c := &h.Containers[j]
			c.Log, c.Labels, c.Networks = telling(c.Log), nil, nil
		}
	}
	engines, members := s.Topology.EngineKeysOf("docker/nodes/"), s.Topology.KeysOf("docker/swarm/nodes/")
	maps.DeleteFunc(s.Entries, func(key string, _ engine.Entry) bool {
		return !strings.HasPrefix(key, engines) && !strings.HasPrefix(key, members)
	})
	if s.Swarm != nil {
		for i, m := range s.Swarm.Members {
			s.Swarm.Members[i] = engine.Member{
				Name: m.Name, Addr: m.Addr, Advertised: m.Advertised, Status: m.Status, Error: m.Error,
			}
		}
	}
	content, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	subnet, _, _ := strings.Cut(s.Topology.Subnet.String(), ".0/")
	page, _, _ := strings.Cut(harness.Tutorial().Subnet.String(), ".0/")
	content = bytes.ReplaceAll(content, []byte(subnet+"."), []byte(page+"."))
	content = append(bytes.ReplaceAll(content, []byte(`{"name":`), []byte("\n{\"name\":")), '\n')
	if err := os.WriteFile(stateFile(name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// telling are the last lines of a log that can tell a cause.
func telling(log string) string {
	var lines, starts []string
	for line := range strings.Lines(log) {
		lower := strings.ToLower(line)
		if strings.Contains(line, "Loading containers: start") || strings.Contains(line, "endpoints restore") {
			starts = append(starts, line)
			continue
		}
		if strings.Contains(lower, "err") || strings.Contains(lower, "fail") || strings.Contains(lower, "fatal") || strings.Contains(lower, "==>") {
			lines = append(lines, line)
		}
	}
	return strings.Join(starts[max(0, len(starts)-2):], "") + strings.Join(lines[max(0, len(lines)-2):], "")
}

func codes(r diagnose.Result) string {
	var all []expected
	for _, f := range r.Findings {
		all = append(all, expected{f.Code, f.Node})
	}
	return listed(all)
}

func listed(all []expected) string {
	var names []string
	for _, e := range all {
		names = append(names, e.String())
	}
	if names == nil {
		return nothing
	}
	return strings.Join(names, ", ")
}

// TestTables wants the tables of faults in docs to say what is found under each fault.
func TestTables(t *testing.T) {
	if *update {
		writeTables(t)
	}
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		text, err := os.ReadFile(tablePages[l])
		if err != nil {
			t.Fatal(err)
		}
		for file, rows := range tables(t, l) {
			if !strings.Contains(string(text), rows) {
				t.Errorf("%s lacks the table of %s, or has another: make faults UPDATE=1", tablePages[l], file)
			}
		}
	}
}

// writeTables puts what is found under each fault into the pages, between their
// marks: a table for each file of faults.
func writeTables(t *testing.T) {
	t.Helper()
	for l, name := range tablePages {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for file, rows := range tables(t, l) {
			from, to := "<!-- faults "+file+" -->\n", "<!-- /faults -->"
			before, rest, ok := strings.Cut(string(text), from)
			_, after, closed := strings.Cut(rest, to)
			if !ok || !closed {
				t.Fatalf("%s lacks %q", name, from)
			}
			text = []byte(before + from + "\n" + rows + "\n" + to + after)
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var tableHeads = map[lang.Language]string{
	lang.English:  "| fault | what is found | code |",
	lang.Japanese: "| 障害 | 診断の結果 | コード |",
}

// tables are the tables of a language, by the faults' file.
func tables(t *testing.T, l lang.Language) map[string]string {
	t.Helper()
	made := map[string]string{}
	for _, f := range readFaults(t) {
		if f.isSpelling() {
			continue
		}
		if made[f.file] == "" {
			made[f.file] = tableHeads[l] + "\n|---|---|---|\n"
		}
		found := diagnose.Diagnose(readState(t, f.name), diagnose.Options{Lang: l}).Findings
		if len(found) == 0 {
			t.Fatalf("%s: nothing is found", f.name)
		}
		made[f.file] += fmt.Sprintf("| %s | %s | `%s` |\n", f.what.In(l), found[0].Cause, found[0].Code)
	}
	return made
}
