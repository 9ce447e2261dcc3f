package tutorial

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// Faulter is a target's Faulter which also stops and starts the page's
// containers: harness.FaultStop, with a Service of Services. They are as they
// were when they run again; what the cluster makes of that takes it its time.
func Faulter(hosts harness.Faulter, c *engine.Cluster) harness.Faulter { return faulter{hosts, c} }

// Services are the names of the page's containers, for harness.FaultStop: the
// first two are the manager's, and those of hosts that are replicas; the last one
// is each member's.
func Services() []string { return []string{consulID, managerID, joinService} }

const joinService = "join"

// ErrNoService is a container that is not one of the cluster's, on that host.
var ErrNoService = lang.Errorf("the cluster has none")

// servicesOn are the containers that a host is to run, by their names.
func servicesOn(t harness.Topology, host string) iter.Seq2[string, service] {
	return func(yield func(string, service) bool) {
		for _, s := range Steps(t) {
			part, ok := s.part.(service)
			name, _, _ := strings.Cut(s.ID, "-")
			if ok && s.Host == host && !yield(name, part) {
				return
			}
		}
	}
}

type faulter struct {
	harness.Faulter
	cluster *engine.Cluster
}

// Break stops a container where the fault is FaultStop.
func (f faulter) Break(ctx context.Context, fault harness.Fault) error {
	if fault.Kind != harness.FaultStop {
		return f.Faulter.Break(ctx, fault)
	}
	return f.change(ctx, fault, false)
}

// Mend starts a container where the fault is FaultStop.
func (f faulter) Mend(ctx context.Context, fault harness.Fault) error {
	if fault.Kind != harness.FaultStop {
		return f.Faulter.Mend(ctx, fault)
	}
	return f.change(ctx, fault, true)
}

// change brings about that a container runs, or does not.
func (f faulter) change(ctx context.Context, fault harness.Fault, run bool) error {
	s, err := f.service(fault)
	if err != nil {
		return err
	}
	found, err := s.find(ctx, f.cluster)
	if err != nil {
		return err
	}
	on := f.cluster.Engine(s.host.Name)
	switch {
	case found.Running && run:
		return lang.Errorf("start %s of %s: %w", s.name, s.host.Name, harness.ErrNotInForce)
	case !found.Running && !run:
		return lang.Errorf("stop %s of %s: %w", s.name, s.host.Name, harness.ErrInForce)
	case run:
		return on.Start(ctx, found.ID)
	}
	return on.Stop(ctx, found.ID)
}

// service finds the container that a fault is about.
func (f faulter) service(fault harness.Fault) (service, error) {
	for name, s := range servicesOn(f.cluster.Topology(), fault.Node) {
		if name == fault.Service {
			return s, nil
		}
	}
	return service{}, lang.Errorf("the %s container of %s: %w", fault.Service, fault.Node, ErrNoService)
}

// Faults adds the page's containers that are there and do not run, whoever
// stopped them.
func (f faulter) Faults(ctx context.Context) ([]harness.Fault, error) {
	all, err := f.Faulter.Faults(ctx)
	if err != nil {
		return nil, err
	}
	t := f.cluster.Topology()
	stopped, err := harness.Each(ctx, t.Hosts(), func(ctx context.Context, h harness.Host) ([]harness.Fault, error) {
		if down(all, h) {
			return nil, nil
		}
		return f.stopped(ctx, h)
	})
	return append(all, slices.Concat(stopped...)...), err
}

// down says that nothing on a host can be asked.
func down(faults []harness.Fault, h harness.Host) bool {
	return slices.ContainsFunc(faults, func(f harness.Fault) bool {
		return f.Node == h.Name && (f.Kind == harness.FaultPause || f.Kind == harness.FaultKill)
	})
}

func (f faulter) stopped(ctx context.Context, h harness.Host) ([]harness.Fault, error) {
	var all []harness.Fault
	for name, s := range servicesOn(f.cluster.Topology(), h.Name) {
		fault := harness.Fault{Kind: harness.FaultStop, Node: h.Name, Service: name}
		found, err := s.find(ctx, f.cluster)
		switch {
		case errors.Is(err, errNoContainer), errors.As(err, new(*WrongError)): // the page was not done, or otherwise
		case err != nil:
			return nil, err
		case !found.Running:
			all = append(all, fault)
		}
	}
	return all, nil
}
