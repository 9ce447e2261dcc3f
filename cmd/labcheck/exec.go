package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
)

func newExecCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "exec NODE -- COMMAND...", Short: a.lang.Say("Run a command on a host of the lab"), Args: cobra.MinimumNArgs(2),
		Long: a.lang.Say(`exec runs a command on a host, without a shell, and passes on what it answers.
Its exit code is labcheck's.
For a terminal: docker exec -it labcheck-manager bash`),
		RunE: a.onTarget(changes, func(ctx context.Context, s *session, args []string) error {
			return execOn(ctx, s, args[0], args[1:])
		}),
	}
}

func execOn(ctx context.Context, s *session, host string, argv []string) error {
	nodes, err := s.target.Nodes(ctx)
	if err != nil {
		return err
	}
	node, err := findNode(s, nodes, host)
	if err != nil {
		return err
	}
	r, err := node.Exec(ctx, argv...)
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

func findNode(s *session, nodes []harness.Node, name string) (harness.Node, error) {
	var names []string
	for _, n := range nodes {
		if n.Name() == name {
			return n, nil
		}
		names = append(names, n.Name())
	}
	return nil, &usageError{lang.Errorf("there is no host %s; there are %v", name, names), s.commandLine("status")}
}
