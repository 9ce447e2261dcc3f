package tutorial

import (
	"context"
	"errors"
	"slices"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// Faulter is a target's Faulter which also stops and starts the page's
// containers: harness.FaultStop, with a Service of Services. They are as they
// were when they run again; what the cluster makes of that takes it its time.
func Faulter(hosts harness.Faulter, c *engine.Cluster) harness.Faulter { return faulter{hosts, c} }

// Services are the names of the page's containers, for harness.FaultStop: the
// first two are the manager's, the last one is each member's.
func Services() []string { return []string{consulID, managerID, joinService} }

const joinService = "join"

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
		return harness.Errorf("start %s of %s: %w", "%[2]s の%[1]sの起動: %[3]w", s.name, s.host.Name, harness.ErrNotInForce)
	case !found.Running && !run:
		return harness.Errorf("stop %s of %s: %w", "%[2]s の%[1]sの停止: %[3]w", s.name, s.host.Name, harness.ErrInForce)
	case run:
		return on.Start(ctx, found.ID)
	}
	return on.Stop(ctx, found.ID)
}

// service finds the container that a fault is about.
func (f faulter) service(fault harness.Fault) (service, error) {
	t := f.cluster.Topology()
	member := slices.IndexFunc(t.Members, func(h harness.Host) bool { return h.Name == fault.Node })
	switch {
	case fault.Service == consulID && fault.Node == t.Manager.Name:
		return consulPart(t), nil
	case fault.Service == managerID && fault.Node == t.Manager.Name:
		return managerPart(t), nil
	case fault.Service == joinService && member >= 0:
		return joinPart(t, t.Members[member]), nil
	}
	return service{}, harness.Errorf("the page has no %s container on %s", "ページでは、%[2]s に %[1]s のコンテナはない", fault.Service, fault.Node)
}

// Faults adds the page's containers that are there and do not run, whoever
// stopped them.
func (f faulter) Faults(ctx context.Context) ([]harness.Fault, error) {
	all, err := f.Faulter.Faults(ctx)
	if err != nil {
		return nil, err
	}
	t := f.cluster.Topology()
	stopped := make([][]harness.Fault, len(t.Hosts()))
	err = eachHost(ctx, t.Hosts(), func(ctx context.Context, i int) (err error) {
		if h := t.Hosts()[i]; !down(all, h) {
			stopped[i], err = f.stopped(ctx, h)
		}
		return err
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
	services := []string{joinService}
	if h.Name == f.cluster.Topology().Manager.Name {
		services = []string{consulID, managerID}
	}
	var all []harness.Fault
	for _, name := range services {
		fault := harness.Fault{Kind: harness.FaultStop, Node: h.Name, Service: name}
		s, err := f.service(fault)
		if err != nil {
			return nil, err
		}
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
