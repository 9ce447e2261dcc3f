package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/suite"
	"labcheck/harness/watch"
)

// watchFlags are the flags of `labcheck watch` alone.
type watchFlags struct {
	interval time.Duration
	listen   string
	rounds   int
}

func newWatchCommand(a *app) *cobra.Command {
	var f watchFlags
	c := &cobra.Command{
		Use: "watch", Short: a.lang.Say("Check again and again, and tell what changes"),
		Long: a.lang.Say(`watch runs the scenarios that only look (@verify) every --interval, and prints a
line for each claim that changes, and for each cause. It ends with Ctrl-C, and a
summary. --listen serves Prometheus metrics at /metrics, and /healthz.`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.checkUse(); err != nil {
				return usageError(err, "labcheck watch --help")
			}
			return a.open(cmd.Context(), readAccess, func(ctx context.Context, s *session) error { return watchTarget(ctx, s, f) })
		},
	}
	c.Example = "  labcheck watch --target ec2 --inventory cluster.yaml --listen localhost:9273"
	c.Flags().DurationVar(&f.interval, "interval", time.Minute, a.lang.Say("from the start of one check to that of the next"))
	c.Flags().StringVar(&f.listen, "listen", "", a.lang.Say(
		"serve /metrics and /healthz at this `address`, such as localhost:9273"))
	c.Flags().IntVar(&f.rounds, "rounds", 0, a.lang.Say("end after so many checks; 0 is never"))
	return c
}

func (f watchFlags) checkUse() error {
	switch {
	case f.interval <= 0:
		return lang.Errorf("--interval %s: it must be more than 0", f.interval)
	case f.rounds < 0:
		return lang.Errorf("--rounds %d: it must not be negative", f.rounds)
	}
	return nil
}

// watchTarget checks until ctx ends, or there were enough checks.
func watchTarget(ctx context.Context, s *session, f watchFlags) error {
	if _, err := s.target.Nodes(ctx); err != nil {
		return err
	}
	s.logIn(ctx)
	o := watch.Options{
		Interval: f.interval, Rounds: f.rounds,
		Check: func(ctx context.Context, diagnose func(harness.Evidence) bool) harness.Evidence {
			return checkOnce(ctx, s, diagnose)
		},
		Tell: func(c watch.Change) { printChange(s, c) },
	}
	if f.listen != "" {
		o.Metrics = watch.NewMetrics(f.interval)
		at, stop, err := o.Metrics.Serve(f.listen)
		if err != nil {
			return usageError(lang.Errorf("--listen: %w", err), s.lang.Say("choose another --listen"))
		}
		defer stop()
		fmt.Fprintln(s.err, s.lang.Say("serving http://%s/metrics and /healthz", at))
	}
	s.progress.Close()
	s.progress.Silent = true // each change is told once, by the watch itself
	sum := watch.Run(ctx, o)
	fmt.Fprintln(s.err, s.lang.Say("%d checks in %s; in %d of them every claim was true",
		sum.Checks, sum.Took.Round(time.Second), sum.Holding))
	if ctx.Err() != nil {
		return toldError{harness.VerdictInterrupted}
	}
	return toldError{sum.Last}
}

// watchWait is how long all waits of one check may take together.
const watchWait = 5 * time.Second

// checkOnce checks what only looks, within --timeout.
func checkOnce(ctx context.Context, s *session, diagnose func(harness.Evidence) bool) harness.Evidence {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	s.nodes = nil // what was lost before may be there again
	e := newEvidence(s, suite.TagVerify)
	failed := runScenarios(ctx, s, checkFlags{wait: watchWait}, &e)
	if diagnose(e) {
		findCauses(ctx, s, &e)
	}
	e.Conclude(ctx, failed)
	return e
}

// printChange prints a change on a line; with --json as a document of its own.
func printChange(s *session, c watch.Change) {
	if !s.json {
		fmt.Fprintln(s.out, c.In(s.lang))
		return
	}
	s.printed = true
	_ = json.NewEncoder(s.out).Encode(c) // of our own types; a closed stdout has nobody to tell
}
