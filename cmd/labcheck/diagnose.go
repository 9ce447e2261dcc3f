package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/report"
	"labcheck/harness/suite"
)

func (a *app) diagnoseCommand() *cobra.Command {
	var packets bool
	c := &cobra.Command{
		Use: "diagnose", Short: a.lang.Say("Say why the cluster is not as the tutorial promises, and what to do", "クラスタがチュートリアルどおりでない原因と、その対処を示す"),
		Long: a.lang.Say(`diagnose looks for causes, from the hosts up to the packets: each layer is asked
only where those below it hold, so that one cause is told once. It changes
nothing. It ends with 1 where it finds something, with 0 where all is well.`,
			`diagnose は、ホストからパケットまで層ごとに原因を探す。上の層は下の層が正しい
ときだけ調べるので、1 つの原因は一度だけ示される。何も変更しない。原因が見つか
れば 1、何も無ければ 0 で終わる。`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.inLab(cmd.Context(), func(ctx context.Context, s *session) error {
				return s.diagnose(ctx, diagnose.Options{Lang: a.lang, Workload: packets})
			})
		},
	}
	c.Flags().BoolVar(&packets, "packets", false, a.lang.Say(
		"where nothing else is wrong, start a container on each host, send packets between them, and remove them again",
		"ほかに異常がなければ、各ホストにコンテナを起動してパケットを送り合い、その後で取り除く"))
	return c
}

func (s *session) diagnose(ctx context.Context, o diagnose.Options) error {
	cluster, err := s.clusterAsBuilt(ctx)
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
		s.showDiagnosis(r)
	}
	if len(r.Findings) > 0 {
		return &exitError{exitFalse}
	}
	return nil
}

func (s *session) showDiagnosis(r diagnose.Result) {
	// A closed stdout has nobody to tell.
	_ = report.Findings(s.out, s.lang, r.Findings, report.TerminalOptions{Color: s.color()})
	if len(r.Findings) == 0 {
		for _, h := range r.Held {
			fmt.Fprintf(s.out, "✓ %s\n", h)
		}
	}
	for _, h := range r.NotAsked {
		fmt.Fprintf(s.out, "- %s\n", s.lang.Say("not asked, because of that: %s", "上記のため確認せず: %s", h))
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
	cluster, err := s.clusterAsBuilt(ctx)
	if err != nil {
		return // that there is no lab any more is told elsewhere
	}
	defer cluster.Close()
	if !slices.ContainsFunc(failed, func(c harness.Scenario) bool { return slices.Contains(c.Tags, suite.TagReplicas) }) {
		t := cluster.Topology()
		t.Replicas = 0 // the page's claims are about a cluster without
		cluster = cluster.As(t)
	}
	e.Findings = diagnose.Run(ctx, cluster, diagnose.Options{Lang: e.Run.Lang, Failed: failed}).Findings
}
