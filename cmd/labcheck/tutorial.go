package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// reading is how long a person may take for the page.
const reading = 24 * time.Hour

func (a *app) tutorialCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "tutorial", Short: a.lang.Say("Walk through the page on a lab, command by command"),
		Long: a.lang.Say(`tutorial starts a lab and goes through the page on it: for each command it says
what it is for, waits for Enter, runs it on the manager as typed, and says how
the answer compares with what the page shows. The lab stays, whenever you leave;
the same command then goes on where the lab is.`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("timeout") {
				a.timeout = reading
			}
			if err := a.checkTutorial(yes); err != nil {
				return err
			}
			return a.inLab(cmd.Context(), func(ctx context.Context, s *session) error {
				return s.tutorial(ctx, yes)
			})
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, a.lang.Say("do not wait for Enter"))
	return c
}

func (a *app) checkTutorial(yes bool) error {
	switch {
	case !yes && a.json:
		return &usageError{lang.Errorf("with --json nobody is asked"), "labcheck tutorial --json --yes"}
	case !yes && !isTerminal(a.in):
		return &usageError{lang.Errorf("there is no terminal to ask on"), "labcheck tutorial --yes"}
	}
	return nil
}

// tutorial is the whole of `labcheck tutorial`.
func (s *session) tutorial(ctx context.Context, yes bool) error {
	if _, err := s.lab.Nodes(ctx); errors.Is(err, harness.ErrNoNodes) {
		if err := s.startHosts(ctx); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	s.lab.Keep()
	s.progress.close()
	cluster, err := s.cluster(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	w := &walk{session: s, cluster: cluster, page: tutorial.Default(), out: s.out, terminal: tutorial.NewTerminal(cluster.Node(cluster.Topology().Manager.Name))}
	if s.json {
		w.out = io.Discard
	}
	if !yes {
		w.lines = readLines(s.in)
	}
	return w.leave(ctx, w.all(ctx))
}
