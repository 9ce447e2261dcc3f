package main

import (
	"context"
	"errors"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
	"labcheck/sim"
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
	lab      *sim.Lab // nil where the target is not one
	services engine.Options
	nodes    []*survey.Node // of a cluster that is no lab, once it was connected to
	progress *progress
}

// access is what a command may do to a cluster that is no lab.
type access int

const (
	looks   access = iota // requests and commands that might change something are refused
	changes               // by consent
)

// inLab runs do with the lab that the flags name, within --timeout.
func (a *app) inLab(ctx context.Context, do func(context.Context, *session) error) error {
	if a.target != "sim" {
		return &usageError{lang.Errorf("this command is about labs: with --target %s none is made or removed", a.target), "labcheck --help"}
	}
	return a.inTarget(ctx, changes, do)
}

// inTarget runs do with the lab or the nodes that the flags name, within
// --timeout.
func (a *app) inTarget(ctx context.Context, may access, do func(context.Context, *session) error) error {
	ctx, cancel := harness.WithTotal(ctx, a.timeout, errTimeout{a.timeout})
	defer cancel()
	return a.open(ctx, may, do)
}

// open is inTarget without --timeout.
func (a *app) open(ctx context.Context, may access, do func(context.Context, *session) error) error {
	p := a.newProgress()
	defer p.close()
	s := &session{app: a, progress: p}
	reach := s.openLab
	if a.target == "ec2" {
		reach = func(ctx context.Context) error { return s.openReal(ctx, may) }
	}
	if err := reach(ctx); err != nil {
		return err
	}
	defer s.target.Close()
	err := do(ctx, s)
	if errors.Is(err, harness.ErrNoNodes) {
		err = &hintError{lang.Errorf("there is no lab %s", s.lab.Lab()), s.again("up")}
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return &endedError{cause, err}
	}
	return err
}

func (s *session) openLab(ctx context.Context) (err error) {
	if s.lab, err = sim.Open(ctx, s.simOptions(s.progress)); err == nil {
		s.target = s.lab
	}
	return err
}

// cluster connects to the target's nodes. The caller closes it.
func (s *session) cluster(ctx context.Context) (*engine.Cluster, error) {
	nodes, err := s.target.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	if s.lab == nil {
		nodes = s.rememberingNodes(nodes)
	}
	return s.services.Open(s.target.Topology(), nodes)
}

// clusterAsBuilt is the cluster with what it has beside what the page makes.
func (s *session) clusterAsBuilt(ctx context.Context) (*engine.Cluster, error) {
	c, err := s.cluster(ctx)
	if err != nil {
		return nil, err
	}
	return tutorial.Recognize(ctx, c), nil
}
