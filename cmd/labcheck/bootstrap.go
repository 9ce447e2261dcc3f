package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
	"labcheck/harness/usage"
)

func newBootstrapCommand(a *app) *cobra.Command {
	var plan, yes bool
	var e extras
	c := &cobra.Command{
		Use: "bootstrap", Short: a.lang.Say("Perform the tutorial, or what is left of it, on a running lab"),
		Long: a.lang.Say(`bootstrap performs the steps of the tutorial that are not done yet, and changes
nothing else.

With --replicas it builds what the page recommends for production but does not
show: Swarm managers on as many more hosts, one of which is the primary, and
Consul on three hosts. This needs hosts on which the page was not performed
(labcheck up --bare). With --restart-join a host joins again after a reboot,
which it does not with the page's own command; join containers that exist
already are changed.`),
	}
	c.Example = "  labcheck bootstrap --plan\n  labcheck bootstrap --replicas 2 --restart-join"
	c.RunE = a.onTarget(changeAccess, func(ctx context.Context, s *session, _ []string) error {
		e.given = e.set.Changed("replicas")
		if err := e.check(s.target.Topology()); err != nil {
			return err
		}
		if plan {
			printPlan(s, e, s.out)
			return nil
		}
		return bootstrapByConsent(ctx, s, e, yes)
	})
	c.PreRun = func(*cobra.Command, []string) { a.goesOn = true }
	e.set = pflag.NewFlagSet("extras", pflag.ContinueOnError)
	e.set.IntVar(&e.replicas, "replicas", 0, a.lang.Say(
		"Swarm managers on as many `hosts` more, and Consul on three"))
	e.set.BoolVar(&e.restartJoin, "restart-join", false, a.lang.Say("have hosts join again after a reboot"))
	c.Flags().AddFlagSet(e.set)
	c.Flags().BoolVar(&plan, "plan", false, a.lang.Say("print the tutorial's commands for this lab and do nothing"))
	c.Flags().BoolVar(&yes, "yes", false, a.lang.Say("don't ask before the nodes of --target ec2 are changed"))
	return c
}

// extras are what bootstrap is asked to do beside what the page does.
type extras struct {
	set         *pflag.FlagSet // has those that are flags
	replicas    int
	given       bool // the replicas
	restartJoin bool
}

func (e extras) check(t harness.Topology) error {
	if e.replicas < 0 || e.replicas > len(t.Members) {
		err := lang.Errorf("--replicas %d: want 0 to %d, one on each host beside the manager", e.replicas, len(t.Members))
		return usageError(err, "labcheck bootstrap --help")
	}
	return nil
}

// addTo returns a topology with the extras; what was not given stays.
func (e extras) addTo(t harness.Topology) harness.Topology {
	if e.given {
		t.Replicas = e.replicas
	}
	t.RestartJoin = t.RestartJoin || e.restartJoin
	return t
}

// planDocument is what --plan prints with --json.
type planDocument struct {
	Steps []tutorial.Step `json:"steps"`
}

// printPlan prints what bootstrap would do, as a reader would type it.
func printPlan(s *session, e extras, w io.Writer) {
	steps := tutorial.Default().Steps(e.addTo(s.target.Topology()))
	if w == s.out && s.printJSON(planDocument{steps}) {
		return
	}
	for _, step := range steps {
		fmt.Fprintln(w, step.Command)
	}
}

// bootstrapByConsent performs what of the tutorial is not done yet; on a cluster
// that is no lab after it was shown and agreed to.
func bootstrapByConsent(ctx context.Context, s *session, e extras, yes bool) error {
	if s.lab == nil {
		if _, err := s.target.Up(ctx); err != nil {
			return err
		}
		fmt.Fprintln(s.err, s.lang.Say("These steps will be performed on these nodes, unless they are done already:"))
		printPlan(s, e, s.err)
		withYes := s.commandLine("bootstrap", append(usage.Given(e.set), "--yes")...)
		if ok, err := s.confirm(ctx, yes, s.lang.Say("Go on?"), withYes); err != nil || !ok {
			return err
		}
	}
	if err := performMissing(ctx, s, e, tutorial.Default().Bootstrap); err != nil {
		return err
	}
	return s.showStatus(ctx)
}

// performMissing performs what of the tutorial is not done yet.
func performMissing(ctx context.Context, s *session, e extras, perform performFunc) error {
	cluster, err := s.clusterAsBuilt(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	cluster = cluster.As(e.addTo(cluster.Topology()))
	var done int
	err = s.progress.TrackPart(s.lang.Say("Perform the tutorial"), func() (err error) {
		done, err = s.performTutorial(ctx, cluster, perform, false)
		return err
	})
	if err == nil && done == 0 {
		s.progress.Print(s.lang.Say("  Nothing was left to do."))
	}
	return hintDiagnosis(s.app, err)
}

// hintDiagnosis adds the command that says why to the error of a part that does not work
// in time, unless the error has a hint of its own. The cluster is still there, unlike
// after up.
func hintDiagnosis(a *app, err error) error {
	if errors.As(err, new(*harness.TimeoutError)) && !errors.As(err, new(harness.Hinter)) {
		return hinted(err, a.commandLine("diagnose"))
	}
	return err
}
