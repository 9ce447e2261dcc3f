package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/tutorial"
	"labcheck/sim"
)

func newUpCommand(a *app) *cobra.Command {
	var bare bool
	c := &cobra.Command{
		Use: "up", Short: a.lang.Say("Start the five hosts and build the tutorial's cluster on them"),
		Long: a.lang.Say(`up starts the lab's hosts, or those that are not running, and performs the
tutorial on them: it returns when containers on any two hosts can reach one
another over mynet. If that is so already it changes nothing.`),
		RunE: a.onLab(func(ctx context.Context, s *session, _ []string) error { return bringUp(ctx, s, bare) }),
	}
	c.Flags().BoolVar(&bare, "bare", false, a.lang.Say("hosts with engines only: the tutorial is yours to type"))
	return c
}

func bringUp(ctx context.Context, s *session, bare bool) error {
	_, err := s.lab.Nodes(ctx)
	fresh := errors.Is(err, harness.ErrNoNodes)
	began := time.Now()
	if fresh && !bare {
		err = makeLab(ctx, s)
	} else {
		err = startAgain(ctx, s, bare)
	}
	if err == nil || !fresh {
		s.lab.Keep()
	}
	if err != nil {
		return err
	}
	printRunningLab(s, time.Since(began))
	return nil
}

// startAgain starts those hosts of a lab that do not run, and performs what of the
// tutorial is not done.
func startAgain(ctx context.Context, s *session, bare bool) error {
	ended, err := s.lab.Ended(ctx)
	if err != nil && !errors.Is(err, harness.ErrNoNodes) {
		return err
	}
	if err := s.startHosts(ctx); err != nil || bare {
		return err
	}
	return performMissing(ctx, s, extras{started: len(ended) > 0})
}

// makeLab starts a new lab's hosts and performs the tutorial on them meanwhile:
// each step begins when the engines that it is about answer.
func makeLab(ctx context.Context, s *session) error {
	if err := s.ensureImages(ctx); err != nil {
		return err
	}
	t := s.lab.Topology()
	what := s.lang.Say("Build the cluster of %d hosts on %s", len(t.Hosts()), t.Subnet)
	return s.progress.TrackPart(what, func() error {
		_, err := s.lab.UpWith(ctx, func(ctx context.Context, nodes []harness.Node) error {
			cluster, err := s.services.Open(t, nodes)
			if err != nil {
				return err
			}
			defer cluster.Close()
			return s.performTutorial(ctx, cluster, tutorial.Default().Bootstrap, true)
		})
		return err
	})
}

// printRunningLab tells where the lab is and how to go on.
func printRunningLab(s *session, took time.Duration) {
	t := s.lab.Topology()
	s.progress.Close()
	if s.json {
		s.printJSON(map[string]any{"lab": s.lab.Lab(), "topology": t, "duration_ns": took})
		return
	}
	fmt.Fprintln(s.out, s.lang.Say("Lab %s is running on %s after %.1fs.", s.lab.Lab(), t.Subnet, took.Seconds()))
	s.progress.Print(s.lang.Say("  check it: labcheck%[1]s   type on it: eval \"$(labcheck env%[1]s)\"   "+
		"remove it: labcheck down%[1]s", sim.Flags(s.lab)))
}
