package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
	"labcheck/harness/workload"
)

func newDownCommand(a *app) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "down", Short: a.lang.Say("Remove the lab, and nothing else"),
		Long: a.lang.Say(`down removes the lab. With --target ec2 it removes the test containers that
interrupted checks left: those that carry labcheck's own label.`),
		PreRun: func(*cobra.Command, []string) { a.goesOn, a.options.Removing = true, true },
		RunE: a.onTarget(changeAccess, func(ctx context.Context, s *session, _ []string) error {
			if s.lab == nil {
				return removeLeftovers(ctx, s, yes)
			}
			return takeDown(ctx, s)
		}),
	}
	c.SuggestFor = []string{"stop", "delete", "destroy", "rm"}
	c.Example = "  labcheck down --lab two"
	c.Flags().BoolVar(&yes, "yes", false, a.lang.Say(
		"don't ask before containers are removed from the nodes of --target ec2"))
	return c
}

// downDocument is what --json prints: of a lab whether it was there, of nodes that
// exist how many containers were left, and which of them were removed.
type downDocument struct {
	Lab        string   `json:"lab,omitempty"`
	Removed    bool     `json:"removed"`
	Found      *int     `json:"found,omitempty"`
	Containers []string `json:"containers,omitempty"`
	*failure
}

func takeDown(ctx context.Context, s *session) error {
	there, err := s.lab.Exists(ctx)
	if err == nil && there {
		err = s.removeLab(ctx)
	}
	if err != nil {
		return err
	}
	if !s.printJSON(downDocument{Lab: s.lab.Lab(), Removed: there}) && !there {
		fmt.Fprintln(s.out, s.lang.Say("There is no lab %s.", s.lab.Lab()))
	}
	return nil
}

// removeLeftovers removes the test containers that are left on nodes that exist,
// and nothing else.
func removeLeftovers(ctx context.Context, s *session, yes bool) error {
	cluster, err := s.cluster(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	left, err := findLeftovers(ctx, cluster)
	for _, l := range left {
		fmt.Fprintf(s.err, "  %s on %s, %s\n", l.Name, l.Host, l.State)
	}
	removed := []string{}
	if len(left) > 0 {
		question := s.lang.Say("Remove these test containers of labcheck (%d)?", len(left))
		ok, failed := s.confirm(ctx, yes, question, s.commandLine("down", "--yes"))
		if failed != nil {
			return failed
		}
		if ok {
			limited, cancel := harness.WithLimit(ctx, leftoversTimeout)
			defer cancel()
			removed, failed = workload.RemoveLeftovers(limited, cluster, left)
		}
		err = errors.Join(err, failed)
	}
	found := len(left)
	if !s.printJSON(downDocument{Found: &found, Containers: removed, failure: s.failureOf(err)}) {
		fmt.Fprintln(s.out, s.lang.Say("Test containers of labcheck: %d found, %d removed.", found, len(removed)))
	}
	return err
}

// leftoversTimeout is how long finding or removing the containers may take.
const leftoversTimeout = time.Minute

func findLeftovers(ctx context.Context, c *engine.Cluster) ([]workload.Leftover, error) {
	ctx, cancel := harness.WithLimit(ctx, leftoversTimeout)
	defer cancel()
	_ = survey.Reach(ctx, c) // what can't be reached is told by the search for containers
	return workload.Leftovers(ctx, c)
}
