package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/terminal"
)

func newExecCommand(a *app) *cobra.Command {
	var tty bool
	c := &cobra.Command{
		Use: "exec NODE -- COMMAND...", Short: a.lang.Say("Run a command on a host of the lab"),
		Long: a.lang.Say(`exec runs a command on a host, without a shell, and prints its output. The exit
code is that of the command. With -t the command has your terminal; without a
COMMAND it is bash then.`),
		Example:           "  labcheck exec manager -- docker info\n  labcheck exec -t manager",
		ValidArgsFunction: completeHost(a),
		Args: func(c *cobra.Command, args []string) error {
			if tty {
				return cobra.MinimumNArgs(1)(c, args)
			}
			return cobra.MinimumNArgs(2)(c, args)
		},
		PreRunE: func(c *cobra.Command, _ []string) error {
			if tty {
				allowReadingTime(a, c)
				return checkTerminal(a)
			}
			return nil
		},
		RunE: a.onTarget(changeAccess, func(ctx context.Context, s *session, args []string) error {
			return execOn(ctx, s, args[0], args[1:], tty)
		}),
	}
	c.Flags().BoolVarP(&tty, "tty", "t", false, a.lang.Say("give the command this terminal"))
	return c
}

// checkTerminal returns an error if there is no terminal to give to a command.
func checkTerminal(a *app) error {
	switch {
	case a.json:
		return usageError(lang.Errorf("--tty and --json can't be used together"), "labcheck exec --help")
	case !terminal.IsTerminal(a.in) || !terminal.IsTerminal(a.out):
		err := lang.Errorf("--tty needs a terminal: stdin and stdout are not both one")
		return usageError(err, a.lang.Say("leave out --tty"))
	}
	return nil
}

func execOn(ctx context.Context, s *session, host string, argv []string, tty bool) error {
	if err := s.target.Topology().CheckHosts(host); err != nil {
		return usageError(err, s.commandLine("status"))
	}
	s.logIn(ctx)
	nodes, err := s.target.Nodes(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(nodes, func(n harness.Node) bool { return n.Name() == host })
	if i < 0 {
		return s.missingHost(host)
	}
	if tty {
		return execOnTerminal(ctx, s, nodes[i], argv)
	}
	r, err := nodes[i].Exec(ctx, argv...)
	if errors.As(err, new(*harness.RunError)) {
		err = remoteError{r.ExitCode}
	} else if err != nil {
		return err
	}
	if !s.printJSON(r) {
		fmt.Fprint(s.screen.Out.Raw(), r.Stdout)
		fmt.Fprint(s.screen.Err.Raw(), r.Stderr)
	}
	return err
}

// execOnTerminal runs a command on a host with this terminal.
func execOnTerminal(ctx context.Context, s *session, n harness.Node, argv []string) error {
	if len(argv) == 0 {
		argv = []string{"bash"}
	}
	sizes, restore, err := s.screen.PassKeys()
	if err != nil {
		return err
	}
	defer restore()
	t := harness.Terminal{In: s.in, Out: s.screen.Out.Raw(), Kind: os.Getenv("TERM"), Sizes: sizes}
	code, err := n.(harness.TerminalNode).ExecOnTerminal(ctx, t, argv...) // those of both targets are
	if err == nil && code != 0 {
		err = remoteError{code}
	}
	return err
}
