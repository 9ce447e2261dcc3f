package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// faults is a session on a lab that can be broken.
type faults struct {
	*session
	harness.Faulter
}

func (a *app) inFaults(ctx context.Context, do func(context.Context, *faults) error) error {
	return a.inLab(ctx, func(ctx context.Context, s *session) error {
		cluster, err := s.clusterAsBuilt(ctx)
		if err != nil {
			return err
		}
		defer cluster.Close()
		return s.faultError(do(ctx, &faults{s, tutorial.Faulter(s.lab, cluster)}))
	})
}

// faultError makes errors of use of what can't be because of what is in force.
func (s *session) faultError(err error) error {
	if errors.Is(err, tutorial.ErrNoService) {
		return &usageError{err, s.again("status")}
	}
	if errors.Is(err, harness.ErrInForce) || errors.Is(err, harness.ErrNotInForce) {
		return &usageError{err, s.again("fault list")}
	}
	return err
}

// check wants the hosts of a fault to be the lab's.
func (s *faults) check(f harness.Fault) error {
	var names []string
	for _, h := range s.lab.Topology().Hosts() {
		names = append(names, h.Name)
	}
	for _, name := range []string{f.Node, f.Peer} {
		if name != "" && !slices.Contains(names, name) || f.Node == "" {
			return &usageError{lang.Errorf("there is no host %s; there are %v", name, names), s.again("status")}
		}
	}
	if f.Kind == harness.FaultCut && f.Node == f.Peer {
		return &usageError{lang.Errorf("%s can't be cut off from itself", f.Node), "labcheck fault cut --help"}
	}
	ofManager := f.Node == s.lab.Topology().Manager.Name
	if f.Kind == harness.FaultStop && (!slices.Contains(tutorial.Default().ServiceNames(), f.Service) || f.Service == "join" && ofManager) {
		return &usageError{lang.Errorf("consul, manager and join:HOST are possible, with a host that joins, and consul:HOST and manager:HOST with replicas"), "labcheck fault stop --help"}
	}
	return nil
}

// breakFor puts a fault in force, and with a duration waits and takes it off.
func (s *faults) breakFor(ctx context.Context, f harness.Fault, during time.Duration) error {
	if err := s.check(f); err != nil {
		return err
	}
	before, err := s.Faults(ctx)
	if err != nil {
		return err
	}
	if err := s.Break(ctx, f); err != nil {
		return err
	}
	if during == 0 {
		s.show([]harness.Fault{f}, "", "")
		s.tellUndo(f)
		return nil
	}
	s.progress.tell(s.lang.Say("  %s, for %s", f.In(s.lang), during))
	select {
	case <-ctx.Done():
	case <-time.After(during):
	}
	return errors.Join(context.Cause(ctx), s.mendNew(ctx, f, before))
}

// mendNew takes off a fault and what came of it on its host, such as a container
// that did not come up again, also when ctx has ended.
func (s *faults) mendNew(ctx context.Context, f harness.Fault, before []harness.Fault) error {
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	mended, err := harness.MendAll(ctx, s, func(now harness.Fault) bool {
		return now.Node == f.Node && !slices.Contains(before, now)
	})
	if err == nil {
		s.show(mended, "", s.lang.Say("no longer: "))
	}
	return err
}

// whatToStart is a host that is off or a container that does not run: the host
// and the container of the name manager are told apart by what is in force.
func (s *faults) whatToStart(ctx context.Context, name string) harness.Fault {
	host := harness.Fault{Kind: harness.FaultKill, Node: name}
	stopped := stopFault(name, faultFlags{})
	all, err := s.Faults(ctx)
	if err == nil && !slices.Contains(all, host) && s.check(stopped) == nil {
		return stopped
	}
	return host
}

func (s *faults) mend(ctx context.Context, f harness.Fault) error {
	if err := s.check(f); err != nil {
		return err
	}
	if err := s.Mend(ctx, f); err != nil {
		return err
	}
	s.show([]harness.Fault{f}, "", s.lang.Say("no longer: "))
	return nil
}

func (s *faults) restart(ctx context.Context, host string) error {
	if err := s.check(harness.Fault{Node: host}); err != nil {
		return err
	}
	if err := s.progress.during(s.lang.Say("Restart %s", host), func() error { return s.Restart(ctx, host) }); err != nil {
		return err
	}
	all, err := s.Faults(ctx)
	if err == nil {
		s.show(all, s.lang.Say("No fault is in force."), "")
	}
	return err
}

func (s *faults) undo(ctx context.Context, hosts []string) error {
	for _, h := range hosts {
		if err := s.check(harness.Fault{Node: h}); err != nil {
			return err
		}
	}
	mended, err := harness.MendAll(ctx, s, func(f harness.Fault) bool {
		return len(hosts) == 0 || slices.Contains(hosts, f.Node)
	})
	if err == nil {
		s.show(mended, s.lang.Say("No fault was in force."), s.lang.Say("no longer: "))
	}
	return err
}

// show prints faults, a line each.
func (s *faults) show(all []harness.Fault, none, before string) {
	s.progress.close()
	if s.json {
		if all == nil {
			all = []harness.Fault{}
		}
		s.printJSON(map[string]any{"faults": all})
		return
	}
	if len(all) == 0 {
		fmt.Fprintln(s.out, none)
	}
	for _, f := range all {
		fmt.Fprintln(s.out, before+f.In(s.lang))
	}
}

func (s *faults) tellUndo(f harness.Fault) {
	if !s.json && !s.quiet {
		fmt.Fprintln(s.err, s.lang.Say("  take it off: labcheck fault %s%s", undoWords(f), labFlag(s.lab)))
	}
}

// undoWords are the subcommand that takes a fault off, and its arguments.
func undoWords(f harness.Fault) string {
	switch f.Kind {
	case harness.FaultPause:
		return "resume " + f.Node
	case harness.FaultKill:
		return "start " + f.Node
	case harness.FaultStop:
		if f.Node != harness.Tutorial().Manager.Name {
			return "start " + f.Service + ":" + f.Node
		}
		return "start " + f.Service
	case harness.FaultCut:
		words := "heal " + strings.TrimSuffix(f.Node+","+f.Peer, ",")
		if f.Port != 0 {
			words += fmt.Sprintf(" --port %d", f.Port)
		}
		if f.OneWay {
			words += " --one-way"
		}
		return words
	}
	return "undo " + f.Node
}
