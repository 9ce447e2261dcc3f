package tutorial

import (
	"context"
	"errors"
	"slices"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// Faulter returns a target's Faulter that also stops and starts the page's
// containers: harness.FaultStop, with a name of ServiceNames. They are as they
// were when they run again; the cluster takes its time to notice.
func Faulter(hosts harness.Faulter, c *engine.Cluster) harness.Faulter { return faulter{hosts, c} }

// ErrNoService is a container that is not one of the cluster's, on that host.
var ErrNoService = lang.Errorf("the cluster has none")

// CheckFault returns an error if no cluster of a topology can have a fault, whose hosts the
// topology has.
func CheckFault(t harness.Topology, f harness.Fault) error {
	managerJoins := f.Service == SwarmJoin && f.Node == t.Manager.Name
	switch {
	case f.Kind == harness.FaultCut && f.Node == f.Peer:
		return lang.Errorf("%s can't be cut off from itself", f.Node)
	case f.Kind == harness.FaultStop && (managerJoins || !slices.Contains(Default().ServiceNames(), f.Service)):
		return lang.Errorf("want consul, manager or join:HOST, with a host that joins; " +
			"with replicas also consul:HOST or manager:HOST")
	}
	return nil
}

// FaultToStart returns the fault that ends when what a name says is started: a host that is
// off, or a container that does not run. The host and the container of the name manager are
// told apart by what is in force.
func FaultToStart(ctx context.Context, hosts harness.Faulter, t harness.Topology, name string) harness.Fault {
	host, stopped := harness.Fault{Kind: harness.FaultKill, Node: name}, harness.ParseStop(name).Of(t)
	all, err := hosts.Faults(ctx)
	isContainer := stopped.CheckHosts(t) == nil && CheckFault(t, stopped) == nil
	if err == nil && isContainer && !slices.Contains(all, host) {
		return stopped
	}
	return host
}

// servicesIn returns the containers that the hosts of a topology are to run, by host.
func servicesIn(t harness.Topology) map[string][]Service {
	all := map[string][]Service{}
	for _, step := range Default().Steps(t) {
		if s, ok := step.part.(Service); ok {
			all[s.Host.Name] = append(all[s.Host.Name], s)
		}
	}
	return all
}

type faulter struct {
	harness.Faulter
	cluster *engine.Cluster
}

// Break stops a container if the fault is FaultStop.
func (f faulter) Break(ctx context.Context, fault harness.Fault) error {
	if fault.Kind != harness.FaultStop {
		return f.Faulter.Break(ctx, fault)
	}
	return f.setRunning(ctx, fault, false)
}

// Mend starts a container if the fault is FaultStop.
func (f faulter) Mend(ctx context.Context, fault harness.Fault) error {
	if fault.Kind != harness.FaultStop {
		return f.Faulter.Mend(ctx, fault)
	}
	return f.setRunning(ctx, fault, true)
}

// setRunning starts or stops a container.
func (f faulter) setRunning(ctx context.Context, fault harness.Fault, run bool) error {
	s, err := f.findService(fault)
	if err != nil {
		return err
	}
	found, err := s.findContainer(ctx, f.cluster)
	if err != nil {
		return err
	}
	on := f.cluster.Engine(s.Host.Name)
	switch {
	case found.Running && run:
		return lang.Errorf("start %s of %s: %w", s.Title, s.Host.Name, harness.ErrNotInForce)
	case !found.Running && !run:
		return lang.Errorf("stop %s of %s: %w", s.Title, s.Host.Name, harness.ErrInForce)
	case run:
		return on.Start(ctx, found.ID)
	}
	return on.Stop(ctx, found.ID)
}

// findService finds the container that a fault is about.
func (f faulter) findService(fault harness.Fault) (Service, error) {
	for _, s := range servicesIn(f.cluster.Topology())[fault.Node] {
		if s.Name == fault.Service {
			return s, nil
		}
	}
	return Service{}, lang.Errorf("the %s container of %s: %w", fault.Service, fault.Node, ErrNoService)
}

// Faults adds the page's containers that are there and do not run, whoever stopped them.
func (f faulter) Faults(ctx context.Context) ([]harness.Fault, error) {
	all, err := f.Faulter.Faults(ctx)
	if err != nil {
		return nil, err
	}
	t := f.cluster.Topology()
	services := servicesIn(t)
	stopped, err := harness.Each(ctx, t.Hosts(), func(ctx context.Context, h harness.Host) ([]harness.Fault, error) {
		if isDown(all, h) {
			return nil, nil
		}
		return f.stoppedServices(ctx, services[h.Name])
	})
	return append(all, slices.Concat(stopped...)...), err
}

// isDown says that nothing on a host can be asked.
func isDown(faults []harness.Fault, h harness.Host) bool {
	return slices.ContainsFunc(faults, func(f harness.Fault) bool {
		return f.Node == h.Name && (f.Kind == harness.FaultPause || f.Kind == harness.FaultKill)
	})
}

// stoppedServices returns, of containers of the page, those that are there and do not run.
func (f faulter) stoppedServices(ctx context.Context, services []Service) ([]harness.Fault, error) {
	var all []harness.Fault
	for _, s := range services {
		found, err := s.findContainer(ctx, f.cluster)
		switch {
		case errors.Is(err, errNoContainer), errors.As(err, new(*WrongError)): // the page was not done, or otherwise
		case err != nil:
			return nil, err
		case !found.Running:
			all = append(all, harness.Fault{Kind: harness.FaultStop, Node: s.Host.Name, Service: s.Name})
		}
	}
	return all, nil
}
