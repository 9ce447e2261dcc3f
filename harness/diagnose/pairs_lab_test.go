//go:build lab

package diagnose_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"labcheck/features"
	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/suite"
	"labcheck/harness/tutorial"
)

// claims has TestRecordPairs check the claims under each fault, which takes long.
var claims = flag.Bool("claims", false, "with -record: write which claims are false under each fault into testdata/failures.json")

// TestRecordPairs records, with -record, what a lab says under the faults of each
// pair. With -all it records anew what is there already.
func TestRecordPairs(t *testing.T) {
	if !*record {
		t.Skip("without -record: TestPairs judges what is recorded")
	}
	b := newBench(t)
	if err := errors.Join(tutorial.Default().Bootstrap(t.Context(), b.Cluster, nil), b.whole(t.Context(), 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	pattern := regexp.MustCompile(*only)
	failures := readFailures(t)
	checked := map[string]bool{}
	for _, p := range readPairs(t) {
		for _, f := range p {
			if pattern.MatchString(f.name) && *claims && !checked[f.name] {
				checked[f.name] = true
				b.under(t, f.steps, f.undo, func() { failures[f.name] = b.failures(t) })
				t.Log(f.name, failures[f.name])
				writeFailures(t, failures)
			}
		}
		if _, missing := os.Stat(stateFile(p.name())); pattern.MatchString(p.name()) && (*every || missing != nil) {
			b.under(t, slices.Concat(p[0].steps, p[1].steps), slices.Concat(p[1].undo, p[0].undo), func() {
				s := diagnose.Survey(t.Context(), b.Cluster)
				t.Log(p.name(), codes(diagnose.Diagnose(s, diagnose.Options{})))
				writeState(t, p.name(), s)
			})
		}
	}
}

// under does something while faults are in force, and makes the lab whole again.
func (b *bench) under(t *testing.T, steps, undo []action, do func()) {
	t.Helper()
	for _, a := range steps {
		if err := b.do(t.Context(), a); err != nil {
			t.Error(err)
		}
	}
	do()
	for _, a := range undo {
		if err := b.do(t.Context(), a); err != nil {
			t.Error(err)
		}
	}
	if err := b.recover(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// failures returns the claims that are false on the lab.
func (b *bench) failures(t *testing.T) []failure {
	t.Helper()
	// The machine may be slow: only what is false is to fail.
	ctx, cancel := harness.WithTotal(t.Context(), 4*harness.DefaultTimeout, nil)
	defer cancel()
	patience := 2 * time.Second
	ran, err := suite.Run(ctx, suite.Options{
		Features: features.FS, Lang: "en", Tags: "@verify or @workload", Cluster: b.Cluster, Patience: &patience,
	})
	if err != nil {
		t.Error(err)
	}
	var all []failure
	for _, s := range ran {
		if s.Status == harness.Failed {
			all = append(all, failure{s.ID, s.Hosts})
		}
	}
	return all
}

func writeFailures(t *testing.T, all map[string][]failure) {
	t.Helper()
	content, err := json.MarshalIndent(all, "", "\t")
	if err := cmp.Or(err, os.WriteFile(filepath.FromSlash(failuresFile), append(content, '\n'), 0o644)); err != nil {
		t.Fatal(err)
	}
}
