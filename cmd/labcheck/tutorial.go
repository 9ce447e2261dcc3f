package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/terminal"
	"labcheck/harness/usage"
	"labcheck/harness/walk"
	"labcheck/sim"
)

// readingTime is how long a person may take for the page, or on a terminal.
const readingTime = 24 * time.Hour

func newTutorialCommand(a *app) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "tutorial", Short: a.lang.Say("Walk through the page on a lab, command by command"),
		Long: a.lang.Say(`tutorial starts a lab and goes through the page on it: for each command it says
what it is for, waits for Enter, runs it on the manager as typed, and compares
the output with what the page shows. The lab is kept when you leave; the same
command then continues from there.`),
		RunE: a.onLab(func(ctx context.Context, s *session, _ []string) error { return walkThrough(ctx, s, yes) }),
	}
	c.PreRunE = func(*cobra.Command, []string) error {
		allowReadingTime(a, c)
		switch {
		case !yes && a.json:
			return usageError(lang.Errorf("with --json nobody is asked"), a.commandLine("tutorial", "--json", "--yes"))
		case !yes && !terminal.IsTerminal(a.in):
			return usageError(lang.Errorf("there is no terminal to ask on"), a.commandLine("tutorial", "--yes"))
		}
		return nil
	}
	c.SuggestFor = []string{"learn", "walk"}
	c.Example = "  labcheck tutorial --lang ja"
	c.Flags().BoolVarP(&yes, "yes", "y", false, a.lang.Say("do not wait for Enter"))
	return c
}

// allowReadingTime gives a person time, unless --timeout or a setting says how much.
func allowReadingTime(a *app, c *cobra.Command) {
	if usage.IsUnset(c, "timeout") {
		a.longTime = readingTime
	}
}

// walkThrough starts a lab if there is none, and goes through the page on it.
func walkThrough(ctx context.Context, s *session, yes bool) error {
	_, err := s.lab.Nodes(ctx)
	if errors.Is(err, harness.ErrNoNodes) {
		err = s.startHosts(ctx)
	}
	if err != nil {
		return err
	}
	s.lab.Keep()
	cluster, err := s.cluster(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	o := walk.Options{
		Cluster: cluster, Lang: s.lang, Out: s.out, Status: s.commandLine("status"),
		Width: min(terminal.Width(s.out), 100), // longer lines of text are hard to read
		Color: s.canColor(s.out),
	}
	if s.json {
		o.Out, o.Color = io.Discard, false
	}
	if !yes {
		lines := terminal.ReadLines(s.in)
		o.NextLine = func(ctx context.Context) (string, error) { return terminal.NextLine(ctx, lines) }
	}
	result, err := walk.Run(ctx, o)
	if err == nil {
		s.printJSON(result)
		if len(result.Wrong) > 0 {
			err = errFalse
		}
	}
	return leaveWalk(ctx, s, err)
}

// leaveWalk says how to go on, and what came of it. The lab stays in any case.
func leaveWalk(ctx context.Context, s *session, err error) error {
	if ctx.Err() != nil && err != nil && !errors.Is(err, errFalse) {
		err = toldError{harness.VerdictInterrupted}
	}
	again := ""
	if err != nil && !errors.Is(err, errFalse) {
		language := ""
		if s.lang != lang.English {
			language = " --lang " + string(s.lang)
		}
		again = s.lang.Say("go on: labcheck tutorial%s%s   ", language, sim.Flags(s.lab))
	}
	if !s.quiet {
		fmt.Fprintln(s.err, s.lang.Say("\nThe lab is kept.\n  %slook: labcheck status%[2]s   remove it: labcheck down%[2]s",
			again, sim.Flags(s.lab)))
	}
	if errors.Is(err, walk.ErrLeft) {
		return nil
	}
	return err
}
