package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
	"labcheck/harness/terminal"
	"labcheck/harness/tutorial"
	"labcheck/sim"
	"labcheck/sim/images"
)

// target is where the hosts are: a lab, or nodes that exist.
type target interface {
	harness.Target
	Topology() harness.Topology
	Close() error
}

// session is an open target and how its progress is shown.
type session struct {
	*app
	target   target
	lab      *sim.Lab // nil if the target is not one
	services engine.Options
	nodes    []harness.Node // of a cluster that is no lab, once it was connected to
	progress *terminal.Progress
}

// access is what a command may do to a cluster that is no lab.
type access int

const (
	readAccess   access = iota // requests and commands that might change something are refused
	changeAccess               // by consent
)

// action is what a command does with an open target and the command's arguments.
type action func(ctx context.Context, s *session, args []string) error

// onTarget returns a RunE that does something with the lab or the nodes that the
// flags name, within --timeout.
func (a *app) onTarget(may access, do action) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		ctx, cancel := a.withTimeout(c.Context())
		defer cancel()
		return a.open(ctx, may, func(ctx context.Context, s *session) error { return do(ctx, s, args) })
	}
}

// onLab is onTarget for what is about labs only.
func (a *app) onLab(do action) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		if a.target != "sim" {
			err := lang.Errorf("this command is about labs: with --target %s none is made or removed", a.target)
			return usageError(err, "labcheck --help")
		}
		return a.onTarget(changeAccess, do)(c, args)
	}
}

// withTimeout returns a context that ends after --timeout, or after the time of a command
// that takes long: that does not extend the limits of its waits.
func (a *app) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if a.longTime != 0 {
		return context.WithTimeoutCause(ctx, a.longTime, harness.TotalError{After: a.longTime})
	}
	return harness.WithTotal(ctx, a.timeout, harness.TotalError{After: a.timeout})
}

// open opens the target while do runs.
func (a *app) open(ctx context.Context, may access, do func(context.Context, *session) error) error {
	s := &session{app: a, progress: newProgress(a)}
	defer s.progress.Close()
	if err := s.openTarget(ctx, may); err != nil {
		return err
	}
	defer s.target.Close()
	err := do(ctx, s)
	if errors.Is(err, harness.ErrNoNodes) {
		err = hinted(lang.Errorf("there is no lab %s", s.lab.Lab()), s.commandLine("up"))
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return &harness.EndedError{Cause: cause, Err: err}
	}
	return err
}

func (s *session) openTarget(ctx context.Context, may access) (err error) {
	if s.app.target == "ec2" {
		return s.openEC2(ctx, may)
	}
	o, err := s.labOptions()
	if err != nil {
		return err
	}
	o.Progress = func(e sim.Event) { s.progress.ShowDetail(strings.TrimSpace(e.Node + " " + e.What)) }
	o.Images.Progress = func(e images.Event) {
		what := s.lang.Say("image %s: %s", e.Image, e.What)
		if e.Image == "" {
			what = s.lang.Say("packages: %s", e.What)
		}
		s.progress.ShowItem(what, e.Done, e.Elapsed)
	}
	if s.lab, err = sim.Open(ctx, o); err == nil {
		s.target = s.lab
	}
	return err
}

// confirm asks whether to change a cluster that is no lab, unless yes says so
// already. It is an error if there is nobody to ask; the hint is the command that
// does not ask.
func (a *app) confirm(ctx context.Context, yes bool, question, hint string) (bool, error) {
	switch {
	case yes:
		return true, nil
	case !terminal.IsTerminal(a.in):
		err := lang.Errorf("this changes a cluster that is not a lab, and there is no terminal to ask on")
		return false, usageError(err, hint)
	}
	return a.screen.Confirm(ctx, question)
}

// hinted returns an error with a command to type.
func hinted(err error, command string) error { return harness.WithHint(err, lang.Verbatim(command)) }

// cluster connects to the target's nodes. The caller closes it.
func (s *session) cluster(ctx context.Context) (*engine.Cluster, error) {
	nodes, err := s.target.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	if s.lab != nil {
		if err := s.checkComplete(nodes); err != nil {
			return nil, err
		}
		return s.services.Open(s.target.Topology(), nodes)
	}
	if s.nodes == nil {
		s.nodes = survey.Remember(s.target.Topology(), nodes)
	}
	return s.services.Open(s.target.Topology(), s.nodes)
}

// checkComplete returns an error if a lab lacks a host, which was removed by hand.
func (s *session) checkComplete(nodes []harness.Node) error {
	for _, h := range s.target.Topology().Hosts() {
		if !slices.ContainsFunc(nodes, func(n harness.Node) bool { return n.Name() == h.Name }) {
			return s.missingHost(h.Name)
		}
	}
	return nil
}

// missingHost returns the error for a host that a lab lacks.
func (s *session) missingHost(name string) error {
	return hinted(lang.Errorf("lab %s has no host %s any more", s.lab.Lab(), name), s.commandLine("up"))
}

// clusterAsBuilt returns the cluster with the parts that it has and the page does not make.
func (s *session) clusterAsBuilt(ctx context.Context) (*engine.Cluster, error) {
	c, err := s.cluster(ctx)
	if err != nil {
		return nil, err
	}
	return tutorial.Recognize(ctx, c), nil
}
