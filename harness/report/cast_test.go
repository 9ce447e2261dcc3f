package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
)

// session is evidence of a reader's session, and of a check beside it.
func session() harness.Evidence {
	start := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	typed := func(script, out, err string, code int) harness.Step {
		return harness.Step{Status: harness.Passed, Commands: []harness.Result{{
			Node: "manager", Argv: []string{"sh", "-c", script}, Stdout: out, Stderr: err, ExitCode: code,
			Start: start, Duration: 3 * time.Second,
		}}}
	}
	scenario := func(id, tag string, steps ...harness.Step) harness.Scenario {
		tags := []string{tag, "@id:" + id}
		return harness.Scenario{ID: id, Name: "Scenario " + id, Status: harness.Passed, Tags: tags, Steps: steps}
	}
	return harness.Evidence{
		Schema: harness.EvidenceSchema, Run: harness.Run{Verdict: harness.VerdictHolds},
		Scenarios: []harness.Scenario{
			scenario("join#1", "@tutorial", typed("export A=b", "", "", 0),
				typed("export A=b\ndocker ps", "ID  NAME\n1\x1b[2J  …", "warning\n", 1)),
			scenario("looks", "@verify", harness.Step{Status: harness.Passed}),
			scenario("../runs", "@workload", typed("for x; do\necho $x\ndone", "", "", 0)),
		},
	}
}

func TestTranscripts(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, TranscriptsDir, "of-an-earlier-run"), 0o755); err != nil {
		t.Fatal(err)
	}
	e := session()
	if err := Write(dir, e); err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(dir, TranscriptsDir, "*"))
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	if diff := cmp.Diff([]string{"---runs.cast", "---runs.json", "join-1.cast", "join-1.json"}, found); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	content, err := os.ReadFile(filepath.Join(dir, TranscriptsDir, "join-1.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got transcript
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	want := transcript{"join#1", "Scenario join#1", harness.Passed, commandsOf(e.Scenarios[0])}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("join-1.json (-want +got):\n%s", diff)
	}
	for _, name := range []string{TranscriptsDir + "/join-1.cast", TutorialCast} {
		want := "# Scenario join#1\r\nmanager$ export A=b\r\n" +
			"manager$ docker ps\r\nwarning\r\nID  NAME\r\n1\\x1b[2J  …\r\n(exit code 1)\r\n"
		shown, took := playCast(t, filepath.Join(dir, name))
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if ran := 6.0; took < ran {
			t.Errorf("%s takes %v s, the commands alone %v", name, took, ran)
		}
	}
	played, _ := playCast(t, filepath.Join(dir, TranscriptsDir, "---runs.cast"))
	if !strings.Contains(played, "$ for x; do\r\necho $x\r\ndone\r\n") {
		t.Errorf("%q", played)
	}
	e.Scenarios = e.Scenarios[1:]
	if err := Write(dir, e); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, TutorialCast)); err == nil {
		t.Error("the recording of an earlier run is still there")
	}
}

// playCast holds a recording to asciicast v2 and gives what a terminal is sent,
// and when the last of it: one JSON value a line, a header with version and size,
// then events whose times never go back, and whose line ends are a terminal's.
func playCast(t *testing.T, name string) (shown string, seconds float64) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan()
	var head map[string]any
	if err := json.Unmarshal(lines.Bytes(), &head); err != nil {
		t.Fatalf("%s: header: %v", name, err)
	}
	for key, want := range map[string]float64{
		"version": 2, "width": castWidth, "height": castHeight, "timestamp": 1795521600,
	} {
		if head[key] != want {
			t.Errorf("%s: %s is %v, not %v", name, key, head[key], want)
		}
	}
	var all strings.Builder
	var times []float64
	for lines.Scan() {
		var event []any
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil || len(event) != 3 || event[1] != "o" {
			t.Fatalf("%s: %s: %v", name, lines.Text(), err)
		}
		times = append(times, event[0].(float64))
		all.WriteString(event[2].(string))
	}
	if len(times) == 0 || times[0] < 0 || !slices.IsSorted(times) {
		t.Errorf("%s: the times go back: %v", name, times)
	}
	if bare := strings.ReplaceAll(all.String(), "\r\n", ""); strings.ContainsAny(bare, "\r\n") {
		t.Errorf("%s: a line's end is not a terminal's", name)
	}
	return all.String(), times[len(times)-1]
}

// FuzzCast: whatever a cluster says, a recording is JSON a line, its time goes on,
// and nothing in it controls the terminal.
func FuzzCast(f *testing.F) {
	f.Add("A scenario", "export A=1\ndocker ps", "NAMES\r\n", "", int64(1e9), 0)
	f.Add("\x1b]0;x\a", "printf '\x1b[2J'", "\xff\x00\u202e", "\u009b2J", int64(-1), 125)
	f.Fuzz(func(t *testing.T, title, script, stdout, stderr string, took int64, code int) {
		r := harness.Result{
			Node: "manager", Argv: []string{"sh", "-c", script}, Stdout: stdout, Stderr: stderr,
			Duration: time.Duration(took % int64(time.Hour)), ExitCode: code,
		}
		var b bytes.Buffer
		if err := writeCast(&b, title, []shot{{title, []harness.Result{r, r}}}); err != nil {
			t.Fatal(err)
		}
		at := -1.0
		for i, line := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
			if i == 0 {
				if err := json.Unmarshal([]byte(line), new(castHeader)); err != nil {
					t.Fatal(err)
				}
				continue
			}
			var event [3]any
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if now := event[0].(float64); now < at {
				t.Errorf("back in time: %v after %v", now, at)
			} else {
				at = now
			}
			text := strings.NewReplacer("\r\n", "", "\t", "").Replace(event[2].(string))
			if strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("control characters: %q", text)
			}
		}
	})
}
