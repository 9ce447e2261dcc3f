package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
		RunE: a.onLab(func(ctx context.Context, s *session, _ []string) error { return startLab(ctx, s, bare) }),
	}
	c.SuggestFor = []string{"start", "create", "make"}
	c.Example = "  labcheck up\n  labcheck up --lab two --subnet 192.168.34.0/24\n" +
		"  labcheck up --engine tcp://10.0.0.1:2375 --engine ssh://10.0.0.2 --form"
	c.Flags().BoolVar(&a.options.Form, "form", false, a.lang.Say(
		"make a swarm of the engines that are in none, for a lab on several machines"))
	c.Flags().BoolVar(&bare, "bare", false, a.lang.Say("hosts with engines only: the tutorial is yours to type"))
	return c
}

func startLab(ctx context.Context, s *session, bare bool) error {
	_, err := s.lab.Nodes(ctx)
	fresh := errors.Is(err, harness.ErrNoNodes)
	began := time.Now()
	if fresh && !bare {
		err = s.buildCluster(ctx)
	} else {
		err = startAgain(ctx, s, bare)
	}
	if err == nil || !fresh {
		s.lab.Keep()
	}
	if err != nil {
		return err
	}
	printRunningLab(ctx, s, time.Since(began))
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
	perform := tutorial.Default().Bootstrap
	if len(ended) > 0 {
		perform = tutorial.Default().Resume
	}
	return performMissing(ctx, s, extras{}, perform)
}

// upDocument is what --json prints.
type upDocument struct {
	Lab      string           `json:"lab"`
	Topology harness.Topology `json:"topology"`
	Duration time.Duration    `json:"duration_ns"`
}

// printRunningLab tells where the lab is and how to go on.
func printRunningLab(ctx context.Context, s *session, took time.Duration) {
	t := s.lab.Topology()
	if s.printJSON(upDocument{s.lab.Lab(), t, took}) {
		return
	}
	fmt.Fprintln(s.out, s.lang.Say("Lab %s is running on %s after %.1fs.", s.lab.Lab(), t.Subnet, took.Seconds()))
	flags, separator := sim.Flags(s.lab), "   "
	if len(s.options.Engines) > 1 {
		separator = "\n  "
	}
	typing := `eval "$(labcheck env` + flags + `)"`
	if direct, _ := s.lab.Direct(ctx); !direct {
		typing = "labcheck exec" + flags + " -t manager"
	}
	s.progress.Print("  " + strings.Join([]string{
		s.lang.Say("check it: %s", "labcheck"+flags), s.lang.Say("type on it: %s", typing),
		s.lang.Say("remove it: %s", "labcheck down"+flags),
	}, separator))
}
