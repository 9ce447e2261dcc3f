//go:build lab

package diagnose_test

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"labcheck/harness/diagnose"
	"labcheck/harness/pace"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
)

var (
	every  = flag.Bool("all", false, "try every fault, not just one of each layer")
	only   = flag.String("faults", "", "try the faults that match this regular expression, and no others")
	record = flag.Bool("record", false, "write what the cluster says under each fault into testdata/states")
)

// How long a diagnosis may take.
const (
	ofHealthy = 2 * time.Second
	ofBroken  = 5 * time.Second
)

// outcome is what came of a fault.
type outcome struct {
	fault
	state    survey.State
	found    diagnose.Result
	took     time.Duration // all of it: breaking, finding, mending
	mended   string        // how
	mendErr  error
	breakErr error
}

func (o outcome) right() bool { return o.breakErr == nil && codes(o.found) == listed(o.expect) }

// first tells whether the right cause came first, whatever came after it.
func (o outcome) first() bool {
	f := o.found.Findings
	if len(o.expect) == 0 {
		return len(f) == 0
	}
	return len(f) > 0 && expected{f[0].Code, f[0].Node} == o.expect[0]
}

// TestSeededFaults breaks one lab in every way of the table, and wants each
// cause found, alone and in time, and mended by what the finding says. Then it
// wants nothing found on the healthy cluster, again and again.
func TestSeededFaults(t *testing.T) {
	faults := chosen(t)
	start := time.Now()
	b := newBench(t)
	if err := errors.Join(tutorial.Default().Bootstrap(t.Context(), b.Cluster, nil), b.whole(t.Context(), 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	var all []outcome
	first := 0
	for _, f := range faults {
		o := b.try(t.Context(), f)
		all = append(all, o)
		report(t, o)
		if *record && o.right() {
			writeState(t, f.name, o.state)
		}
		if o.first() {
			first++
		}
	}
	t.Logf("%d of %d: the right cause first; %s in all", first, len(all), time.Since(start).Round(time.Second))
	healthy(t, b)
	if *record {
		writeState(t, healthyState, diagnose.Survey(t.Context(), b.Cluster))
	}
	if *update {
		writeTables(t)
	}
}

// chosen are the faults to try: unless others are asked for, the first that does
// not take long of each layer, which a code's first word names.
func chosen(t *testing.T) []fault {
	t.Helper()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var all []fault
	for _, f := range readFaults(t) {
		layer := f.file
		if len(f.expect) > 0 {
			layer, _, _ = strings.Cut(f.expect[0].code, "-")
		}
		quick := !seen[layer] && !f.long
		if *only != "" && pattern.MatchString(f.name) || *only == "" && (quick || *every) {
			all = append(all, f)
		}
		seen[layer] = seen[layer] || quick
	}
	return all
}

func report(t *testing.T, o outcome) {
	t.Helper()
	t.Logf("%-28s %-34s found in %4d ms, %5.1f s in all, %s", o.name, codes(o.found), o.found.Duration.Milliseconds(), o.took.Seconds(), o.mended)
	if !o.right() {
		t.Errorf("%s: expected %s, found %s %v", o.name, listed(o.expect), codes(o.found), o.breakErr)
		for _, f := range o.found.Findings {
			t.Logf("%+v", f)
		}
	}
	pace.Within(t, o.name+": the diagnosis", o.found.Duration, time.Duration(o.found.Patience*float64(ofBroken)))
	if o.mendErr != nil {
		t.Errorf("%s: %v", o.name, o.mendErr)
	}
}

// try breaks the cluster, has it diagnosed, and makes it whole again.
func (b *bench) try(ctx context.Context, f fault) outcome {
	start := time.Now()
	o := outcome{fault: f}
	for _, a := range f.steps {
		o.breakErr = errors.Join(o.breakErr, b.do(ctx, a))
	}
	asked := time.Now()
	o.state = diagnose.Survey(ctx, tutorial.Recognize(ctx, b.Cluster))
	o.found = diagnose.Diagnose(o.state, diagnose.Options{})
	o.found.Duration = time.Since(asked)
	if f.remedy && o.right() {
		o.mended, o.mendErr = "mended by the remedy", b.mend(ctx, o.found)
	}
	for _, a := range f.undo {
		if err := b.do(ctx, a); err != nil {
			o.mendErr = errors.Join(o.mendErr, fmt.Errorf("undo: %w", err))
		}
	}
	if !f.remedy || !o.right() || o.mendErr != nil {
		o.mended = "undone"
		o.mendErr = errors.Join(o.mendErr, b.recover(ctx))
	}
	o.took = time.Since(start)
	return o
}

// mend types the findings' commands where they belong and wants the cluster whole.
func (b *bench) mend(ctx context.Context, r diagnose.Result) error {
	if err := b.remedies(ctx, r); err != nil {
		return err
	}
	if err := b.whole(ctx, 20*time.Second); err != nil {
		return fmt.Errorf("after the remedy: %w", err)
	}
	return nil
}

func (b *bench) remedies(ctx context.Context, r diagnose.Result) error {
	ctx, cancel := context.WithTimeout(ctx, pace.Limit(30*time.Second)) // a command may hang, as it would for a person
	defer cancel()
	for _, f := range r.Findings {
		for _, command := range f.Remedy {
			if _, err := b.Node(cmp.Or(f.RemedyHost, b.Topology().Manager.Name)).Exec(ctx, "sh", "-c", command); err != nil {
				return fmt.Errorf("remedy: %w", err)
			}
		}
	}
	return nil
}

// recover does what of the tutorial the fault has undone, after the findings'
// own commands.
func (b *bench) recover(ctx context.Context) error {
	if r := diagnose.Run(ctx, b.Cluster, diagnose.Options{}); len(r.Findings) > 0 {
		_ = b.remedies(ctx, r) // whether that was enough is seen below
	}
	return errors.Join(tutorial.Default().Bootstrap(ctx, b.Cluster, nil), b.whole(ctx, 40*time.Second))
}

// healthy wants 50 diagnoses of a healthy cluster to find nothing, in time.
func healthy(t *testing.T, b *bench) {
	t.Helper()
	var longest time.Duration
	for range 50 {
		r := diagnose.Run(t.Context(), b.Cluster, diagnose.Options{})
		longest = max(longest, r.Duration)
		if len(r.Findings) > 0 || len(r.NotAsked) > 0 {
			t.Errorf("on a healthy cluster: %s; not asked: %v", codes(r), r.NotAsked)
		}
	}
	t.Logf("50 diagnoses of a healthy cluster, the longest took %s", longest.Round(time.Millisecond))
	pace.Within(t, "the longest", longest, ofHealthy)
	r := diagnose.Run(t.Context(), b.Cluster, diagnose.Options{Workload: true})
	if len(r.Findings) > 0 || len(r.Held) == 0 || !strings.Contains(r.Held[len(r.Held)-1], "reach one another") {
		t.Errorf("by packet: %+v", r)
	}
	t.Logf("by packet: %s", r.Duration.Round(time.Millisecond))
}

// renameOnly is an archive of one file, with that file under another name.
func renameOnly(archive io.Reader, name string) (io.Reader, error) {
	r := tar.NewReader(archive)
	header, err := r.Next()
	if err != nil {
		return nil, err
	}
	header.Name = name
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := io.Copy(w, r); err != nil {
		return nil, err
	}
	return &b, w.Close()
}
