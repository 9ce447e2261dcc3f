package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness/report"
	"labcheck/sim"
)

func newListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "ls", Short: a.lang.Say("List the labs of the engine"), SuggestFor: []string{"list", "ps"},
		Example: "  labcheck ls\n  labcheck ls --json",
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := a.withTimeout(c.Context())
			defer cancel()
			return listLabs(ctx, a)
		},
	}
}

// labsDocument is what --json prints.
type labsDocument struct {
	Labs []sim.Listed `json:"labs"`
}

func listLabs(ctx context.Context, a *app) error {
	all, err := sim.List(ctx, a.simOptions())
	if err != nil || a.printJSON(labsDocument{all}) {
		return err
	}
	rows := [][]any{{a.lang.Say("LAB"), a.lang.Say("SUBNET"), a.lang.Say("AGE"), a.lang.Say("STATE")}}
	for _, l := range all {
		subnet := "-"
		if l.Subnet.IsValid() {
			subnet = l.Subnet.String()
		}
		rows = append(rows, []any{l.Name, subnet, ageText(time.Since(l.Made)), stateText(a, l)})
	}
	report.Table(a.out, rows)
	return nil
}

// ageText writes an age in the largest unit that it has two of: 90s, 45m, 30h, 5d.
func ageText(age time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case age < 2*time.Minute:
		return fmt.Sprintf("%.0fs", age.Seconds())
	case age < 2*time.Hour:
		return fmt.Sprintf("%dm", age/time.Minute)
	case age < 2*day:
		return fmt.Sprintf("%dh", age/time.Hour)
	}
	return fmt.Sprintf("%dd", age/day)
}

func stateText(a *app, l sim.Listed) string {
	switch l.Running {
	case 0:
		return a.lang.Say("stopped")
	case l.Hosts:
		return a.lang.Say("running")
	}
	return a.lang.Say("%d of %d hosts are running", l.Running, l.Hosts)
}
