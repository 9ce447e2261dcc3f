package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// faultFlags are the flags of the commands that put a fault in force or take
// one off; each command has those that it needs.
type faultFlags struct {
	port   uint16
	oneWay bool
	delay  time.Duration
	loss   float64
	during time.Duration // 0: until it is taken off
}

func (a *app) faultCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "fault", Short: a.lang.Say("Break the lab on purpose, and mend it"),
		Long: a.lang.Say(`fault breaks hosts of the lab, or the connections between them, to see what a
failure looks like. A fault stays in force until it is taken off, or for as long
as --for says. Which are in force is read from the hosts themselves.`),
		Args: usage(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, v := range faultVerbs(a.lang) {
		c.AddCommand(a.breakCommand(v))
	}
	for _, v := range mendVerbs(a.lang) {
		c.AddCommand(a.mendCommand(v))
	}
	c.AddCommand(a.restartCommand(), a.undoCommand(), a.listFaultsCommand())
	return c
}

// faultVerb is a subcommand that takes one argument, a host or what names a
// fault otherwise.
type faultVerb struct {
	use, short string
	fault      func(arg string, f faultFlags) harness.Fault
	flags      string // which of cut and slow it has
}

func hostFault(kind harness.FaultKind) func(string, faultFlags) harness.Fault {
	return func(host string, _ faultFlags) harness.Fault { return harness.Fault{Kind: kind, Node: host} }
}

func cutFault(hosts string, f faultFlags) harness.Fault {
	node, peer, _ := strings.Cut(hosts, ",")
	return harness.Fault{Kind: harness.FaultCut, Node: node, Peer: peer, Port: f.port, OneWay: f.oneWay}
}

func slowFault(host string, f faultFlags) harness.Fault {
	return harness.Fault{Kind: harness.FaultSlow, Node: host, Delay: f.delay, Loss: f.loss}
}

// stopFault reads consul, manager and join:NODE, and of replicas consul:NODE and
// manager:NODE.
func stopFault(service string, _ faultFlags) harness.Fault {
	name, node, given := strings.Cut(service, ":")
	if !given {
		node = harness.Tutorial().Manager.Name
	}
	return harness.Fault{Kind: harness.FaultStop, Node: node, Service: name}
}

func faultVerbs(l lang.Language) []faultVerb {
	return []faultVerb{
		{use: "pause HOST", short: l.Say("Have a host stand still, as one that hangs"), fault: hostFault(harness.FaultPause)},
		{use: "kill HOST", short: l.Say("Switch a host off, as a power cut does"), fault: hostFault(harness.FaultKill)},
		{use: "cut HOST[,HOST]", short: l.Say("Drop what a host and another one, or all others, send each other"), fault: cutFault, flags: "cut"},
		{use: "slow HOST", short: l.Say("Delay what a host sends, or lose some of it; needs the kernel's netem"), fault: slowFault, flags: "slow"},
		{use: "fill-disk HOST", short: l.Say("Leave a host's engine no room for new containers and images"), fault: hostFault(harness.FaultFillDisk)},
		{use: "stop consul[:HOST]|manager[:HOST]|join:HOST", short: l.Say("Stop a container of the tutorial"), fault: stopFault},
	}
}

func mendVerbs(l lang.Language) []faultVerb {
	return []faultVerb{
		{use: "resume HOST", short: l.Say("Have a paused host go on"), fault: hostFault(harness.FaultPause)},
		{use: "start HOST|consul[:HOST]|manager[:HOST]|join:HOST", short: l.Say("Start a host that is off, or a container that was stopped"), fault: hostFault(harness.FaultKill)},
		{use: "heal HOST[,HOST]", short: l.Say("Take a cut off"), fault: cutFault, flags: "cut"},
	}
}

func (a *app) verb(v faultVerb, run func(*cobra.Command, []string) error, f *faultFlags) *cobra.Command {
	c := &cobra.Command{Use: v.use, Short: v.short, Args: usage(cobra.ExactArgs(1)), RunE: run}
	switch v.flags {
	case "cut":
		c.Flags().Uint16Var(&f.port, "port", 0, a.lang.Say("only what is sent to this TCP or UDP port"))
		c.Flags().BoolVar(&f.oneWay, "one-way", false, a.lang.Say("only what the first host sends"))
	case "slow":
		c.Flags().DurationVar(&f.delay, "delay", 100*time.Millisecond, a.lang.Say("how late what it sends is"))
		c.Flags().Float64Var(&f.loss, "loss", 0, a.lang.Say("how much of it is lost, in `percent`"))
	}
	return c
}

func (a *app) breakCommand(v faultVerb) *cobra.Command {
	var f faultFlags
	c := a.verb(v, func(cmd *cobra.Command, args []string) error {
		if err := a.checkFault(f); err != nil {
			return err
		}
		return a.inFaults(cmd.Context(), func(ctx context.Context, s *faults) error {
			return s.breakFor(ctx, v.fault(args[0], f), f.during)
		})
	}, &f)
	c.Flags().DurationVar(&f.during, "for", 0, a.lang.Say("take it off again after this time (or on Ctrl-C)"))
	return c
}

func (a *app) checkFault(f faultFlags) error {
	switch {
	case f.during < 0 || f.during >= a.timeout:
		return &usageError{lang.Errorf("--for %s: it must be more than 0 and less than --timeout, %s", f.during, a.timeout), a.lang.Say("a longer --timeout")}
	case f.delay < 0 || f.loss < 0 || f.loss > 100:
		return &usageError{lang.Errorf("--delay must not be negative, and --loss be from 0 to 100"), "labcheck fault slow --help"}
	}
	return nil
}

func (a *app) mendCommand(v faultVerb) *cobra.Command {
	var f faultFlags
	return a.verb(v, func(cmd *cobra.Command, args []string) error {
		return a.inFaults(cmd.Context(), func(ctx context.Context, s *faults) error {
			fault := v.fault(args[0], f)
			if fault.Kind == harness.FaultKill {
				fault = s.whatToStart(ctx, args[0])
			}
			return s.mend(ctx, fault)
		})
	}, &f)
}

func (a *app) restartCommand() *cobra.Command {
	return &cobra.Command{
		Use: "restart HOST", Short: a.lang.Say("Reboot a host"), Args: usage(cobra.ExactArgs(1)),
		Long: a.lang.Say(`restart reboots a host in good order. What has no restart policy does not run
afterwards: the tutorial's join container is such a one, and fault list says so.`),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inFaults(cmd.Context(), func(ctx context.Context, s *faults) error { return s.restart(ctx, args[0]) })
		},
	}
}

func (a *app) undoCommand() *cobra.Command {
	return &cobra.Command{
		Use: "undo [HOST...]", Short: a.lang.Say("Take off all faults, or all of some hosts"), Args: usage(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inFaults(cmd.Context(), func(ctx context.Context, s *faults) error { return s.undo(ctx, args) })
		},
	}
}

func (a *app) listFaultsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: a.lang.Say("Say which faults are in force"), Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.inFaults(cmd.Context(), func(ctx context.Context, s *faults) error {
				all, err := s.Faults(ctx)
				if err == nil {
					s.show(all, s.lang.Say("No fault is in force."), "")
				}
				return err
			})
		},
	}
}
