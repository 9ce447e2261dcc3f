package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"labcheck/features"
	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/report"
	"labcheck/harness/suite"
	"labcheck/harness/tutorial"
)

// checkFlags are the flags of `labcheck check` alone.
type checkFlags struct {
	tags string
	out  string
	keep bool
	// Of --target ec2.
	allow []string
	wait  time.Duration
	// hurried is that wait is meant for labs, too.
	hurried bool
}

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use: "check", Short: a.lang.Say("Check the tutorial's claims (the default command)"),
		Long: a.lang.Say(`check runs the scenarios. On a lab that stands already it runs those that only
look (@verify) and those that start containers and remove them again
(@workload). With no lab it makes one, performs the tutorial on it as typed
(@tutorial), checks and removes it. Those that break hosts on purpose and mend
them again (@fault) are run where --tags asks for them.

With --target ec2 it looks at nodes that exist and changes nothing: requests and
commands that might are refused. --allow workload lets it start containers, too.`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			may, err := f.access()
			if err != nil {
				return err
			}
			return a.inTarget(cmd.Context(), may, func(ctx context.Context, s *session) error { return s.check(ctx, f) })
		},
	}
	c.Flags().StringVar(&f.tags, "tags", "", a.lang.Say(`run only scenarios with these tags, such as "@verify && ~@workload"`))
	c.Flags().StringVar(&f.out, "out", "", a.lang.Say("`folder` for the evidence: results.json, junit.xml, report.html, commands, logs"))
	c.Flags().BoolVar(&f.keep, "keep", false, a.lang.Say("keep the lab when something failed"))
	c.Flags().StringSliceVar(&f.allow, "allow", nil, a.lang.Say("`what` may be done to the nodes of --target ec2 beside looking: workload"))
	c.Flags().DurationVar(&f.wait, "wait", 5*time.Second, a.lang.Say("how long to wait, in all, for what is not so yet on the nodes of --target ec2"))
	return c
}

// collectTimeout is how long gathering the nodes' logs may take.
const collectTimeout = 20 * time.Second

// check is the whole of `labcheck check`: find or make a lab, run, write the
// evidence, remove what was made.
func (s *session) check(ctx context.Context, f checkFlags) error {
	if err := suite.CheckTags(features.FS, s.lang, f.tags); err != nil {
		return &usageError{err, "labcheck check --help"}
	}
	if err := s.prepareOut(f.out); err != nil {
		return err
	}
	evidence := s.newEvidence(f.tags)
	failed := s.runChecks(ctx, f, &evidence)
	s.findCauses(ctx, &evidence)
	evidence.Run.Duration = time.Since(evidence.Run.Started)
	evidence.Run.Verdict = verdict(ctx, &evidence, failed)
	if failed != nil {
		evidence.Run.Error = s.message(outOfTime(ctx, failed))
	}
	saved := s.save(ctx, f.out, evidence)
	removed := s.leave(ctx, f, evidence)
	s.show(f, evidence)
	s.annotate(evidence)
	if evidence.Run.Verdict == harness.VerdictFalse {
		failed = errFalse
	}
	if failed == nil {
		saved = s.unwritten(saved)
	}
	return errors.Join(failed, saved, removed)
}

// prepareOut finds out early whether evidence can be written.
func (s *session) prepareOut(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return &usageError{lang.Errorf("--out: %w", err), s.lang.Say("another --out")}
	}
	return nil
}

func (s *session) targetInfo() harness.TargetInfo {
	i := harness.TargetInfo{Name: s.target.Name(), Topology: s.target.Topology()}
	if s.lab != nil {
		i.Lab = s.lab.Lab()
	}
	return i
}

func (s *session) newEvidence(tags string) harness.Evidence {
	return harness.Evidence{
		Schema: harness.EvidenceSchema,
		Run:    harness.Run{Labcheck: version(), Started: time.Now(), Tags: tags, Lang: s.lang},
		Target: s.targetInfo(),
	}
}

// runChecks makes a lab if there is none and runs the scenarios on it.
func (s *session) runChecks(ctx context.Context, f checkFlags, e *harness.Evidence) error {
	_, err := s.target.Nodes(ctx)
	e.Target.Fresh = errors.Is(err, harness.ErrNoNodes)
	if e.Target.Fresh {
		if f.out != "" {
			s.lab.KeepLogs(nodesFolder(f.out))
		}
		err = s.timed(e, "hosts", func() error { return s.startHosts(ctx) })
	}
	if err != nil {
		return err
	}
	return s.timed(e, "scenarios", func() error { return s.runScenarios(ctx, f, e) })
}

// timed adds how long do took to the evidence.
func (s *session) timed(e *harness.Evidence, name string, do func() error) error {
	start := time.Now()
	err := do()
	e.Run.Stages = append(e.Run.Stages, harness.Timing{Name: name, Start: start, Duration: time.Since(start)})
	return err
}

func (s *session) runScenarios(ctx context.Context, f checkFlags, e *harness.Evidence) error {
	cluster, err := s.cluster(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	if s.lab == nil && slices.Contains(f.allow, "workload") {
		if err := s.lacksWorkload(ctx, cluster); err != nil {
			return err
		}
	}
	whole, err := s.watchLab(ctx, checking, suite.Breaks(features.FS, s.lang, e.Run.Tags))
	if err != nil {
		return err
	}
	defer whole.stop()
	e.Scenarios, err = suite.Run(whole, s.suiteOptions(ctx, cluster, f, e))
	e.Counts = suite.Count(e.Scenarios)
	if n := tutorial.Default().Coverage(e.Target.Topology, e.Scenarios); n.Run > 0 {
		e.Page = &n
	}
	if lost := whole.lost(context.WithoutCancel(ctx)); lost != nil {
		return lost
	}
	if lost := unreachedServices(e.Scenarios); lost != nil && s.lab == nil && ctx.Err() == nil {
		err = lost
	}
	e.Target.Versions = tutorial.Versions(context.WithoutCancel(ctx), cluster)
	return err
}

// suiteOptions say how the scenarios are to be run on a cluster.
func (s *session) suiteOptions(ctx context.Context, c *engine.Cluster, f checkFlags, e *harness.Evidence) suite.Options {
	o := suite.Options{
		Features: features.FS, Lang: s.lang, Tags: e.Run.Tags,
		Cluster: c, Fresh: e.Target.Fresh, Progress: s.scenario,
		FeatureEnded: func(ctx context.Context, feature string) {
			e.Snapshots = append(e.Snapshots, tutorial.Snapshot(ctx, c, feature))
		},
	}
	if s.lab == nil || f.hurried {
		o.Patience = f.wait
	}
	if s.lab == nil {
		s.onReal(ctx, c, f, &o)
	} else {
		o.Faulter = s.lab
	}
	return o
}

func verdict(ctx context.Context, e *harness.Evidence, failed error) harness.Verdict {
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled):
		return harness.VerdictInterrupted
	case failed != nil && (e.Counts.Failed == 0 || !errors.As(failed, new(*lostError))):
		return harness.VerdictUnreachable
	case e.Counts.Failed > 0:
		return harness.VerdictFalse
	}
	return harness.VerdictHolds
}

// save writes the evidence, also when the run was interrupted.
func (s *session) save(ctx context.Context, dir string, e harness.Evidence) error {
	if dir == "" {
		return nil
	}
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), collectTimeout)
	defer cancel()
	if err := report.Write(dir, e); err != nil {
		return err
	}
	return s.progress.during(s.lang.Say("Gather evidence"), func() error { return s.collect(ctx, dir) })
}

// nodesFolder is where evidence in dir has what the nodes say of themselves.
func nodesFolder(dir string) string { return filepath.Join(dir, "nodes") }

// collect adds what the nodes and Consul say of themselves. What does not
// answer leaves a note in its place: that is evidence too.
func (s *session) collect(ctx context.Context, dir string) error {
	err := s.target.Collect(ctx, nodesFolder(dir))
	if errors.Is(err, harness.ErrNoNodes) {
		return nil
	}
	if err := s.writeKeys(ctx, filepath.Join(dir, "consul-keys.txt")); err != nil {
		return err
	}
	if err == nil {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, "not-collected.txt"), []byte(s.message(err)+"\n"), 0o644)
}

func (s *session) writeKeys(ctx context.Context, file string) error {
	cluster, err := s.cluster(ctx)
	if err != nil {
		return os.WriteFile(file, []byte(s.message(err)+"\n"), 0o644)
	}
	defer cluster.Close()
	keys, err := cluster.Consul().Keys(ctx, "")
	if err != nil {
		keys = []string{s.message(err)}
	}
	var text []byte
	for _, k := range keys {
		text = append(text, k+"\n"...)
	}
	return os.WriteFile(file, text, 0o644)
}

// leave removes the lab that was made for the run, or says why it stays.
func (s *session) leave(ctx context.Context, f checkFlags, e harness.Evidence) error {
	if !e.Target.Fresh {
		return nil
	}
	failed := e.Run.Verdict == harness.VerdictFalse || e.Run.Verdict == harness.VerdictUnreachable
	if f.keep && failed {
		return s.keepLab(ctx)
	}
	return s.removeLab(ctx)
}

func (s *session) keepLab(ctx context.Context) error {
	if _, err := s.lab.Nodes(context.WithoutCancel(ctx)); err != nil {
		return nil // it did not come up, and what there was of it is gone
	}
	s.lab.Keep()
	s.progress.tell(s.lang.Say("  The lab is kept. Look at it: labcheck status%[1]s, docker exec -it %[2]s-manager bash\n"+
		"  Remove it: labcheck down%[1]s", labFlag(s.lab), s.lab.Lab()))
	return nil
}

// show prints the verdict.
func (s *session) show(f checkFlags, e harness.Evidence) {
	s.progress.close()
	if s.json {
		s.printJSON(e)
		return
	}
	if len(e.Scenarios) > 0 {
		if s.lab == nil {
			fmt.Fprintln(s.out, s.sizesFrom(e.Target.Topology))
		}
		_ = report.Terminal(s.out, e, report.TerminalOptions{Color: s.color(s.out), Evidence: f.out}) // a closed stdout has nobody to tell
	}
}

// annotate shows the false claims at their lines where GitHub reads along.
func (s *session) annotate(e harness.Evidence) {
	if os.Getenv("GITHUB_ACTIONS") != "true" {
		return
	}
	w := s.out
	if s.json {
		w = s.err
	}
	_ = report.Annotations(w, e) // as in show
}

// scenario shows a scenario's progress: each that ended, and what a step waits
// for.
func (s *session) scenario(e suite.Event) {
	switch e.Kind {
	case suite.ScenarioStarted:
		s.progress.begin(fmt.Sprintf("%d/%d %s", e.Number, e.Total, e.Scenario.Name))
	case suite.StepStarted, suite.StepEnded:
	case suite.Waiting:
		s.progress.detail(s.lang.Say("waiting: %s", s.message(e.Seen)))
	case suite.ScenarioEnded:
		s.progress.end(e.Scenario.Status, e.Scenario.Name, e.Scenario.Reason, e.Elapsed)
	}
}
