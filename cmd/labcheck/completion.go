package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/ec2"
	"labcheck/harness/lang"
	"labcheck/sim"
)

// completionTimeout is how long a person who presses Tab waits for an engine.
const completionTimeout = 2 * time.Second

// completeFlags has a shell complete the values of flags that several commands share.
func completeFlags(a *app, root *cobra.Command) {
	complete := func(flag string, f cobra.CompletionFunc) {
		_ = root.RegisterFlagCompletionFunc(flag, f) // root has all of them
	}
	complete("target", completeFrom("sim", "ec2"))
	complete("dial", completeFrom(string(sim.DialAuto), string(sim.DialDirect), string(sim.DialExec)))
	complete("lang", completeFrom(string(lang.English), string(lang.Japanese)))
	complete("lab", func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return labNames(c.Context(), a), cobra.ShellCompDirectiveNoFileComp
	})
}

// completeFrom completes values that are always the same.
func completeFrom(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// labNames returns the names of the labs that there are; none if the engine does not
// say.
func labNames(ctx context.Context, a *app) (names []string) {
	ctx, cancel := context.WithTimeout(ctx, completionTimeout)
	defer cancel()
	all, _ := sim.List(ctx, a.simOptions()) // a shell has no place for an error
	for _, l := range all {
		names = append(names, l.Name)
	}
	return names
}

// hostNames returns the names of the hosts: those of the inventory, or else the page's.
func hostNames(a *app) []string {
	t := harness.Tutorial()
	if a.inventory != "" {
		if i, err := ec2.ReadFile(a.inventory); err == nil {
			t = i.Topology()
		}
	}
	return t.HostNames()
}

// completeHost completes the first argument, a host. What follows is left to the shell.
func completeHost(a *app) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return hostNames(a), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFault completes the only argument of a verb.
func completeFault(a *app, v harness.FaultVerb) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) (all []string, _ cobra.ShellCompDirective) {
		if len(args) == 0 {
			all = v.Complete(hostNames(a), typed)
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}
