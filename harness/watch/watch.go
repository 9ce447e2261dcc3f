// Package watch checks a cluster again and again, tells what changes, and serves
// the last check to Prometheus.
package watch

import (
	"context"
	"slices"
	"time"

	"labcheck/harness"
)

// Options say how often a cluster is checked, and how.
type Options struct {
	Interval time.Duration // from the start of a check to that of the next
	Rounds   int           // how many checks; 0 is without end
	// Check checks the cluster once. It looks for the causes of false claims if
	// diagnose says so of what it has found. What it returns after ctx has ended
	// is ignored.
	Check func(ctx context.Context, diagnose func(harness.Evidence) bool) harness.Evidence
	// Tell is told of each change, from the goroutine of Run.
	Tell func(Change)
	// Metrics may be nil.
	Metrics *Metrics
}

// Summary is what a watch came to.
type Summary struct {
	Checks  int
	Holding int // checks in which every claim was true
	Took    time.Duration
	Last    harness.Verdict // of the last check; empty before there was one
}

// watcher is a watch as it goes.
type watcher struct {
	Options
	Summary
	claims map[string]harness.Scenario // as they were last
	causes map[cause]int               // how many were told since every claim was true
}

// cause is what findings are counted by: one host may have several of a code.
type cause struct{ code, node string }

func newWatcher(o Options) *watcher {
	return &watcher{Options: o, claims: map[string]harness.Scenario{}, causes: map[cause]int{}}
}

// Run checks until ctx ends, or there were enough checks.
func Run(ctx context.Context, o Options) Summary {
	w := newWatcher(o)
	began := time.Now()
	ticks := time.NewTicker(o.Interval)
	defer ticks.Stop()
	for {
		if e := o.Check(ctx, w.isWorse); ctx.Err() == nil {
			w.takeCheck(e)
		}
		w.Took = time.Since(began)
		if w.Checks == o.Rounds && o.Rounds > 0 {
			return w.Summary
		}
		select {
		case <-ctx.Done():
			w.Took = time.Since(began)
			return w.Summary
		case <-ticks.C:
		}
	}
}

// isWorse reports whether a claim is false that was not.
func (w *watcher) isWorse(e harness.Evidence) bool {
	return slices.ContainsFunc(e.Scenarios, func(s harness.Scenario) bool {
		return s.Status == harness.Failed && w.claims[s.ID].Status != harness.Failed
	})
}

// takeCheck tells what a check has changed: a claim that is not as it was, a cause
// that is new, and the verdict. The first check tells only what does not hold, and
// the counts.
func (w *watcher) takeCheck(e harness.Evidence) {
	w.Checks++
	for _, s := range e.Scenarios {
		was, known := w.claims[s.ID]
		w.claims[s.ID] = s
		if was.Status != s.Status && (known || s.Status == harness.Failed) {
			w.Tell(changeOf(e.Run.Started, s))
		}
	}
	if e.Run.Verdict == harness.VerdictHolds {
		w.Holding++
		clear(w.causes)
	}
	found := map[cause]int{}
	for _, f := range e.Findings {
		id := cause{f.Code, f.Node}
		if found[id]++; found[id] > w.causes[id] {
			w.causes[id] = found[id]
			w.Tell(Change{Time: e.Run.Started, Finding: &f})
		}
	}
	if e.Run.Verdict != w.Last {
		w.Tell(Change{Time: e.Run.Started, Verdict: e.Run.Verdict, Reason: e.Run.Error, Counts: &e.Counts})
	}
	w.Last = e.Run.Verdict
	w.Metrics.set(e)
}
