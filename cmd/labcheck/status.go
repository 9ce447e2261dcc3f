package main

import (
	"context"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"labcheck/harness/tutorial"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Say how far the tutorial has come, stage by stage and host by host",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.inLab(cmd.Context(), func(ctx context.Context, s *session) error { return s.showStatus(ctx) })
		},
	}
}

// showStatus only looks; a host that does not answer is part of what it shows.
func (s *session) showStatus(ctx context.Context) error {
	cluster, err := s.cluster(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	found := tutorial.Inspect(ctx, cluster)
	s.progress.close()
	if s.json {
		s.printJSON(found)
		return nil
	}
	_, _ = fmt.Fprintf(s.out, "%v", found)
	_ = table.Row{}
	return nil
}
