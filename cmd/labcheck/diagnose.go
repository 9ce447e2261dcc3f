package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/report"
)

func (a *app) diagnoseCommand() *cobra.Command {
	var packets bool
	var lang string
	c := &cobra.Command{
		Use: "diagnose", Short: "Say why the cluster is not as the tutorial promises, and what to do",
		Long: `diagnose looks for causes, from the hosts up to the packets: each layer is asked
only where those below it hold, so that one cause is told once. It changes
nothing. It ends with 1 where it finds something, with 0 where all is well.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := diagnose.Options{Lang: harness.Lang(lang), Workload: packets}
			if o.Lang != harness.English && o.Lang != harness.Japanese {
				return &usageError{fmt.Errorf("--lang %s: en and ja are possible", lang), "labcheck diagnose --help"}
			}
			return a.inLab(cmd.Context(), func(ctx context.Context, s *session) error { return s.diagnose(ctx, o) })
		},
	}
	c.Flags().BoolVar(&packets, "packets", false, "where nothing else is wrong, start a container on each host, send packets between them, and remove them again")
	c.Flags().StringVar(&lang, "lang", string(harness.English), "`language` of what is found: en or ja")
	return c
}

func (s *session) diagnose(ctx context.Context, o diagnose.Options) error {
	cluster, err := s.cluster(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	r := diagnose.Run(ctx, cluster, o)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.progress.close()
	if s.json {
		s.printJSON(r)
	} else {
		s.showDiagnosis(r, o.Lang)
	}
	if len(r.Findings) > 0 {
		return &exitError{exitFalse}
	}
	return nil
}

func (s *session) showDiagnosis(r diagnose.Result, lang harness.Lang) {
	// A closed stdout has nobody to tell.
	_ = report.Findings(s.out, r.Findings, report.TerminalOptions{Color: s.color(), Lang: lang})
	if len(r.Findings) == 0 {
		for _, h := range r.Held {
			fmt.Fprintf(s.out, "✓ %s\n", h)
		}
	}
	for _, h := range r.NotAsked {
		fmt.Fprintf(s.out, "- %s\n", lang.Say("not asked, because of that: %s", "上記のため確認せず: %s", h))
	}
}

// findCauses adds to the evidence why claims are false, as far as that can be
// found out. It only looks: the scenarios have sent packets where they may.
func (s *session) findCauses(ctx context.Context, e *harness.Evidence) {
	var failed []harness.Scenario
	for _, c := range e.Scenarios {
		if c.Status == harness.Failed {
			failed = append(failed, c)
		}
	}
	if len(failed) == 0 || ctx.Err() != nil {
		return
	}
	cluster, err := s.cluster(ctx)
	if err != nil {
		return // that there is no lab any more is told elsewhere
	}
	defer cluster.Close()
	e.Findings = diagnose.Run(ctx, cluster, diagnose.Options{Lang: e.Run.Lang, Failed: failed}).Findings
}
