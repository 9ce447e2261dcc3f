package suite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cucumber/godog"
	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/internal/enginetest"
	"labcheck/harness/lang"
)

// fake is a world of sentences that end as they say.
type fake struct {
	cancel   context.CancelFunc
	cleaned  int
	cleanErr error
	commands []harness.Result
	compared *harness.Comparison
	changes  []bool            // what was said of each scenario
	looks    []bool            // the same
	topology *harness.Topology // nil: the page's
}

func (f *fake) Register(sc *godog.ScenarioContext) {
	sc.Step(`^it holds$`, func() error { return nil })
	sc.Step(`^it does not hold$`, func() error {
		return fmt.Errorf("after 1s still: %w", &harness.Mismatch{
			What: "the cluster", Expected: "4 nodes", Seen: "3 nodes", Links: []harness.Link{{From: "store", To: "worker01"}},
		})
	})
	sc.Step(`^it does not hold on store$`, func() error {
		return fmt.Errorf("after 1s still: %w", harness.AboutHosts(&harness.Mismatch{What: "the cluster"}, "store"))
	})
	sc.Step(`^the cluster is away$`, func() error { return errors.New("connection refused") })
	sc.Step(`^it is unreachable$`, func() error {
		return fmt.Errorf("info: %w", &harness.UnreachableError{Node: "store", Layer: harness.LayerRoute, What: lang.Text{EN: "no route"}})
	})
	sc.Step(`^another run has its turn$`, func() error { return fmt.Errorf("after 1m10s still: %w", &harness.BusyError{Run: "x"}) })
	sc.Step(`^it panics$`, func() error { panic("out of bounds") })
	sc.Step(`^the reader types:$`, func(*godog.DocString) error {
		f.commands = append(f.commands, harness.Result{Node: "manager", Argv: []string{"true"}})
		f.compared = &harness.Comparison{Page: "1.4"}
		return nil
	})
	sc.Step(`^a person interrupts$`, func(ctx context.Context) error {
		f.cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	sc.Step(`^it is said twice$`, func() error { return nil })
	sc.Step(`^it is said (twice)$`, func(string) error { return nil })
}

func (f *fake) TakeStep() ([]harness.Result, *harness.Comparison) {
	commands, compared := f.commands, f.compared
	f.commands, f.compared = nil, nil
	return commands, compared
}

func (f *fake) Begin(changes, looks bool) {
	f.changes, f.looks = append(f.changes, changes), append(f.looks, looks)
}

func (f *fake) CleanUp(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err() // the end of the run must not keep it from being done
	}
	f.cleaned++
	return f.cleanErr
}

func (f *fake) ClusterTopology() harness.Topology {
	if f.topology != nil {
		return *f.topology
	}
	return harness.Tutorial()
}

// Here moves the page's addresses to another subnet.
func (f *fake) Here(text string) string { return strings.ReplaceAll(text, "192.168.33.", "10.9.8.") }

// TestNoPatience: with no time to wait, each condition is looked at once.
func TestNoPatience(t *testing.T) {
	f := enginetest.New(harness.Tutorial()).Performed()
	t.Cleanup(f.Close)
	c, err := engine.Open(f.Topology, f.Nodes())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	start, none := time.Now(), time.Duration(0)
	done, err := Run(t.Context(), Options{
		Features: scenarios("@verify @id:a\nScenario: A\nThen the cluster lists 9 nodes, all Healthy, within 20 seconds\n"),
		Lang:     lang.English, Cluster: c, Patience: &none,
	})
	if err != nil || len(done) != 1 || done[0].Status != harness.Failed {
		t.Errorf("%v, %+v, want a false claim", err, done)
	}
	if took := time.Since(start); took >= 20*time.Second {
		t.Errorf("it took %s: the scenario waited", took)
	}
}

func scenarios(body string) fstest.MapFS {
	return fstest.MapFS{"en/01_a.feature": {Data: []byte("Feature: A page\n" + body)}}
}

// runAll runs features of a test; events are noted as kind and id, and of a feature
// how many of its scenarios passed and failed.
func runAll(t *testing.T, f *fake, o Options) (done []harness.Scenario, events []string, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.cancel = cancel
	if o.Lang == "" {
		o.Lang = lang.English
	}
	o.Progress = func(e Event) {
		line := fmt.Sprintf("%d %d/%d %s", e.Kind, e.Number, e.Total, e.Scenario.ID)
		if e.Kind == FeatureEnded {
			line += fmt.Sprintf(" %d+%d", e.Counts.Passed, e.Counts.Failed)
		}
		events = append(events, line)
	}
	r := &run{Options: o}
	done, err = r.runChosen(ctx, f)
	return done, events, err
}

// TestAddressesOfTheCluster: names and sentences in the evidence have the addresses of
// the cluster, in which a person looks for them; ids stay.
func TestAddressesOfTheCluster(t *testing.T) {
	body := "@verify @id:at-192.168.33.9\nScenario Outline: <is> at 192.168.33.20:2375\nThen it <is> at 192.168.33.20\n" +
		"Examples:\n|is|\n|fails|\n"
	done, _, err := runAll(t, &fake{}, Options{Features: scenarios(body)})
	if err != nil || len(done) != 1 {
		t.Fatal(done, err)
	}
	s := done[0]
	got := []string{s.ID, s.Name, s.Steps[0].Text, s.Expected}
	want := []string{"at-192.168.33.9#1", "fails at 10.9.8.20:2375", "it fails at 10.9.8.20", "it fails at 10.9.8.20"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// brief is a scenario as the tests below compare it.
func brief(done []harness.Scenario) []string {
	var all []string
	for _, s := range done {
		line := s.ID + " " + string(s.Status)
		if s.Reason != "" {
			line += ": " + s.Reason
		}
		if s.Status == harness.Failed {
			line += fmt.Sprintf(": expected %q, seen %q", s.Expected, s.Seen)
		}
		for _, l := range s.Links {
			line += ", " + l.From + "→" + l.To
		}
		all = append(all, line)
	}
	return all
}

// noFaults is a lab without faults.
type noFaults struct{ harness.Faulter }

// TestHostsOfFailure holds that a false claim has the hosts of its failure, and that
// only a scenario that injects faults may wait for what it changes.
func TestHostsOfFailure(t *testing.T) {
	f := &fake{}
	done, _, err := runAll(t, f, Options{
		Faulter: noFaults{}, Tags: "@verify,@fault", Features: scenarios("@verify @id:false\nScenario: 0\nThen it does not hold on store\n" +
			"@fault @id:break\nScenario: 1\nThen it holds\n"),
	})
	said := slices.Equal(f.changes, []bool{false, true}) && slices.Equal(f.looks, []bool{true, false})
	if err != nil || !slices.Equal(done[0].Hosts, []string{"store"}) || !said {
		t.Errorf("%+v, %v, %v, %v", done, f.changes, f.looks, err)
	}
}

func TestRun(t *testing.T) {
	const one = "@verify @id:one\nScenario: 1\nThen it holds\n"
	const two = "@verify @id:two\nScenario: 2\nThen it holds\n"
	tests := []struct {
		name       string
		body       string
		tags       string
		fresh      bool
		noWorkload bool
		cleanErr   error
		want       []string
		err        string
	}{
		{name: "holds", body: one + two, want: []string{"one passed", "two passed"}},
		{
			name: "a false claim does not end the run, and both sides are kept",
			body: "@verify @id:false\nScenario: 0\nGiven it holds\nThen it does not hold\nAnd it holds\n" + one,
			want: []string{`false failed: expected "4 nodes", seen "3 nodes", store→worker01`, "one passed"},
		},
		{
			name: "another error is seen where the sentence was expected",
			body: "@verify @id:away\nScenario: 0\nThen the cluster is away\n",
			want: []string{`away failed: expected "the cluster is away", seen "connection refused"`},
		},
		{
			name: "a panic fails its scenario only",
			body: "@verify @id:panic\nScenario: 0\nThen it panics\n" + one,
			want: []string{`panic failed: expected "it panics", seen "out of bounds"`, "one passed"},
		},
		{
			name: "an unknown sentence fails",
			body: "@verify @id:unknown\nScenario: 0\nThen nobody knows this\n" + one,
			want: []string{`unknown failed: expected "nobody knows this", seen "step is undefined: nobody knows this"`, "one passed"},
		},
		{
			name: "rows are numbered",
			body: "@verify @id:rows\nScenario Outline: <is>\nThen it <is>\nExamples:\n|is|\n|holds|\n|does not hold|\n",
			want: []string{"rows#1 passed", `rows#2 failed: expected "4 nodes", seen "3 nodes", store→worker01`},
		},
		{
			name: "rules have scenarios, rows and a background of their own",
			body: "Background:\nGiven it holds\nRule: The first\nBackground:\nGiven it does not hold\n" + one +
				"Rule: The second\n" + two +
				"@verify @id:rows\nScenario Outline: <is>\nThen it <is>\nExamples:\n|is|\n|holds|\n|does not hold|\n",
			want: []string{
				`one failed: expected "4 nodes", seen "3 nodes", store→worker01`, "two passed", "rows#1 passed",
				`rows#2 failed: expected "4 nodes", seen "3 nodes", store→worker01`,
			},
		},
		{
			name: "tags choose",
			body: one + two + "@workload @id:three\nScenario: 3\nThen it holds\n",
			tags: "@verify,@workload && ~@id:two", want: []string{"one passed", "three passed"},
		},
		{
			name: "what was not chosen is not run, and it does not matter what it says",
			body: one + "@workload @id:three\nScenario: 3\nThen nobody knows this\nAnd it is said twice\nAnd it panics\n" + two +
				"@workload @id:four\nScenario: 4\nThen it holds\nAnd it is said twice\n",
			tags: "@verify", want: []string{"one passed", "two passed"},
		},
		{
			name: "what breaks hosts is left out",
			body: one + "@fault @id:break\nScenario: 3\nThen it holds\n",
			want: []string{"one passed"},
		},
		{
			name: "what breaks hosts is left out where tags do not name it",
			body: one + two + "@fault @id:break\nScenario: 3\nThen it holds\n",
			tags: "~@id:two", want: []string{"one passed"},
		},
		{
			name: "what breaks hosts is asked for by its kind, and needs a lab",
			body: one + "@fault @id:break\nScenario: 3\nThen it holds\n",
			tags: "@fault,@id:one", want: []string{"one passed", "break skipped: it injects faults, which is possible in a lab only"},
		},
		{
			name: "what breaks hosts is asked for by its id",
			body: one + "@fault @id:break\nScenario Outline: <is>\nThen it <is>\nExamples:\n|is|\n|holds|\n|does not hold|\n",
			tags: "@id:break,@id:one",
			want: []string{
				"one passed", "break#1 skipped: it injects faults, which is possible in a lab only",
				"break#2 skipped: it injects faults, which is possible in a lab only",
			},
		},
		{
			name: "the tutorial stops at its first failure", fresh: true,
			body: "@tutorial @id:start\nScenario: 0\nThen it does not hold\n@tutorial @id:next\nScenario: 1\nThen it holds\n" + one,
			want: []string{
				`start failed: expected "4 nodes", seen "3 nodes", store→worker01`,
				"next skipped: the tutorial stopped at start", "one skipped: the tutorial stopped at start",
			},
		},
		{
			name: "the tutorial is performed on a fresh lab only",
			body: "@tutorial @id:start\nScenario: 0\nThen it holds\n" + one,
			want: []string{"start skipped: it performs the tutorial, which needs a new lab", "one passed"},
		},
		{
			name: "all skipped is nothing checked",
			body: "@tutorial @id:start\nScenario: 0\nThen it holds\n",
			want: []string{"start skipped: it performs the tutorial, which needs a new lab"},
			err:  ErrNothingChecked.Error(),
		},
		{
			name: "an interrupted claim is neither true nor false",
			body: one + "@verify @id:slow\nScenario: 0\nThen a person interrupts\nAnd it holds\n" + two,
			want: []string{"one passed", "slow skipped: interrupted", "two skipped: interrupted"},
			err:  "context canceled",
		},
		{
			name: "what can't be asked is neither true nor false",
			body: one + "@verify @id:lost\nScenario: 0\nThen it is unreachable\nAnd it holds\n" + two,
			want: []string{"one passed", "lost skipped: store can't be reached: no route", "two passed"},
		},
		{
			name: "what another run keeps from being tried is neither true nor false",
			body: one + "@workload @id:busy\nScenario: 0\nThen another run has its turn\nAnd it holds\n" + two,
			want: []string{"one passed", "busy skipped: another labcheck starts containers on this cluster (run x)", "two passed"},
			err:  "another labcheck starts containers on this cluster (run x)",
		},
		{
			name: "what starts containers is not run where it may not", noWorkload: true,
			body: "@workload @id:box\nScenario: 0\nThen it holds\n" + two,
			want: []string{"box skipped: it starts containers, and the cluster is not a lab: --allow workload", "two passed"},
		},
		{
			name: "what can't be removed again fails", cleanErr: errors.New("container x stays"),
			body: one,
			want: []string{`one failed: expected "what the scenario started is removed again", seen "container x stays"`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{cleanErr: tt.cleanErr}
			done, _, err := runAll(t, f, Options{Features: scenarios(tt.body), Tags: tt.tags, Fresh: tt.fresh, NoWorkload: tt.noWorkload})
			if diff := cmp.Diff(tt.want, brief(done)); diff != "" {
				t.Errorf("scenarios (-want +got):\n%s", diff)
			}
			if got := fmt.Sprint(err); err != nil && got != tt.err || err == nil && tt.err != "" {
				t.Errorf("error %q, want %q", got, tt.err)
			}
			ran := 0
			for _, s := range done {
				if !strings.Contains(s.Reason, "stopped at") && !strings.Contains(s.Reason, "performs") && (s.Reason == "" || slices.Contains([]string{"slow", "lost", "busy"}, s.ID)) {
					ran++
				}
			}
			if f.cleaned != ran {
				t.Errorf("cleaned up %d times after %d scenarios", f.cleaned, ran)
			}
		})
	}
}

// TestErrorOfCleanUp holds that what can't be removed is said at the last step, unless
// that step has an error of its own.
func TestErrorOfCleanUp(t *testing.T) {
	for step, want := range map[string]string{
		"it holds": "container x stays", "the cluster is away": "connection refused",
	} {
		body := "@verify @id:a\nScenario: 1\nThen " + step + "\n"
		done, _, err := runAll(t, &fake{cleanErr: errors.New("container x stays")}, Options{Features: scenarios(body)})
		if err != nil || done[0].Steps[0].Error != want {
			t.Errorf("%s: error %q, want %q; %v", step, done[0].Steps[0].Error, want, err)
		}
	}
}

// TestRunInJapanese holds that what the run itself says is in its language.
func TestRunInJapanese(t *testing.T) {
	fs := fstest.MapFS{"ja/01_a.feature": {Data: []byte("# language: ja\n機能: ページ\n@tutorial @id:start\nシナリオ: 0\nならば it does not hold\n" +
		"@verify @id:next\nシナリオ: 1\nならば it holds\n@verify @id:slow\nシナリオ: 2\nならば a person interrupts\n")}}
	for name, tt := range map[string]struct {
		o        Options
		cleanErr error
		want     []string
	}{
		"stopped": {o: Options{Fresh: true}, want: []string{
			`start failed: expected "4 nodes", seen "3 nodes", store→worker01`, "next skipped: チュートリアルが start で止まった", "slow skipped: チュートリアルが start で止まった",
		}},
		"not fresh": {want: []string{
			"start skipped: チュートリアルを実行するシナリオには、新しいラボが必要である", "next passed", "slow skipped: 中断",
		}},
		"not removed": {o: Options{Tags: "@id:next"}, cleanErr: lang.Errorf("not in force"), want: []string{
			`next failed: expected "シナリオが起動したものは、すべて取り除かれる", seen "起きていない"`,
		}},
	} {
		tt.o.Features, tt.o.Lang = fs, lang.Japanese
		done, _, _ := runAll(t, &fake{cleanErr: tt.cleanErr}, tt.o)
		if diff := cmp.Diff(tt.want, brief(done)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRunKeepsStepsAndCommands(t *testing.T) {
	body := "@tutorial @id:a\nScenario: 0\nGiven it holds\nWhen the reader types:\n\"\"\"\ntrue\n\"\"\"\nThen it does not hold\nAnd it holds\n"
	done, events, err := runAll(t, &fake{}, Options{Features: scenarios(body), Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	s := done[0]
	var got []string
	for _, st := range s.Steps {
		got = append(got, fmt.Sprintf("%d %s %s: %s, %d commands %s", st.Line, st.Keyword, st.Text, st.Status, len(st.Commands), st.Error))
		if (st.Comparison != nil) != (st.Text == "the reader types:") {
			t.Errorf("%s: %+v", st.Text, st.Comparison)
		}
	}
	want := []string{
		"4 Given it holds: passed, 0 commands ",
		"5 When the reader types:: passed, 1 commands ",
		"9 Then it does not hold: failed, 0 commands after 1s still: the cluster: expected 4 nodes, seen 3 nodes",
		"10 And it holds: skipped, 0 commands ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if s.File != "features/en/01_a.feature" || s.Line != 3 || s.Feature != "A page" || s.Duration <= 0 || s.Start.IsZero() {
		t.Errorf("scenario: %s:%d of %q, %s since %s", s.File, s.Line, s.Feature, s.Duration, s.Start)
	}
	wantEvents := []string{"0 1/1 a", "2 1/1 a", "3 1/1 a 0+1"}
	if diff := cmp.Diff(wantEvents, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestFeaturesEnd(t *testing.T) {
	fs := scenarios("@verify @id:a\nScenario: 1\nThen it holds\n@verify @id:b\nScenario: 2\nThen it does not hold\n")
	fs["en/02_b.feature"] = &fstest.MapFile{Data: []byte("Feature: Another\n@verify @id:c\nScenario: 3\nThen it holds\n" +
		"@verify @id:d\nScenario: 4\nThen a person interrupts\n")}
	for tags, want := range map[string][]string{
		"": {"A page"}, "~@id:d": {"A page", "Another, the last"}, "@id:c": {"Another, the last"},
	} {
		var ended []string
		note := func(_ context.Context, name string, isLast bool) {
			ended = append(ended, name+map[bool]string{true: ", the last"}[isLast])
		}
		_, events, _ := runAll(t, &fake{}, Options{Features: fs, Tags: tags, featureEnded: note})
		if tags == "" && (!slices.Contains(events, "3 2/4 b 1+1") || !slices.Contains(events, "3 4/4 d 1+0")) {
			t.Errorf("events: %q", events)
		}
		if diff := cmp.Diff(want, ended); diff != "" {
			t.Errorf("%q: features that ended (-want +got):\n%s", tags, diff)
		}
	}
}

func TestAmbiguousSentenceFails(t *testing.T) {
	done, _, err := runAll(t, &fake{}, Options{Features: scenarios("@verify @id:a\nScenario: 0\nThen it is said twice\n")})
	if err != nil || done[0].Status != harness.Failed || !strings.Contains(done[0].Seen, "ambiguous") {
		t.Errorf("%v, %+v", err, brief(done))
	}
}

func TestLoadRefuses(t *testing.T) {
	const holds = "\nScenario: 1\nThen it holds\n"
	tests := map[string]struct{ body, want string }{
		"no id":     {"@verify" + holds, `01_a.feature:3: scenario "1" needs one @id:`},
		"two ids":   {"@verify @id:a @id:b" + holds, "needs one @id:"},
		"no kind":   {"@id:a" + holds, "needs one @id:"},
		"two kinds": {"@id:a @verify @workload" + holds, "needs one @id:"},
		"id taken":  {"@verify @id:a" + holds + "@verify @id:a" + holds, "01_a.feature:6: the id a is taken"},
		"no steps":  {"@verify @id:a\nScenario: 1\n", "has no steps"},
		"syntax":    {"Scenario: 1\n|x|\n", "01_a.feature"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Load(scenarios(tt.body), "en")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := Load(scenarios(""), "tlh"); err == nil {
		t.Error("a language with no features was read")
	}
}
