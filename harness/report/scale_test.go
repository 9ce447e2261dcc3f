package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/scale"
)

// scaleSample is what labcheck scale --nodes 100 --containers 3000 --ttl 20s measured on a
// real lab.
func scaleSample(t *testing.T) scale.Result {
	t.Helper()
	content, err := os.ReadFile("testdata/scale.json")
	if err != nil {
		t.Fatal(err)
	}
	var r scale.Result
	if err := json.Unmarshal(content, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestScaleOutputs wants each output to say what is simulated, the figures that were
// measured, and Docker's beside them.
func TestScaleOutputs(t *testing.T) {
	r := scaleSample(t)
	dir := t.TempDir()
	if err := WriteScale(dir, r, lang.English); err != nil {
		t.Fatal(err)
	}
	outputs := map[string]string{}
	for _, name := range []string{ScaleFile, ScalePageFile} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		outputs[name] = string(content)
	}
	var printed bytes.Buffer
	ScaleTerminal(&printed, r, lang.English)
	outputs["terminal"] = printed.String()
	golden(t, "scale.txt", printed.Bytes())
	for name, output := range outputs {
		wanted := []string{"engines and their containers are simulated", r.Machine.Model, r.Events[2].What}
		if name != ScaleFile {
			wanted = append(wanted, "150 / 200 / 360", "230 / 250 / 400", triple(r.Levels[3].Run), triple(r.Levels[3].CLIInfo))
		}
		for _, want := range wanted {
			if !strings.Contains(output, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, output)
			}
		}
	}
	var read scale.Result
	if err := json.Unmarshal([]byte(outputs[ScaleFile]), &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, read); diff != "" {
		t.Errorf("what was written (-) reads as (+):\n%s", diff)
	}
}

// TestScalePage wants the page to fetch nothing, and to draw each of its plots.
func TestScalePage(t *testing.T) {
	var page strings.Builder
	if err := ScalePage(&page, scaleSample(t), lang.Japanese); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(page.String()))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for n := range root.Descendants() {
		count[n.Data]++
		for _, a := range n.Attr {
			if a.Key == "src" || a.Key == "href" || a.Key == "style" {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
	}
	if count["figure"] != 5 || count["polyline"] < 5*1+2*5 {
		t.Errorf("%d plots with %d lines", count["figure"], count["polyline"])
	}
	if strings.Contains(page.String(), "NaN") || strings.Contains(page.String(), "Inf") {
		t.Error("a plot has values that are none")
	}
}

// TestScaleVerdicts wants what a run came to in its outputs.
func TestScaleVerdicts(t *testing.T) {
	for verdict, want := range map[harness.Verdict]string{
		harness.VerdictHolds: "✓ The spread is exact and nothing is lost", harness.VerdictFalse: "✗ 1 claim is false",
		harness.VerdictUnreachable: "! The run ended early", harness.VerdictInterrupted: "! The run ended early",
	} {
		r := scale.Result{Run: harness.Run{Verdict: verdict, Error: "no answer", Duration: time.Minute}}
		if verdict == harness.VerdictFalse {
			r.False = []string{"Nothing is lost"}
		}
		var printed, page bytes.Buffer
		ScaleTerminal(&printed, r, lang.English)
		if err := ScalePage(&page, r, lang.English); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(printed.String(), want) || !strings.Contains(page.String(), want[len("✓ "):]) {
			t.Errorf("%s, want %q:\n%s", verdict, want, printed.String())
		}
	}
}

func TestChart(t *testing.T) {
	two := series{name: "a", values: [][2]float64{{0, 0}, {10, 300}}, besides: [2]float64{20, 40}, besidesName: "b"}
	c := newChart("title", "x", "y", []series{two, {name: "empty"}}, []float64{5, 40})
	if len(c.Lines) != 2 || c.Lines[0].Points != "60.0,240.0 220.0,26.0" || c.Lines[1].Points != "380.0,211.5" {
		t.Errorf("lines %+v", c.Lines)
	}
	if len(c.Moments) != 2 || c.Moments[1].At != "700.0" || c.Moments[0].Above == c.Moments[1].Above {
		t.Errorf("moments %+v", c.Moments)
	}
	for most, want := range map[float64]string{0: "1", 0.47: "0.5", 3: "3", 30000: "30000", 408: "500"} {
		ticks := newScale(most, 0, 1).ticks()
		if got := ticks[len(ticks)-1]; got.Label != want || got.At != "1.0" || len(ticks) < 3 || len(ticks) > chartTicks+1 {
			t.Errorf("ticks up to %g: %+v", most, ticks)
		}
	}
}
