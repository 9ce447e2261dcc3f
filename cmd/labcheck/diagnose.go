package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"labcheck/features"
	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/lang"
	"labcheck/harness/report"
	"labcheck/harness/suite"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
	"labcheck/sim"
)

func newDiagnoseCommand(a *app) *cobra.Command {
	var packets bool
	c := &cobra.Command{
		Use: "diagnose", Short: a.lang.Say("Find out why the cluster is not as the tutorial promises, and what to do"),
		Long: a.lang.Say(`diagnose looks for causes, from the hosts up to the packets: a layer is checked
only if those below it hold, so that a cause is reported once. It changes
nothing. Its exit code is 1 if it finds something, 0 if all is well, and 3 if it
finds nothing and something could not be asked.

On nodes that exist (--target ec2) it asks by ssh what only a node itself can
tell, as root if sudo needs no password. Without ssh it asks the rest, and
lists what it could not ask.`),
		RunE: a.onTarget(readAccess, func(ctx context.Context, s *session, _ []string) error {
			if packets && s.lab == nil {
				return usageError(
					lang.Errorf("--packets starts containers, which is possible on a lab only"),
					a.commandLine("check", "--allow=workload"),
				)
			}
			claims, err := suite.Claims(features.FS, a.lang)
			if err != nil {
				return err
			}
			o := s.diagnosisOptions(ctx)
			o.Claims, o.Workload = claims, packets
			return runDiagnosis(ctx, s, o)
		}),
	}
	c.SuggestFor = []string{"why"}
	c.Example = "  labcheck diagnose\n  labcheck diagnose --packets"
	c.Flags().BoolVar(&packets, "packets", false, a.lang.Say(
		"if nothing else is wrong, start a container on each host, send packets between them, and remove them again"))
	return c
}

func runDiagnosis(ctx context.Context, s *session, o diagnose.Options) error {
	s.logIn(ctx)
	cluster, err := s.cluster(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	// First, so that the time which a way to nodes takes is not the diagnosis's.
	if err := survey.Reach(ctx, cluster); err != nil {
		return err
	}
	r := diagnose.Run(ctx, tutorial.Recognize(ctx, cluster), o)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !s.printJSON(r) {
		// A closed stdout has nobody to tell.
		_ = report.Diagnosis(s.out, s.lang, r, report.TerminalOptions{Color: s.canColor(s.out)})
	}
	switch {
	case len(r.Findings) > 0:
		return toldError{harness.VerdictFalse}
	case len(r.NotAsked) > 0:
		return toldError{harness.VerdictUnreachable}
	}
	return nil
}

// diagnosisOptions returns what a diagnosis of the target may do, and is told.
func (s *session) diagnosisOptions(ctx context.Context) diagnose.Options {
	if s.lab == nil {
		return diagnose.Options{Lang: s.lang, OutOfBand: true}
	}
	return diagnose.Options{
		Lang:     s.lang,
		Injected: func() []harness.Fault { return s.injectedFaults(ctx) },
		Revert:   func(f harness.Fault) string { return "labcheck fault " + f.MendWords() + sim.Flags(s.lab) },
	}
}

// faultsTimeout is how long hosts may take to say which faults are injected.
const faultsTimeout = 3 * time.Second

// injectedFaults returns the faults that were injected into the lab's hosts, as far
// as these can say it in time.
func (s *session) injectedFaults(ctx context.Context) []harness.Fault {
	ctx, cancel := harness.WithLimit(ctx, faultsTimeout)
	defer cancel()
	all, _ := s.lab.Faults(ctx) // without them findings have their other commands
	return all
}

// causesTimeout is how long finding causes may take: an engine may hang.
const causesTimeout = time.Minute

// findCauses adds to the evidence why claims are false.
func findCauses(ctx context.Context, s *session, e *harness.Evidence) {
	if e.Counts.Failed == 0 || ctx.Err() != nil {
		return
	}
	ctx, cancel := harness.WithLimit(ctx, causesTimeout)
	defer cancel()
	cluster, err := s.clusterAsBuilt(ctx)
	if err != nil {
		return // that there is no lab any more is told elsewhere
	}
	defer cluster.Close()
	_ = s.progress.TrackPart(s.lang.Say("Find causes"), func() error {
		suite.FindCauses(ctx, cluster, s.diagnosisOptions(ctx), e)
		return nil
	})
}
