package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"labcheck/harness"
)

func newExecCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "exec NODE -- COMMAND...", Short: a.lang.Say("Run a command on a host of the lab"), Args: cobra.MinimumNArgs(2),
		Long: a.lang.Say(`exec runs a command on a host, without a shell, and prints its output. The exit
code is that of the command.
For a terminal: docker exec -it labcheck-manager bash`),
		RunE: a.onTarget(changes, func(ctx context.Context, s *session, args []string) error {
			return execOn(ctx, s, args[0], args[1:])
		}),
	}
}

func execOn(ctx context.Context, s *session, host string, argv []string) error {
	if err := s.target.Topology().CheckHosts(host); err != nil {
		return &usageError{err, s.commandLine("status")}
	}
	s.logIn(ctx)
	cluster, err := s.cluster(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	r, err := cluster.Node(host).Exec(ctx, argv...)
	if err != nil && !errors.As(err, new(*harness.RunError)) {
		return err
	}
	if s.json {
		s.printJSON(r)
	} else {
		fmt.Fprint(s.out, r.Stdout)
		fmt.Fprint(s.err, r.Stderr)
	}
	if r.ExitCode != 0 {
		return &remoteError{r.ExitCode}
	}
	return nil
}
