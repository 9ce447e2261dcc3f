package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"labcheck/sim"
)

// watchdogName is the hidden command that a lab's watchdog runs.
const watchdogName = "watchdog"

// watchdogArgv returns the command line of this program as a watchdog.
func watchdogArgv() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{self, watchdogName}
}

func newWatchdogCommand(*app) *cobra.Command {
	return &cobra.Command{
		Use: watchdogName, Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// A signal is meant for the command that is watched over.
			return sim.Watch(context.WithoutCancel(cmd.Context()), cmd.InOrStdin())
		},
	}
}
