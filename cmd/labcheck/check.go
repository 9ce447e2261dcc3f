package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"labcheck/features"
	"labcheck/harness"
	"labcheck/harness/ec2"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/report"
	"labcheck/harness/suite"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
	"labcheck/harness/workload"
	"labcheck/sim"
)

// checkFlags are the flags of `labcheck check` alone.
type checkFlags struct {
	tags string
	// own is the folder of the scenarios, if they are not labcheck's.
	own   string
	out   string
	keep  bool
	allow []string // of --target ec2
	// scenarios are those that tags choose.
	scenarios []suite.Scenario
	// wait is how long all waits may take together on a cluster that was there before.
	wait time.Duration
}

func newCheckCommand(a *app) *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use: "check", Short: a.lang.Say("Check the tutorial's claims (the default command)"),
		Long: a.lang.Say(`check runs the scenarios. If the lab is running it runs those that only look
(@verify) and those that start containers and remove them again (@workload). If
there is no lab it makes one, performs the tutorial on it as typed (@tutorial),
checks it and removes it. Those that inject faults and revert them (@fault) run
only if --tags asks for them.

With --target ec2 it looks at nodes that exist and changes nothing: requests
and commands that might are refused. --allow workload lets it start containers,
too.`),
		RunE: func(cmd *cobra.Command, args []string) error {
			may, err := f.access()
			if err != nil {
				return err
			}
			run := a.onTarget(may, func(ctx context.Context, s *session, _ []string) error { return check(ctx, s, f) })
			return run(cmd, args)
		},
	}
	c.SuggestFor = []string{"test", "verify", "run"}
	c.Example = "  labcheck check --out build/e2e\n  labcheck check --tags '(@verify or @workload) and not @id:spread'\n" +
		"  labcheck check --target ec2 --inventory cluster.yaml --ssh-jump manager"
	c.Flags().StringVar(&f.tags, "tags", "", a.lang.Say(
		`run only scenarios with these tags, such as "@verify and not (@id:a or @id:b)"; also as "@verify && ~@id:a"`))
	c.Flags().StringVar(&f.own, "features", "", a.lang.Say(
		"`folder` of .feature files of your own, with labcheck's sentences, to run instead"))
	c.Flags().StringVar(&f.out, "out", "", a.lang.Say(
		"`folder` for the evidence: results.json, junit.xml, report.html, commands, logs"))
	c.Flags().BoolVar(&f.keep, "keep", false, a.lang.Say("keep the lab if something failed"))
	c.Flags().StringSliceVar(&f.allow, "allow", nil, a.lang.Say(
		"`what` may be done to the nodes of --target ec2 beside looking: workload"))
	c.Flags().DurationVar(&f.wait, "wait", 5*time.Second, a.lang.Say(
		"how long to wait, in all, for conditions that are not met yet on a cluster that was running before"))
	_ = c.RegisterFlagCompletionFunc("allow", completeFrom(allowsWorkload))
	return c
}

// allowsWorkload is what --allow may allow: to start test containers.
const allowsWorkload = "workload"

// chosenFeatures returns the features to run: the user's own, or labcheck's.
func (f checkFlags) chosenFeatures() fs.FS {
	if f.own != "" {
		return suite.OwnFeatures(f.own)
	}
	return features.FS
}

// access returns what may be done to a cluster that is no lab, or an error if the flags of
// check can't be followed.
func (f checkFlags) access() (access, error) {
	if f.wait < 0 {
		return readAccess, usageError(lang.Errorf("--wait %s: it must not be negative", f.wait), "labcheck check --help")
	}
	for _, a := range f.allow {
		if a != allowsWorkload {
			return readAccess, usageError(lang.Errorf("--allow %s: want %s", a, allowsWorkload), "labcheck check --help")
		}
	}
	if len(f.allow) > 0 {
		return changeAccess, nil
	}
	return readAccess, nil
}

// engineTimeout is how long the lab's engine may take to list the hosts.
const engineTimeout = 5 * time.Second

// gatherTimeout is how long gathering the nodes' logs may take.
const gatherTimeout = 20 * time.Second

// check finds or makes a lab, runs the scenarios, writes the evidence, and removes
// what was made.
func check(ctx context.Context, s *session, f checkFlags) error {
	var err error
	if f.scenarios, err = suite.Choose(f.chosenFeatures(), s.lang, f.tags); err != nil {
		return usageError(err, "labcheck check --help")
	}
	if err := makeOutFolder(s, f.out); err != nil {
		return err
	}
	e := newEvidence(s, f.tags)
	failed := runChecks(ctx, s, f, &e)
	findCauses(ctx, s, &e)
	e.Conclude(ctx, failed)
	saved := saveEvidence(ctx, s, f.out, e)
	removed := removeNewLab(ctx, s, f, e)
	e.Run.Duration = time.Since(e.Run.Started) // what is printed adds up to it
	printReport(s, f, e)
	if e.Run.Verdict == harness.VerdictFalse {
		failed = errFalse
	}
	if failed == nil {
		saved = writeError(saved, s.lang)
	}
	return joinErrors(failed, saved, removed)
}

// makeOutFolder makes the folder of --out, if one is given: whether evidence can be written
// is found out early.
func makeOutFolder(s *session, dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return usageError(lang.Errorf("--out: %w", err), s.lang.Say("choose another --out"))
	}
	return nil
}

func newEvidence(s *session, tags string) harness.Evidence {
	e := harness.Evidence{
		Schema: harness.EvidenceSchema,
		Run:    harness.Run{Labcheck: version(), Started: time.Now(), Tags: tags, Lang: s.lang},
		Target: harness.TargetInfo{Name: s.target.Name(), Topology: s.target.Topology()},
	}
	if s.lab != nil {
		e.Target.Lab = s.lab.Lab()
	}
	return e
}

// runChecks makes a lab if there is none and runs the scenarios on it.
func runChecks(ctx context.Context, s *session, f checkFlags, e *harness.Evidence) error {
	_, err := s.target.Nodes(ctx)
	e.Target.Fresh = errors.Is(err, harness.ErrNoNodes)
	if e.Target.Fresh {
		if f.out != "" {
			s.lab.KeepLogs(suite.NodesFolder(f.out))
		}
		err = e.Run.TimeStage("hosts", func() error { return makeHosts(ctx, s, f) })
	}
	if err != nil {
		return err
	}
	s.logIn(ctx)
	return e.Run.TimeStage("scenarios", func() error { return runScenarios(ctx, s, f, e) })
}

// makeHosts makes the hosts of a lab that is to be checked, and performs the tutorial
// unless the scenarios do.
func makeHosts(ctx context.Context, s *session, f checkFlags) error {
	if suite.PerformTutorial(f.chosenFeatures(), s.lang, s.target.Topology()) {
		return s.startHosts(ctx)
	}
	return s.buildCluster(ctx)
}

func runScenarios(ctx context.Context, s *session, f checkFlags, e *harness.Evidence) error {
	cluster, err := s.cluster(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	if err := prepareForeign(ctx, s, f, cluster); err != nil {
		return err
	}
	guard, err := sim.NewGuard(ctx, s.lab, sim.Activity{
		During: lang.Text{EN: "while it was being checked"},
		Again: func(flags string) lang.Text {
			return lang.Textf("labcheck up%s, if the lab is still running, and check again", flags)
		},
		BreaksHosts: slices.ContainsFunc(f.scenarios, suite.Scenario.BreaksHosts),
	})
	if err != nil {
		return err
	}
	defer guard.Stop()
	err = suite.Check(guard, suiteOptions(s, cluster, f, e.Target.Fresh), e)
	if lost := guard.Lost(context.WithoutCancel(ctx)); lost != nil {
		return lost
	}
	e.Target.Versions = tutorial.Versions(context.WithoutCancel(ctx), cluster)
	return err
}

// suiteOptions say how the scenarios are to be run on a cluster: on one that is no
// lab, only what may be done there.
func suiteOptions(s *session, c *engine.Cluster, f checkFlags, fresh bool) suite.Options {
	o := suite.Options{
		Features: f.chosenFeatures(), Cluster: c, Progress: func(e suite.Event) { showScenario(s, e) },
		Fresh: fresh && suite.PerformTutorial(f.chosenFeatures(), s.lang, c.Topology()),
	}
	if !fresh {
		o.Patience = &f.wait
	}
	if s.lab != nil {
		o.Faulter = s.lab
	} else {
		o.NoWorkload = len(f.allow) == 0
	}
	return o
}

// prepareForeign finds out what a cluster that is no lab lacks before it is checked, and
// tells what is left on it.
func prepareForeign(ctx context.Context, s *session, f checkFlags, c *engine.Cluster) error {
	if s.lab != nil {
		return nil
	}
	if len(f.allow) > 0 {
		if err := checkWorkloadImage(ctx, s, c); err != nil {
			return err
		}
	}
	_ = survey.Reach(ctx, c)                                  // the claims tell of it
	if left, _ := workload.Leftovers(ctx, c); len(left) > 0 { // what can't be asked is told by the claims
		s.progress.PrintLine(s.lang.Say("  Test containers of a former run are on the cluster: %d. Remove them: %s",
			len(left), s.commandLine("down")))
	}
	return nil
}

// checkWorkloadImage returns an error if a node has no image to start containers of.
func checkWorkloadImage(ctx context.Context, s *session, c *engine.Cluster) error {
	without := suite.HostsWithoutImage(ctx, c)
	if len(without) == 0 {
		return nil
	}
	load := s.target.(*ec2.Target).DockerCommand(without[len(without)-1], "load")
	err := lang.Errorf("--allow workload starts containers of the image %s, which is not on %s",
		workload.Image, strings.Join(harness.NamesOf(without), ", "))
	return hinted(err, "labcheck images save - --only workload | "+load)
}

// showScenario shows a scenario's progress: each that ended, what a step waits for, and
// each feature, which is a step of the page.
func showScenario(s *session, e suite.Event) {
	switch e.Kind {
	case suite.ScenarioStarted:
		s.progress.BeginPart(fmt.Sprintf("%d/%d %s", e.Number, e.Total, e.Scenario.Name))
	case suite.Waiting:
		s.progress.ShowDetail(s.lang.Say("waiting: %s", s.errorText(e.Seen)))
	case suite.ScenarioEnded:
		if e.Scenario.Status == harness.Skipped {
			s.progress.SkipPart(e.Scenario.Name, e.Scenario.Reason)
			return
		}
		s.progress.EndPart(e.Scenario.Status == harness.Passed, e.Scenario.Name, e.Elapsed)
	case suite.FeatureEnded:
		s.progress.EndGroup(e.Counts.Failed == 0 && e.Counts.Passed > 0, e.Scenario.Feature, e.Elapsed)
	}
}

// saveEvidence writes the evidence, also when the run was interrupted.
func saveEvidence(ctx context.Context, s *session, dir string, e harness.Evidence) error {
	if dir == "" {
		return nil
	}
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), gatherTimeout)
	defer cancel()
	if err := report.Write(dir, e); err != nil {
		return err
	}
	return s.progress.TrackPart(s.lang.Say("Gather evidence"), func() error {
		return suite.Gather(ctx, dir, s.target, s.lang, s.cluster)
	})
}

// joinErrors adds to why a run failed, if it did, what went wrong after it.
func joinErrors(failed error, after ...error) error {
	if rest := errors.Join(after...); rest != nil {
		return errors.Join(failed, rest)
	}
	return failed // alone, as what it reports may have been told
}

// removeNewLab removes the lab that was made for the run, or says why it stays.
func removeNewLab(ctx context.Context, s *session, f checkFlags, e harness.Evidence) error {
	failed := e.Run.Verdict == harness.VerdictFalse || e.Run.Verdict == harness.VerdictUnreachable
	switch {
	case !e.Target.Fresh:
		return nil
	case !f.keep || !failed:
		return s.removeLab(ctx)
	}
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), engineTimeout)
	defer cancel()
	if _, err := s.lab.Nodes(ctx); err != nil {
		return nil // it did not come up, and what there was of it is gone
	}
	s.lab.Keep()
	s.progress.PrintLine(s.lang.Say("  The lab is kept. "+
		"Look at it: labcheck status%[1]s, labcheck exec -t manager%[1]s\n"+
		"  Remove it: labcheck down%[1]s", sim.Flags(s.lab)))
	return nil
}

// printReport prints the verdict, and where GitHub reads along the false claims at
// their lines.
func printReport(s *session, f checkFlags, e harness.Evidence) {
	s.progress.Close()
	annotations := s.out
	if s.printJSON(e) {
		annotations = s.err
	} else if len(e.Scenarios) > 0 {
		if s.lab == nil {
			fmt.Fprintln(s.out, s.lang.Say("expected sizes: %s", report.Sizes(s.lang, e.Target.Topology)))
		}
		// A closed stdout has nobody to tell.
		_ = report.Terminal(s.out, e, report.TerminalOptions{Color: s.canColor(s.out), Evidence: f.out})
	}
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		_ = report.Annotations(annotations, e)
	}
}
