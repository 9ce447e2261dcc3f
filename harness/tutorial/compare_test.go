package tutorial

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	units "github.com/docker/go-units"
	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// answers are what a real lab answered to the commands whose output the page
// shows, recorded as those of testdata were; warnings stood on standard error.
func answers(t testing.TB) map[string]harness.Result {
	t.Helper()
	const deprecated = "WARNING: node discovery and overlay networks with an external k/v store (cluster-advertise,\n" +
		"         cluster-store, cluster-store-opt) are deprecated and will be removed in a future release.\n"
	const memory = "WARNING: No kernel memory limit support\n"
	return map[string]harness.Result{
		"1.3":  {Stdout: recorded(t, "run")},
		"1.4":  {Stdout: recorded(t, "ps-consul")},
		"1.5":  {Stdout: recorded(t, "run")},
		"1.6":  {Stdout: recorded(t, "info-engine"), Stderr: deprecated},
		"1.7":  {Stdout: recorded(t, "ps-both")},
		"1.9":  {Stdout: recorded(t, "info-empty-cluster"), Stderr: memory},
		"1.11": {Stdout: recorded(t, "info-cluster"), Stderr: memory},
		"3.2":  {Stdout: recorded(t, "networks-manager")},
		"3.3":  {Stdout: recorded(t, "networks-cluster")},
	}
}

var subnet = netip.MustParsePrefix("192.168.37.0/24")

// compareAll compares what was recorded with the page, each answer as change
// makes it.
func compareAll(t testing.TB, b *Page, change func(page string, r harness.Result) harness.Result) []harness.Comparison {
	t.Helper()
	topology, err := harness.Tutorial().In(subnet)
	if err != nil {
		t.Fatal(err)
	}
	var made []harness.Comparison
	for _, c := range b.Typed(topology) {
		if c.Kind == "" {
			continue
		}
		compared, err := b.Compare(c, change(c.Page, answers(t)[c.Page]), lang.English)
		if err != nil {
			t.Fatalf("%s: %v", c.Page, err)
		}
		made = append(made, compared)
	}
	return made
}

func asItWas(_ string, r harness.Result) harness.Result { return r }

func book(t testing.TB) *Page {
	t.Helper()
	b, err := Load(setUpClusterResources)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkContainer names the fields that differ and are not listed.
func wrong(made []harness.Comparison) []string {
	var all []string
	for _, c := range made {
		for _, f := range c.FieldsWith(harness.FieldWrong) {
			all = append(all, fmt.Sprintf("%s %s: %q, %q", c.Page, f.Name, f.Page, f.Seen))
		}
	}
	return all
}

func TestCompare(t *testing.T) {
	b := book(t)
	made := compareAll(t, b, asItWas)
	if all := wrong(made); len(all) > 0 {
		t.Errorf("wrong:\n%s", strings.Join(all, "\n"))
	}
	if unused := b.Unused(made, lang.English); len(unused) > 0 {
		t.Errorf("listed and not seen:\n%s", strings.Join(unused, "\n"))
	}
	verdicts := map[harness.FieldVerdict]int{}
	for _, c := range made {
		for _, f := range c.Fields {
			verdicts[f.Verdict]++
			if (f.Verdict == harness.FieldListed) != (f.Reason != "" && f.Source != "") {
				t.Errorf("%s %s is %s: %q, %q", c.Page, f.Name, f.Verdict, f.Reason, f.Source)
			}
		}
	}
	want := map[harness.FieldVerdict]int{harness.FieldEqual: 91, harness.FieldListed: 197}
	if diff := cmp.Diff(want, verdicts); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// TestCompareNamesLines holds that each value can be found on its line, and which
// differences are those of any two runs.
func TestCompareNamesLines(t *testing.T) {
	volatile, number := map[string]bool{}, 0
	for _, c := range compareAll(t, book(t), asItWas) {
		for _, f := range c.Fields {
			for _, side := range []struct {
				text, value string
				line        int
			}{{strings.NewReplacer("192.168.33.", "192.168.37.", "192.168.53.", "192.168.37.").Replace(c.Shown), f.Page, f.PageLine}, {c.Answer, f.Seen, f.SeenLine}} {
				lines := strings.Split(side.text, "\n")
				switch {
				case slices.Contains([]string{"Columns", "Rows", "Nodes / order", "Misprint"}, f.Name):
				case side.value == "" && side.line != 0,
					side.value != "" && !strings.Contains(lines[side.line-1], strings.TrimSuffix(side.value, nothing)):
					t.Errorf("%s %s: %q is not on line %d", c.Page, f.Name, side.value, side.line)
				}
			}
			if f.Volatile {
				volatile[f.Name[strings.LastIndex(f.Name, "/")+1:]] = true
				number++
			}
		}
	}
	if number != 36 || !volatile["ID"] || !volatile[" NETWORK ID"] || volatile["Kernel Version"] {
		t.Errorf("%d volatile fields: %v", number, volatile)
	}
}

// TestCompareFindsWhatIsWrong breaks recorded answers, one thing at a time.
func TestCompareFindsWhatIsWrong(t *testing.T) {
	for _, tt := range []struct{ page, old, broken, field string }{
		{"1.3", "ec53", "xc53", ""},
		{"1.4", "8500->8500", "8501->8500", "progrium/consul / PORTS / 0.0.0.0:8500->8500/tcp"},
		{"1.4", "-server …", "-agent  …", "progrium/consul / COMMAND"},
		{"1.4", "Up Less than a second", "Restarting (1)       ", "progrium/consul / STATUS"},
		{"1.6", "Containers: 2", "Containers: 3", "Containers"},
		{"1.6", "992.2MiB", "992.3MiB", "Total Memory"},
		{"1.6", "37.11:8500", "37.12:8500", "Cluster store"},
		{"1.6", "Server Version: 20.10.5", "Server Version: 23.0.1", "Server Version"},
		{"1.6", " CPUs: 1\n", "", "CPUs"},
		{"1.6", " CPUs: 1\n", " CPUs: 1\n Novelty: yes\n", "Novelty"},
		{"1.6", "WARNING: node", "WARNING: another", "WARNING / another discovery and overlay networks with an external k/v store (cluster-advertise,"},
		{"1.7", "swarm     ", "swarm:1   ", "swarm / IMAGE"},
		{"1.9", "primary", "replica", "Role"},
		{"1.9", "affinity, ", "", "Filters / affinity"},
		{"1.9", "whitelist", "blacklist", "Filters / blacklist"},
		{"1.11", "store: 192", "storm: 192", "Nodes / order"},
		{"1.11", "Status: Healthy", "Status: Pending", "Nodes / frontend01 / Status"},
		{"1.11", "1 (1 Running, 0", "2 (1 Running, 1", "Nodes / frontend01 / Containers"},
		{"1.11", "37.250:2375\n", "37.251:2375\n", "Nodes / store"},
		{"1.11", "   └ UpdatedAt", "   └ Error: down\n   └ UpdatedAt", "Nodes / frontend01 / Error"},
		{"3.2", "none      null", "none      host", "none / DRIVER"},
		{"3.2", "null      local", "null      global", "none / SCOPE"},
		{"3.3", "worker01/none ", "worker01/nine ", "worker01/none / NAME"},
	} {
		b, hit := book(t), false
		change := func(page string, r harness.Result) harness.Result {
			if page == tt.page {
				was := r.Stdout + r.Stderr
				r.Stdout = strings.Replace(r.Stdout, tt.old, tt.broken, 1)
				r.Stderr = strings.Replace(r.Stderr, tt.old, tt.broken, 1)
				hit = was != r.Stdout+r.Stderr
			}
			return r
		}
		if tt.field == "" {
			c := b.Commands(harness.Tutorial())[0]
			if _, err := b.Compare(c, change(c.Page, answers(t)[c.Page]), lang.English); err == nil {
				t.Errorf("%s: %q was read", tt.page, tt.broken)
			}
			continue
		}
		found := wrong(compareAll(t, b, change))
		if !hit || !strings.Contains(strings.Join(found, "\n"), tt.page+" "+tt.field+": ") {
			t.Errorf("%s with %q: %v is wrong, not %s", tt.page, tt.broken, found, tt.field)
		}
	}
}

// TestDifferencesAreNeeded leaves out each entry, and has each miss what it is
// about.
func TestDifferencesAreNeeded(t *testing.T) {
	b := book(t)
	made := compareAll(t, b, asItWas)
	reasons := map[string]bool{}
	for i, d := range b.Differences {
		if reasons[d.Reason.EN] || reasons[d.Reason.JA] {
			t.Errorf("%q is the reason of two entries", d.Reason.EN)
		}
		reasons[d.Reason.EN], reasons[d.Reason.JA] = true, true
		without := *b
		without.Differences = slices.Delete(slices.Clone(b.Differences), i, i+1)
		if !d.Optional && len(wrong(compareAll(t, &without, asItWas))) == 0 {
			t.Errorf("nothing is wrong without %v %v", d.Pages, d.Fields)
		}
		d.Fields = append(slices.Clone(d.Fields), "No Such Field")
		if unused := (&Page{Differences: []Difference{d}}).Unused(made, lang.English); len(unused) == 0 && !d.Optional {
			t.Errorf("an entry that does not apply is not told: %v", d.Fields)
		}
	}
}

func TestDifferencesAreRefused(t *testing.T) {
	const rest = ", reason: {en: a, ja: b}, source: s}"
	for _, bad := range []string{
		"{pages: ['1'], fields: [a]" + rest,
		"{pages: ['1'], fields: [a], page: x, shape: y" + rest,
		"{pages: ['1'], page: x" + rest,
		"{pages: ['1'], fields: ['('], page: x" + rest,
		"{pages: ['1'], fields: [a], page: x, reason: {en: a}, source: s}",
		"{pages: ['1'], fields: [a], page: x, nonsense: y" + rest,
	} {
		if _, err := Load([]byte("differences: [" + bad + "]")); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

// TestShownByTerminal: only what docker info writes to stderr comes after its answer.
func TestShownByTerminal(t *testing.T) {
	r := harness.Result{Stdout: "out", Stderr: "err"}
	for kind, want := range map[Kind]string{KindInfo: "outerr", KindRun: "errout"} {
		if got := (Command{Kind: kind}).Terminal(r); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
}

// TestDuplicates: of fields that have the same name all but the first are numbered.
func TestDuplicates(t *testing.T) {
	var got []string
	for _, f := range numberDuplicates([]field{{name: "a"}, {name: "b"}, {name: "a"}, {name: "a"}}) {
		got = append(got, f.name)
	}
	if diff := cmp.Diff([]string{"a", "b", "a #2", "a #3"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestTutorialIsThePages holds the topology to the figures of the page.
func TestTutorialIsThePages(t *testing.T) {
	shown := map[string]string{}
	for _, c := range Default().Commands(harness.Tutorial()) {
		if c.Kind != KindInfo {
			continue
		}
		fields, err := c.outputFields(c.Shown)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fields {
			shown[c.Page+" "+f.name] = strings.ReplaceAll(f.value, " ", "")
		}
	}
	topology := harness.Tutorial()
	want := map[string]string{
		"1.6 CPUs":         fmt.Sprint(topology.Manager.CPUs),
		"1.6 Total Memory": units.BytesSize(float64(topology.Manager.Memory)),
		"1.6 Name":         topology.Manager.Name,
		"1.11 Nodes":       fmt.Sprint(len(topology.Members)),
	}
	for _, h := range topology.Members {
		node := "1.11 Nodes / " + h.Name
		swarms := h.Memory + h.Memory*5/100 // docker/swarm, cluster/engine.go: TotalMemory
		want[node] = h.Addr.String() + ":2375"
		want[node+" / Reserved CPUs"] = fmt.Sprintf("0/%d", h.CPUs)
		want[node+" / Reserved Memory"] = "0B/" + units.BytesSize(float64(swarms))
	}
	for name, value := range want {
		if shown[name] != value {
			t.Errorf("%s: the page shows %q, the topology has %q", name, shown[name], value)
		}
	}
}

func TestCoverage(t *testing.T) {
	b := book(t)
	typed := func(lines ...string) harness.Scenario {
		var s harness.Scenario
		for _, l := range lines {
			s.Steps = append(s.Steps, harness.Step{Commands: []harness.Result{{Argv: []string{"sh", "-c", "export A=b\n" + l}}}})
		}
		return s
	}
	all := typed()
	for _, c := range b.Commands(harness.Tutorial()) {
		all.Steps = append(all.Steps, typed(c.Text).Steps...)
	}
	for _, c := range compareAll(t, b, asItWas) {
		all.Steps = append(all.Steps, harness.Step{Comparison: &c})
	}
	for _, tt := range []struct {
		scenario harness.Scenario
		want     harness.Coverage
	}{
		{all, harness.Coverage{Commands: 21, Run: 21, Outputs: 9, Compared: 9}},
		{typed("docker info", "docker ps", "ls"), harness.Coverage{Commands: 21, Run: 2, Outputs: 9}},
		{typed(), harness.Coverage{Commands: 21, Outputs: 9}},
	} {
		if got := b.Coverage(harness.Tutorial(), []harness.Scenario{tt.scenario}); got != tt.want {
			t.Errorf("%+v, want %+v", got, tt.want)
		}
	}
}

func FuzzFields(f *testing.F) {
	for page, r := range answers(f) {
		f.Add(page, r.Stdout+r.Stderr)
	}
	byPage := map[string]Command{}
	for _, c := range Default().Commands(harness.Tutorial()) {
		byPage[c.Page] = c
	}
	f.Fuzz(func(t *testing.T, page, out string) {
		fields, err := byPage[page].outputFields(out)
		names := map[string]bool{}
		for _, field := range fields {
			if names[field.name] {
				t.Errorf("two fields are called %q", field.name)
			}
			names[field.name] = true
		}
		if err == nil && len(fields) == 0 {
			t.Error("an output with nothing in it was read")
		}
	})
}
