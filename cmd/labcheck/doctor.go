package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/sim"
)

func newDoctorCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Example: "  labcheck doctor --lab two --subnet 192.168.34.0/24",
		Short: a.lang.Say("Check whether this machine can run a lab, and what to do if it can't"),
		RunE:  func(cmd *cobra.Command, _ []string) error { return examineMachine(cmd.Context(), a) },
	}
}

func examineMachine(ctx context.Context, a *app) error {
	ctx, cancel := a.withTimeout(ctx)
	defer cancel()
	o, err := a.labOptions()
	if err == nil {
		err = sim.CheckSettings(o)
	}
	if err != nil {
		return err
	}
	checks := sim.Doctor(ctx, o)
	if err := context.Cause(ctx); err != nil {
		return err
	}
	sick := slices.ContainsFunc(checks, func(c sim.Check) bool { return !c.OK })
	if !a.printJSON(doctorDocument{!sick, checks}) {
		printChecks(a, checks)
	}
	if sick {
		return toldError{harness.VerdictUnreachable}
	}
	return nil
}

// doctorDocument is what --json prints.
type doctorDocument struct {
	OK     bool        `json:"ok"`
	Checks []sim.Check `json:"checks"`
}

func printChecks(a *app, checks []sim.Check) {
	for _, c := range checks {
		mark := "✓"
		if !c.OK {
			mark = "✗"
		}
		fmt.Fprintf(a.out, "%s %s %s\n", mark, text.Pad(c.Name, 16, ' '), c.Found)
		if c.Fix != "" && !c.OK {
			fmt.Fprintln(a.out, a.lang.Say("    try: %s", c.Fix))
		}
	}
}
