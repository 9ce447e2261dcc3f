package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
	"labcheck/sim"
)

func newFaultCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "fault", Short: a.lang.Say("Inject faults into the lab, and revert them"),
		Example: "  labcheck fault cut store,worker01 --port 4789\n" +
			"  labcheck fault pause store --for 30s\n  labcheck fault undo",
		Long: a.lang.Say(`fault injects faults into hosts of the lab, or into the connections between
them, to show what a failure looks like. A fault stays in force until it is
reverted, or for as long as --for says. Which are in force is read from the
hosts themselves.`),
	}
	for _, v := range harness.BreakVerbs() {
		c.AddCommand(newBreakCommand(a, v))
	}
	for _, v := range harness.MendVerbs() {
		c.AddCommand(newMendCommand(a, v))
	}
	c.AddCommand(
		&cobra.Command{
			Use: "restart HOST", Short: a.lang.Say("Reboot a host"), Args: cobra.ExactArgs(1),
			Long: a.lang.Say(`restart reboots a host in good order. Containers without a restart policy do not
run afterwards; the tutorial's join container is one, and fault list shows it.`),
			RunE: a.onFaults(restartHost), ValidArgsFunction: completeHost(a),
		},
		&cobra.Command{
			Use: "undo [HOST...]", Short: a.lang.Say("Revert all faults, or all of some hosts"), Args: cobra.ArbitraryArgs,
			RunE: a.onFaults(mendAll), ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				return hostNames(a), cobra.ShellCompDirectiveNoFileComp
			},
		},
		&cobra.Command{Use: "list", Short: a.lang.Say("List the faults in force"), RunE: a.onFaults(listFaults)},
	)
	return c
}

// newFaultVerb returns a subcommand without what it does, which is told the fault.
func newFaultVerb(a *app, v harness.FaultVerb, f *harness.Fault) *cobra.Command {
	c := &cobra.Command{
		Use: v.Use, Short: v.Short.In(a.lang), Args: cobra.ExactArgs(1), ValidArgsFunction: completeFault(a, v),
	}
	switch v.Kind {
	case harness.FaultCut:
		c.Flags().Uint16Var(&f.Port, "port", 0, a.lang.Say("only what is sent to this TCP or UDP port"))
		c.Flags().BoolVar(&f.OneWay, "one-way", false, a.lang.Say("only what the first host sends"))
	case harness.FaultSlow:
		c.Flags().DurationVar(&f.Delay, "delay", 100*time.Millisecond, a.lang.Say("how late what it sends is"))
		c.Flags().Float64Var(&f.Loss, "loss", 0, a.lang.Say("how much of it is lost, in `percent`"))
	}
	return c
}

// parseFault returns the fault of a verb's argument, with what the flags say of it.
func parseFault(v harness.FaultVerb, arg string, flags harness.Fault) harness.Fault {
	f := v.Parse(arg)
	f.Port, f.OneWay, f.Delay, f.Loss = flags.Port, flags.OneWay, flags.Delay, flags.Loss
	return f
}

func newBreakCommand(a *app, v harness.FaultVerb) *cobra.Command {
	var f harness.Fault
	var during time.Duration // 0: until it is reverted
	c := newFaultVerb(a, v, &f)
	c.Flags().DurationVar(&during, "for", 0, a.lang.Say("revert it after this time (or on Ctrl-C)"))
	c.PreRunE = func(c *cobra.Command, args []string) error {
		help := c.CommandPath() + " --help"
		if c.Flags().Changed("for") {
			if err := checkDuring(a, during, help); err != nil {
				return err
			}
		}
		if c.Flags().Changed("port") && f.Port == 0 { // which would be all ports
			return usageError(lang.Errorf("--port 0: want 1 to 65535"), help)
		}
		if err := parseFault(v, args[0], f).CheckSizes(); err != nil {
			return usageError(err, help)
		}
		return nil
	}
	c.RunE = a.onFaults(func(ctx context.Context, s *faultSession, args []string) error {
		return breakHost(ctx, s, parseFault(v, args[0], f), during)
	})
	return c
}

// checkDuring returns an error if a command can't go on for as long as --for says.
func checkDuring(a *app, during time.Duration, help string) error {
	if during > 0 && during < a.timeout {
		return nil
	}
	if during > 0 {
		help = a.lang.Say("a longer --timeout")
	}
	err := lang.Errorf("--for %s: it must be more than 0 and less than --timeout, %s", during, a.timeout)
	return usageError(err, help)
}

func newMendCommand(a *app, v harness.FaultVerb) *cobra.Command {
	var f harness.Fault
	c := newFaultVerb(a, v, &f)
	c.RunE = a.onFaults(func(ctx context.Context, s *faultSession, args []string) error {
		fault := parseFault(v, args[0], f)
		if fault.Kind == harness.FaultKill {
			fault = tutorial.FaultToStart(ctx, s, s.lab.Topology(), args[0])
		}
		if err := s.check(fault); err != nil {
			return err
		}
		err := s.Mend(ctx, fault)
		if err == nil {
			printMended(s, []harness.Fault{fault})
		}
		return err
	})
	return c
}

// faultSession is a session on a lab that can be broken.
type faultSession struct {
	*session
	harness.Faulter
}

// onFaults returns a RunE that does something with the lab's faults. What can't be
// done because of what is in force is an error of use.
func (a *app) onFaults(do func(context.Context, *faultSession, []string) error) func(*cobra.Command, []string) error {
	return a.onLab(func(ctx context.Context, s *session, args []string) error {
		cluster, err := s.clusterAsBuilt(ctx)
		if err != nil {
			return err
		}
		defer cluster.Close()
		err = do(ctx, &faultSession{s, tutorial.Faulter(s.lab, cluster)}, args)
		switch {
		case errors.Is(err, tutorial.ErrNoService):
			return usageError(err, s.commandLine("status"))
		case errors.Is(err, harness.ErrInForce), errors.Is(err, harness.ErrNotInForce):
			return usageError(err, s.commandLine("fault list"))
		}
		return err
	})
}

// check returns an error unless the lab has what a fault is about.
func (s *faultSession) check(f harness.Fault) error {
	t := s.lab.Topology()
	if err := f.CheckHosts(t); err != nil {
		return usageError(err, s.commandLine("status"))
	}
	if err := tutorial.CheckFault(t, f); err != nil {
		return usageError(err, fmt.Sprintf("labcheck fault %s --help", f.Kind))
	}
	return nil
}

// breakHost puts a fault in force, and with a duration waits and takes it off.
func breakHost(ctx context.Context, s *faultSession, f harness.Fault, during time.Duration) error {
	f = f.Of(s.lab.Topology())
	if err := s.check(f); err != nil {
		return err
	}
	if during == 0 {
		if err := s.Break(ctx, f); err != nil {
			return err
		}
		printFaults(s, []harness.Fault{f}, "", "")
		if !s.json {
			s.progress.Print(s.lang.Say("  revert it: labcheck fault %s%s", f.MendWords(), sim.Flags(s.lab)))
		}
		return nil
	}
	mended, err := harness.BreakFor(ctx, s, f, during, func() {
		s.progress.PrintLine(s.lang.Say("  %s, for %s", f.In(s.lang), during))
	})
	if mended != nil {
		printMended(s, mended)
	}
	return err
}

func restartHost(ctx context.Context, s *faultSession, args []string) error {
	host := args[0]
	if err := s.check(harness.Fault{Node: host}); err != nil {
		return err
	}
	restart := func() error { return s.Restart(ctx, host) }
	if err := s.progress.TrackPart(s.lang.Say("Restart %s", host), restart); err != nil {
		return err
	}
	return listFaults(ctx, s, nil)
}

func mendAll(ctx context.Context, s *faultSession, hosts []string) error {
	if err := s.lab.Topology().CheckHosts(hosts...); err != nil {
		return usageError(err, s.commandLine("status"))
	}
	mended, err := harness.MendAll(ctx, s, func(f harness.Fault) bool {
		return len(hosts) == 0 || slices.Contains(hosts, f.Node)
	})
	if err == nil {
		printMended(s, mended)
	}
	return err
}

func listFaults(ctx context.Context, s *faultSession, _ []string) error {
	all, err := s.Faults(ctx)
	if err == nil {
		printFaults(s, all, s.lang.Say("No fault is in force."), "")
	}
	return err
}

func printMended(s *faultSession, mended []harness.Fault) {
	printFaults(s, mended, s.lang.Say("No fault was in force."), s.lang.Say("no longer: "))
}

// faultsDocument is what --json prints.
type faultsDocument struct {
	Faults []harness.Fault `json:"faults"`
}

// printFaults prints faults, a line each, or what to say if there are none.
func printFaults(s *faultSession, all []harness.Fault, none, before string) {
	if s.printJSON(faultsDocument{append([]harness.Fault{}, all...)}) {
		return
	}
	if len(all) == 0 {
		fmt.Fprintln(s.out, none)
	}
	for _, f := range all {
		fmt.Fprintln(s.out, before+f.In(s.lang))
	}
}
