package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/suite"
)

// watchFlags are the flags of `labcheck watch` alone.
type watchFlags struct {
	interval time.Duration
	listen   string
	rounds   int
}

func (a *app) watchCommand() *cobra.Command {
	var f watchFlags
	c := &cobra.Command{
		Use: "watch", Short: a.lang.Say("Check again and again, and tell what changes"),
		Long: a.lang.Say(`watch checks what only looks (@verify) every --interval, and prints a line for
each claim that changes, and for what makes claims false. It ends with Ctrl-C,
and a summary. --listen serves Prometheus metrics at /metrics, and /healthz.`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.interval <= 0 || f.rounds < 0 {
				return &usageError{lang.Errorf("--interval must be more than 0, and --rounds not less"), "labcheck watch --help"}
			}
			return a.open(cmd.Context(), looks, func(ctx context.Context, s *session) error { return s.watch(ctx, f) })
		},
	}
	c.Flags().DurationVar(&f.interval, "interval", time.Minute, a.lang.Say("from the start of one check to that of the next"))
	c.Flags().StringVar(&f.listen, "listen", "", a.lang.Say("serve /metrics and /healthz at this `address`, such as localhost:9273"))
	c.Flags().IntVar(&f.rounds, "rounds", 0, a.lang.Say("end after so many checks; 0 is never"))
	return c
}

// watcher is a watch as it goes.
type watcher struct {
	*session
	watchFlags
	metrics *metrics
	claims  map[string]harness.Scenario // as they were last
	causes  map[string]bool             // those told since every claim was true
	last    harness.Evidence
	checks  int
	whole   int // checks in which every claim was true
	began   time.Time
}

// watch checks until ctx ends, or there were enough checks.
func (s *session) watch(ctx context.Context, f watchFlags) error {
	if _, err := s.target.Nodes(ctx); err != nil {
		return err
	}
	w := &watcher{session: s, watchFlags: f, metrics: newMetrics(f.interval), claims: map[string]harness.Scenario{}, causes: map[string]bool{}, began: time.Now()}
	if f.listen != "" {
		stop, err := w.serve()
		if err != nil {
			return err
		}
		defer stop()
	}
	s.progress.close()
	s.progress.silent = true // each change is told once, by the watch itself
	ticks := time.NewTicker(f.interval)
	defer ticks.Stop()
	for f.rounds == 0 || w.checks < f.rounds {
		if w.round(ctx); f.rounds == w.checks {
			break
		}
		select {
		case <-ctx.Done():
		case <-ticks.C:
		}
		if ctx.Err() != nil {
			break
		}
	}
	return w.summary(ctx)
}

// serve serves the metrics until stop is called.
func (w *watcher) serve() (stop func(), err error) {
	l, err := net.Listen("tcp", w.listen)
	if err != nil {
		return nil, &usageError{lang.Errorf("--listen: %w", err), w.lang.Say("another --listen")}
	}
	server := &http.Server{Handler: w.metrics.handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }() // it ends with stop
	fmt.Fprintln(w.err, w.lang.Say("serving http://%s/metrics and /healthz", l.Addr()))
	return func() { _ = server.Close() }, nil
}

// round checks once. A round that was interrupted says nothing.
func (w *watcher) round(ctx context.Context) {
	bounded, cancel := harness.WithTotal(ctx, w.timeout, errTimeout{w.timeout})
	defer cancel()
	w.nodes = nil // what was lost before may be there again
	e := w.newEvidence(suite.TagVerify)
	failed := w.runScenarios(bounded, checkFlags{wait: watchWait, hurried: true}, &e)
	if w.worse(e) {
		w.findCauses(bounded, &e)
	}
	if ctx.Err() != nil {
		return
	}
	e.Run.Duration = time.Since(e.Run.Started)
	if e.Run.Verdict = verdict(bounded, &e, failed); failed != nil {
		e.Run.Error = w.message(failed)
	}
	w.checks++
	if e.Run.Verdict == harness.VerdictHolds {
		w.whole++
	}
	w.tell(e)
	w.last = e
	w.metrics.set(e)
}

// watchWait is how long all waits of one check may take together.
const watchWait = 5 * time.Second

// worse tells whether a claim is false that was not.
func (w *watcher) worse(e harness.Evidence) bool {
	return slices.ContainsFunc(e.Scenarios, func(s harness.Scenario) bool {
		return s.Status == harness.Failed && w.claims[s.ID].Status != harness.Failed
	})
}

// tell prints a line for each claim that is not as it was, and for each cause that
// is new; the first time only what does not hold, and the counts.
func (w *watcher) tell(e harness.Evidence) {
	for _, s := range e.Scenarios {
		was, known := w.claims[s.ID]
		w.claims[s.ID] = s
		if was.Status == s.Status || !known && s.Status != harness.Failed {
			continue
		}
		w.line(change{Time: e.Run.Started, ID: s.ID, Name: s.Name, Status: s.Status, Reason: s.Reason, Expected: s.Expected, Seen: s.Seen})
	}
	if e.Run.Verdict == harness.VerdictHolds {
		clear(w.causes)
	}
	for _, f := range e.Findings {
		if !w.causes[f.Cause] {
			w.causes[f.Cause] = true
			w.line(change{Time: e.Run.Started, Finding: &f})
		}
	}
	if w.checks == 1 || e.Run.Verdict != w.last.Run.Verdict {
		w.line(change{Time: e.Run.Started, Verdict: e.Run.Verdict, Reason: e.Run.Error, Counts: &e.Counts})
	}
}

// change is what watch prints: of a claim, of a cause, or of the verdict on the
// whole.
type change struct {
	Time     time.Time        `json:"time"`
	ID       string           `json:"id,omitempty"`
	Name     string           `json:"name,omitempty"`
	Status   harness.Status   `json:"status,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Expected string           `json:"expected,omitempty"`
	Seen     string           `json:"seen,omitempty"`
	Finding  *harness.Finding `json:"finding,omitempty"`
	Verdict  harness.Verdict  `json:"verdict,omitempty"`
	Counts   *harness.Counts  `json:"counts,omitempty"`
}

// In is the change in a line, in a language.
func (c change) In(l lang.Language) string {
	at := c.Time.Format(time.RFC3339)
	claim := fmt.Sprintf("%s (%s)", c.Name, c.ID)
	switch {
	case c.Counts != nil:
		line := l.Say("%s %s: %d claims hold, %d are false, %d could not be checked",
			at, c.Verdict, c.Counts.Passed, c.Counts.Failed, c.Counts.Skipped)
		if c.Reason != "" {
			line += ": " + c.Reason
		}
		return line
	case c.Finding != nil:
		todo := strings.Join(c.Finding.Remedy, "; ")
		return l.Say("%s ! cause: %s (%s); try: %s", at, c.Finding.Cause, c.Finding.Code, cmp.Or(todo, c.Finding.Advice))
	case c.Status == harness.Failed:
		return l.Say("%s ✗ %s: expected %s, seen %s", at, claim, oneLine(c.Expected), oneLine(c.Seen))
	case c.Status == harness.Skipped:
		return fmt.Sprintf("%s - %s: %s", at, claim, oneLine(c.Reason))
	}
	return l.Say("%s ✓ %s: holds again", at, claim)
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' }), "; ")
}

// line prints a change; with --json as one JSON document in a line.
func (w *watcher) line(c change) {
	if !w.json {
		fmt.Fprintln(w.out, c.In(w.lang))
		return
	}
	w.printed = true
	_ = json.NewEncoder(w.out).Encode(c) // of our own types; a closed stdout has nobody to tell
}

// summary is the last line. The exit code is that of the last check, or that of
// an interruption.
func (w *watcher) summary(ctx context.Context) error {
	fmt.Fprintln(w.err, w.lang.Say("%d checks in %s; in %d of them every claim was true",
		w.checks, time.Since(w.began).Round(time.Second), w.whole))
	switch {
	case ctx.Err() != nil:
		return &exitError{exitInterrupted}
	case w.last.Run.Verdict == harness.VerdictFalse:
		return &exitError{exitFalse}
	case w.last.Run.Verdict == harness.VerdictUnreachable:
		return &exitError{exitUnreachable}
	}
	return nil
}
