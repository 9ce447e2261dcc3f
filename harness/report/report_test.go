package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"labcheck/harness"
	"labcheck/harness/lang"
)

var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// hostile is what a container's output may hold: a terminal's escapes, markup,
// bytes that are no text, and what XML has no way to write.
const hostile = "\x1b[31mred\x1b[0m \x00 <b>&\"' ]]> \xff\xfe \u202e \r\nnext"

func sample() harness.Evidence {
	command := harness.Result{
		Node: "manager", Argv: []string{"sh", "-c", "export DOCKER_HOST=\"tcp://192.168.33.11:3375\"\ndocker info"},
		Stdout: "Nodes: 3\n" + hostile, Stderr: "WARNING: No swap limit support\n", ExitCode: 1,
		Start: start, Duration: 120 * time.Millisecond,
	}
	return harness.Evidence{
		Schema: harness.EvidenceSchema,
		Run: harness.Run{
			Labcheck: "0.1", Started: start, Duration: 18400 * time.Millisecond, Verdict: harness.VerdictFalse,
			Stages: []harness.Timing{{Name: "hosts", Start: start, Duration: time.Second}},
		},
		Target: harness.TargetInfo{
			Name: "sim", Lab: "labcheck", Fresh: true, Topology: harness.Tutorial(),
			Versions: map[string]string{"swarm": "1.2.9"},
		},
		Counts: harness.Counts{Passed: 1, Failed: 2, Skipped: 2},
		Scenarios: []harness.Scenario{
			{
				ID: "consul-leader", Name: "Consul has a leader", Feature: "Step 1: Construct the cluster",
				File: "features/en/01_construct_the_cluster.feature", Line: 61,
				Tags:   []string{"@verify", "@id:consul-leader"},
				Status: harness.Passed, Start: start, Duration: 1250 * time.Millisecond,
				Steps: []harness.Step{{
					Keyword: "Then", Text: "Consul has a leader within 30 seconds", Line: 62, Status: harness.Passed,
					Duration: time.Second,
				}},
			},
			{
				ID: "info-of-the-cluster", Name: "Through port 3375 the reader sees the four nodes",
				Feature: "Step 1: Construct the cluster", File: "features/en/01_construct_the_cluster.feature",
				Line: 207, Tags: []string{"@tutorial", "@id:info-of-the-cluster"},
				Status: harness.Failed, Start: start, Duration: 300 * time.Millisecond,
				Expected: "Nodes: 4\nCPUs: 4", Seen: "Nodes: 3\nCPUs: 3",
				Steps: []harness.Step{
					{
						Keyword: "When", Text: "the reader types:", Line: 209, Status: harness.Passed,
						Commands: []harness.Result{command},
					},
					{
						Keyword: "Then", Text: "the terminal shows:", Line: 213, Status: harness.Failed,
						Error: "docker info in the terminal: expected …",
					},
					{Keyword: "And", Text: "the terminal shows more", Line: 220, Status: harness.Skipped},
				},
			},
			{
				ID: "network-is-one", Name: "mynet is the same network whichever node you ask",
				Feature: "Step 3: Overlay a container network",
				File:    "features/en/03_overlay_a_container_network.feature", Line: 150,
				Tags:   []string{"@verify", "@id:network-is-one"},
				Status: harness.Failed, Start: start, Expected: "one id", Seen: hostile,
				Steps: []harness.Step{{
					Keyword: "Then", Text: "every engine gives one id", Line: 151,
					Status: harness.Failed, Error: hostile,
				}},
			},
			{
				ID: "spread", Name: "Containers are spread evenly", Feature: "Step 2: Review your work",
				File: "features/en/02_review_your_work.feature", Line: 40, Tags: []string{"@workload", "@id:spread"},
				Status: harness.Skipped, Reason: "the tutorial stopped at info-of-the-cluster", Start: start,
				Steps: []harness.Step{
					{Keyword: "Then", Text: "each went to a node", Line: 43, Status: harness.Skipped},
				},
			},
			{
				ID: "rows#2", Name: "Another", Feature: "Step 2: Review your work",
				File: "features/en/02_review_your_work.feature", Line: 50, Status: harness.Skipped,
				Reason: "the tutorial stopped at info-of-the-cluster", Start: start,
			},
		},
	}
}

func TestWriteAndRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "e2e")
	want := sample()
	for range 2 { // over what is there, too
		if err := Write(dir, want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	// JSON has no way to write what is not UTF-8.
	for i := range want.Scenarios {
		cleanJSON(&want.Scenarios[i])
	}
	opts := cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})}
	if diff := cmp.Diff(want, got, opts); diff != "" {
		t.Errorf("evidence (-written +read):\n%s", diff)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	hidden, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(files) != 6 || len(hidden) != 0 || err != nil {
		t.Errorf("files %q, %q, %v", files, hidden, err)
	}
}

func cleanJSON(s *harness.Scenario) {
	s.Seen = strings.ToValidUTF8(s.Seen, "\uFFFD\uFFFD")
	for i := range s.Steps {
		st := &s.Steps[i]
		st.Error = strings.ToValidUTF8(st.Error, "\uFFFD\uFFFD")
		for j := range st.Commands {
			st.Commands[j].Stdout = strings.ToValidUTF8(st.Commands[j].Stdout, "\uFFFD\uFFFD")
		}
	}
}

// TestSchema holds results.json to its description, and the description to what
// evidence has.
func TestSchema(t *testing.T) {
	schema := compile(t)
	for name, e := range map[string]harness.Evidence{
		"full": sample(),
		"rich": rich(t),
		"empty": {
			Schema: 1, Run: harness.Run{Verdict: harness.VerdictUnreachable, Error: "no engine"},
			Target: harness.TargetInfo{Topology: harness.Tutorial()},
		},
	} {
		var b bytes.Buffer
		if err := Results(&b, e); err != nil {
			t.Fatal(err)
		}
		if err := validate(schema, b.Bytes()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []func(*harness.Evidence){
		func(e *harness.Evidence) { e.Schema = 2 },
		func(e *harness.Evidence) { e.Run.Verdict = "fine" },
		func(e *harness.Evidence) { e.Scenarios[3].Reason = "" },
		func(e *harness.Evidence) { e.Scenarios[1].Expected = "" },
		func(e *harness.Evidence) { e.Scenarios[0].Status = "ok" },
		func(e *harness.Evidence) { e.Scenarios[0].ID = "Not kebab" },
		func(e *harness.Evidence) { e.Run.Lang = "fr" },
		func(e *harness.Evidence) { e.Page.Run = -1 },
		func(e *harness.Evidence) { e.Snapshots[0].Stage = "far" },
		func(e *harness.Evidence) { e.Snapshots[0].Hosts[0].Containers[0].Role = "web" },
		func(e *harness.Evidence) { e.Findings[0].Confidence = "sure" },
		func(e *harness.Evidence) {
			known := []harness.Field{{Name: "ID", Verdict: harness.FieldListed}}
			e.Scenarios[1].Steps[0].Comparison = &harness.Comparison{Fields: known}
		},
	} {
		e := sample()
		e.Page, e.Snapshots, e.Findings = &harness.Coverage{}, snapshots(), []harness.Finding{finding()}
		bad(&e)
		var b bytes.Buffer
		if err := Results(&b, e); err != nil {
			t.Fatal(err)
		}
		if validate(schema, b.Bytes()) == nil {
			t.Errorf("the schema lets bad evidence pass: %.300s", b.String())
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile("results.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(schema *jsonschema.Schema, content []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// TestSchemaDescribesEveryField walks real evidence: a field that the schema
// has no word for is one that a reader can't know.
func TestSchemaDescribesEveryField(t *testing.T) {
	raw, err := os.ReadFile("results.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	e := full(t)
	var b bytes.Buffer
	if err := Results(&b, e); err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(b.Bytes(), &value); err != nil {
		t.Fatal(err)
	}
	undescribed(t, schema, schema, value, "results")
}

func undescribed(t *testing.T, root, schema map[string]any, value any, at string) {
	if ref, ok := schema["$ref"].(string); ok {
		schema = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	switch v := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for name, field := range v {
			sub, ok := properties[name].(map[string]any)
			if !ok {
				sub, ok = schema["additionalProperties"].(map[string]any)
			}
			if !ok {
				t.Errorf("the schema has no word for %s.%s", at, name)
				continue
			}
			undescribed(t, root, sub, field, at+"."+name)
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for _, item := range v {
			undescribed(t, root, items, item, at+"[]")
		}
	}
}

func resultsOf(e harness.Evidence) ([]byte, error) {
	var b bytes.Buffer
	err := Results(&b, e)
	return b.Bytes(), err
}

func TestReadRefuses(t *testing.T) {
	good, err := resultsOf(sample())
	if err != nil {
		t.Fatal(err)
	}
	const holds = `{"schema": 1, "run": {"verdict": "holds"}, "scenarios": `
	tests := map[string]struct{ content, want string }{
		"empty":          {"", "the file is empty"},
		"blank":          {" \n", "the file is empty"},
		"cut off":        {string(good[:len(good)/2]), "the file is cut off"},
		"not JSON":       {"<html>", "damaged at byte 1"},
		"other JSON":     {`{"tests": 3}`, "not labcheck's evidence"},
		"a list":         {"[]", "damaged"},
		"newer":          {`{"schema": 2, "scenarios": "all"}`, "its schema is 2, this labcheck reads up to 1"},
		"wrong type":     {`{"schema": 1, "run": {"verdict": 3}}`, "damaged: run.verdict is a number"},
		"no verdict":     {`{"schema": 1}`, `run.verdict is ""`},
		"unknown status": {holds + `[{"status": "ok"}]}`, `scenarios[0].status is "ok"`},
		"unknown step": {
			holds + `[{"status": "passed", "steps": [{"status": ""}]}]}`,
			`scenarios[0].steps[0].status is ""`,
		},
		"unknown field": {
			holds + `[{"status": "passed", "steps": [
				{"status": "passed", "comparison": {"fields": [{"verdict": "x"}]}}]}]}`,
			`scenarios[0].steps[0].comparison.fields[0].verdict is "x"`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, ResultsFile), []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Read(dir)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), ResultsFile) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if newer := errors.Is(err, ErrSchema); newer != (name == "newer") {
				t.Errorf("errors.Is(%v, ErrSchema) is %v", err, newer)
			}
		})
	}
	_, err = Read(t.TempDir())
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "no evidence in") {
		t.Errorf("a folder with nothing in it: %v", err)
	}
}

func TestReadLetsNewFieldsPass(t *testing.T) {
	const newer = `{"schema": 1, "run": {"verdict": "holds", "mood": "good"}, "colour": "blue"}`
	e, err := readResults(strings.NewReader(newer))
	if err != nil || e.Run.Verdict != harness.VerdictHolds {
		t.Errorf("%+v, %v", e, err)
	}
}

func FuzzRead(f *testing.F) {
	good, err := resultsOf(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"schema": 1, "run": {"verdict": "holds"}}`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, content []byte) {
		e, err := readResults(bytes.NewReader(content))
		if err != nil {
			return
		}
		var written bytes.Buffer
		if err := Results(&written, e); err != nil {
			t.Fatal(err)
		}
		first := written.String()
		again, err := readResults(&written)
		if err != nil {
			t.Fatalf("written and read again: %v", err)
		}
		written.Reset()
		if err := Results(&written, again); err != nil || written.String() != first {
			t.Errorf("written again it is another: %v\n%s\n%s", err, first, written.String())
		}
		// What was read can be reported on, whatever it is.
		var out bytes.Buffer
		if err := errors.Join(Terminal(&out, e, TerminalOptions{}), Commands(&out, e)); err != nil {
			t.Error(err)
		}
		if bytes.ContainsAny(out.Bytes(), "\x1b\x00") {
			t.Errorf("control characters reach the terminal: %q", out.String())
		}
		err = errors.Join(HTML(&out, e, lang.Japanese), Markdown(&out, e, lang.English), Annotations(&out, e))
		if err != nil {
			t.Error(err)
		}
		out.Reset()
		if err := JUnit(&out, e); err != nil {
			t.Fatal(err)
		}
		if err := wellFormed(out.Bytes()); err != nil {
			t.Errorf("not XML: %v", err)
		}
	})
}

// wellFormed reads XML to its end.
func wellFormed(content []byte) error {
	d := xml.NewDecoder(bytes.NewReader(content))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := JUnit(&b, sample()); err != nil {
		t.Fatal(err)
	}
	golden(t, "junit.xml", b.Bytes())
	var back struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Skipped  int `xml:"skipped,attr"`
		Errors   int `xml:"errors,attr"`
	}
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Tests != 5 || back.Failures != 2 || back.Skipped != 2 || back.Errors != 0 {
		t.Errorf("counts: %+v", back)
	}
}

// TestJUnitOfNothing holds that a run without a verdict is not green.
func TestJUnitOfNothing(t *testing.T) {
	for name, e := range map[string]harness.Evidence{
		"unreachable": {Run: harness.Run{Verdict: harness.VerdictUnreachable, Error: "no engine"}},
		"interrupted": {Run: harness.Run{Verdict: harness.VerdictInterrupted}, Scenarios: sample().Scenarios[:1]},
		"nothing":     {Run: harness.Run{Verdict: harness.VerdictHolds}},
	} {
		var b bytes.Buffer
		if err := JUnit(&b, e); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), `errors="1"`) || !strings.Contains(b.String(), "<error message=") {
			t.Errorf("%s: no error in\n%s", name, b.String())
		}
	}
}

func TestCommands(t *testing.T) {
	var b bytes.Buffer
	if err := Commands(&b, sample()); err != nil {
		t.Fatal(err)
	}
	golden(t, "commands.txt", b.Bytes())
}

func TestTerminal(t *testing.T) {
	holds := sample()
	holds.Run.Verdict, holds.Scenarios = harness.VerdictHolds, holds.Scenarios[:1]
	holds.Counts = harness.Counts{Passed: 1}
	unreachable := harness.Evidence{Run: harness.Run{
		Verdict: harness.VerdictUnreachable, Error: "no Docker engine can be reached", Duration: 30 * time.Millisecond,
	}}
	interrupted := sample()
	interrupted.Run.Verdict, interrupted.Run.Duration = harness.VerdictInterrupted, 65*time.Second
	nothing := harness.Evidence{Run: harness.Run{Verdict: harness.VerdictHolds}}
	for name, tt := range map[string]struct {
		e harness.Evidence
		o TerminalOptions
	}{
		"false.txt":       {sample(), TerminalOptions{Evidence: "build/e2e"}},
		"false-color.txt": {sample(), TerminalOptions{Color: true}},
		"holds.txt":       {holds, TerminalOptions{Evidence: "build/e2e"}},
		"unreachable.txt": {unreachable, TerminalOptions{}},
		"interrupted.txt": {interrupted, TerminalOptions{}},
		"nothing.txt":     {nothing, TerminalOptions{}},
	} {
		for _, tt.e.Run.Lang = range []lang.Language{lang.English, lang.Japanese} {
			file := name
			if tt.e.Run.Lang == lang.Japanese {
				file = "ja-" + name
			}
			t.Run(file, func(t *testing.T) {
				var b bytes.Buffer
				if err := Terminal(&b, tt.e, tt.o); err != nil {
					t.Fatal(err)
				}
				golden(t, file, b.Bytes())
			})
		}
	}
}

// golden compares with a file of testdata. LABCHECK_UPDATE=1 writes it, to be
// read over before it is kept.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("LABCHECK_UPDATE") == "1" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
