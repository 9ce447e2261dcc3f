package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/report"
	"labcheck/harness/terminal"
	"labcheck/harness/tutorial"
)

func newStatusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status", SuggestFor: []string{"info", "show"}, Example: "  labcheck status --lab two",
		Short: a.lang.Say("Show how far the tutorial has come, stage by stage and host by host"),
		RunE:  a.onTarget(readAccess, func(ctx context.Context, s *session, _ []string) error { return s.showStatus(ctx) }),
	}
}

// showStatus only looks; a host that does not answer is part of what it shows.
func (s *session) showStatus(ctx context.Context) error {
	cluster, err := s.clusterAsBuilt(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	found := tutorial.Inspect(ctx, cluster)
	var faults []harness.Fault
	var faultsErr error
	if s.lab != nil { // not meanwhile: many hosts would keep engines from answering in time
		faults, faultsErr = tutorial.Faulter(s.lab, cluster).Faults(ctx)
	}
	if s.printJSON(statusDocument{found, faults, s.failureOf(faultsErr)}) {
		return faultsErr
	}
	width := 0
	if terminal.IsTerminal(s.out) {
		width = terminal.Width(s.out)
	}
	report.Progress(s.out, s.lang, found, width)
	for _, f := range faults {
		fmt.Fprintln(s.out, s.lang.Say("! fault in force: %s", f.In(s.lang)))
	}
	return faultsErr
}

// statusDocument is what --json prints.
type statusDocument struct {
	tutorial.Progress
	Faults []harness.Fault `json:"faults,omitempty"`
	*failure
}
