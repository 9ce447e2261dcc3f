package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/report"
	"labcheck/harness/scale"
	"labcheck/harness/suite"
	"labcheck/harness/usage"
	"labcheck/sim"
)

const (
	// scaleLab is the lab's name if none is given. A lab of the tutorial can run at the
	// same time.
	scaleLab = "scale"
	// scaleTime is how long a full run may take on two cores.
	scaleTime = 20 * time.Minute
)

// scaleFlags are the flags of `labcheck scale` alone.
type scaleFlags struct {
	scale.Options
	out string
}

func newScaleCommand(a *app) *cobra.Command {
	var f scaleFlags
	c := &cobra.Command{
		Use: "scale", Args: cobra.NoArgs,
		Short: a.lang.Say("Measure Swarm and Consul with a thousand simulated engines"),
		Long: a.lang.Say(`scale starts a lab of four hosts: a real Consul and a real Swarm manager, a
host for a second manager, and two hosts on which labcheck itself answers as
many engines. It fills the cluster through the manager, measures docker info
and docker run as Docker did in November 2015, verifies the spread, loses and
returns a tenth of the engines, restarts Consul, kills the primary of two
managers, and removes the lab. The full run takes up to 20 minutes on two cores.`),
		Example: "  labcheck scale --out build/scale\n  labcheck scale --nodes 100 --containers 3000 --ttl 20s",
		RunE:    a.onLab(func(ctx context.Context, s *session, _ []string) error { return measureScale(ctx, s, f) }),
	}
	c.PreRunE = func(*cobra.Command, []string) error {
		if err := f.Check(); err != nil {
			return usageError(err, "labcheck scale --help")
		}
		useScaleLab(a, c)
		return nil
	}
	c.Flags().IntVar(&f.Nodes, "nodes", 1000, a.lang.Say("how many engines are simulated"))
	c.Flags().IntVar(&f.Containers, "containers", 30000, a.lang.Say("how many containers are run"))
	c.Flags().DurationVar(&f.Delay, "create-time", 0, a.lang.Say(
		"how long a simulated engine takes to create and start a container; 0s is as long as a real one of the lab"))
	c.Flags().DurationVar(&f.TTL, "ttl", time.Minute, a.lang.Say(
		"after how long the registration of a lost engine expires; it is renewed three times as often"))
	c.Flags().StringVar(&f.out, "out", "", a.lang.Say(
		"`folder` for the evidence: scale.json, scale.html, the hosts' logs"))
	return c
}

// useScaleLab chooses scale's own lab, and gives it time, unless flags or settings say
// otherwise.
func useScaleLab(a *app, c *cobra.Command) {
	topology := scale.Topology()
	a.options.Topology = &topology
	if usage.IsUnset(c, "lab") {
		a.options.Lab = scaleLab
	}
	if usage.IsUnset(c, "timeout") {
		a.longTime = scaleTime
	}
}

// measureScale makes the lab, measures, writes the evidence and removes the lab.
func measureScale(ctx context.Context, s *session, f scaleFlags) error {
	if err := prepareScale(ctx, s, &f); err != nil {
		return err
	}
	if err := s.startHosts(ctx); err != nil {
		return err
	}
	result, failed := runScale(ctx, s, f)
	saved := saveScale(ctx, s, f.out, result)
	removed := s.removeLab(ctx)
	if result.Schema != 0 && !s.printJSON(result) { // something was begun
		report.ScaleTerminal(s.out, result, s.lang)
	}
	if failed == nil && len(result.False) > 0 {
		failed = errFalse
	}
	return joinErrors(failed, saved, removed)
}

// prepareScale finds out what would be in the way, before a lab is made.
func prepareScale(ctx context.Context, s *session, f *scaleFlags) (err error) {
	if f.Program, err = os.Executable(); err != nil {
		return err
	}
	err = sim.CheckProgram(s.lab, f.Program)
	if errors.Is(err, sim.ErrProgram) {
		return hinted(err, "CGO_ENABLED=0 go build ./cmd/labcheck")
	}
	if err != nil {
		return err
	}
	exists, err := s.lab.Exists(ctx)
	if err == nil && exists {
		err = hinted(lang.Errorf("lab %s exists, and scale makes its own", s.lab.Lab()), "labcheck down"+sim.Flags(s.lab))
	}
	if err == nil {
		err = makeOutFolder(s, f.out)
	}
	if err != nil || f.out == "" {
		return err
	}
	s.lab.KeepLogs(suite.NodesFolder(f.out))
	return nil
}

// runScale measures, and looks meanwhile whether the lab is still there.
func runScale(ctx context.Context, s *session, f scaleFlags) (result scale.Result, err error) {
	cluster, err := s.cluster(ctx)
	if err != nil {
		return result, err
	}
	defer cluster.Close()
	guard, err := sim.NewGuard(ctx, s.lab, sim.Activity{
		During: lang.Text{EN: "while it was being measured"},
		Again:  func(string) lang.Text { return lang.Verbatim(s.commandLine("scale")) },
	})
	if err != nil {
		return result, err
	}
	defer guard.Stop()
	o := f.Options
	o.Cluster, o.Lab, o.Version, o.Lang = cluster, s.lab, version(), s.lang
	if o.Machine, err = sim.DescribeMachine(guard, s.lab); err != nil {
		return result, err
	}
	o.Track = func(what lang.Text, do func() error) error { return s.progress.TrackPart(what.In(s.lang), do) }
	o.Detail = func(what lang.Text) { s.progress.ShowDetail(what.In(s.lang)) }
	result, err = scale.Run(guard, o)
	return result, guard.Explain(err)
}

// saveScale writes the evidence, also if the run was interrupted.
func saveScale(ctx context.Context, s *session, dir string, r scale.Result) error {
	if dir == "" || r.Schema == 0 {
		return nil
	}
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), gatherTimeout)
	defer cancel()
	if err := report.WriteScale(dir, r, s.lang); err != nil {
		return err
	}
	err := s.progress.TrackPart(s.lang.Say("Gather evidence"), func() error {
		return s.lab.Collect(ctx, suite.NodesFolder(dir))
	})
	if errors.Is(err, harness.ErrNoNodes) {
		return nil // what the run ended with says so
	}
	return err
}
