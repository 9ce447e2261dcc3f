// Package sim makes the tutorial's hosts on one Docker engine: each a container
// that runs an engine of its own, on a bridge with the tutorial's addresses.
package sim

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim/images"
)

// Lab is a set of nodes on one engine, or on those of several machines. It implements
// harness.Target.
type Lab struct {
	opts     Options
	topology harness.Topology
	machines []*machine
	lost     []error // why some of the machines are missing
	objects  labObjects
	logs     string // see KeepLogs
}

var (
	_ harness.Target  = (*Lab)(nil)
	_ harness.Faulter = (*Lab)(nil)
	_ io.Closer       = (*Lab)(nil)
)

// ErrEngine reports that the engine, which is to hold the lab, can't be reached.
var ErrEngine = lang.Errorf("no Docker engine can be reached")

// Open connects to the engine and finds out which subnet the lab has, or would
// have. It makes nothing.
func Open(ctx context.Context, o Options) (*Lab, error) {
	if o.Lab == "" {
		o.Lab = DefaultLab
	}
	if err := CheckName(o.Lab); err != nil {
		return nil, err
	}
	machines, lost, bridge, err := openMachines(ctx, o)
	if err != nil {
		return nil, err
	}
	objects := newLabObjects(o.Lab, machines...)
	topology, err := findTopology(bridge, o)
	if err != nil {
		return nil, errors.Join(err, closeMachines(machines))
	}
	return &Lab{opts: o, topology: topology, machines: machines, lost: lost, objects: objects}, nil
}

// Name returns "sim".
func (l *Lab) Name() string { return "sim" }

// Lab returns the lab's name.
func (l *Lab) Lab() string { return l.objects.lab }

// EngineName returns the value of EnvEngine by which later commands find the
// lab's engine.
func (l *Lab) EngineName() string { return l.machines[0].engineName() }

// Topology returns the lab's nodes as they are, or would be.
func (l *Lab) Topology() harness.Topology { return l.topology }

// Images returns the images that nodes are made from, on the first machine.
func (l *Lab) Images() *images.Store { return l.machines[0].store }

// AllImages returns the images that a lab's nodes are made from, on each of its machines.
func AllImages(l *Lab) []*images.Store {
	var all []*images.Store
	for _, m := range l.machines {
		all = append(all, m.store)
	}
	return all
}

// Close closes the connections to the engines; the lab stays as it is.
func (l *Lab) Close() error { return closeMachines(l.machines) }

// Up makes the lab, or starts those of its nodes that do not run. If it fails, it
// removes what it made.
func (l *Lab) Up(ctx context.Context) ([]harness.Node, error) { return l.UpWith(ctx, nil) }

// UpWith is Up, and calls begin with the nodes while they start: what is asked
// of a node waits until its engine answers. UpWith returns when begin has
// returned, too, and fails if begin fails.
func (l *Lab) UpWith(
	ctx context.Context, begin func(context.Context, []harness.Node) error,
) (nodes []harness.Node, err error) {
	if err := checkRoom(ctx, l); err != nil {
		return nil, err
	}
	if len(l.machines) > 1 && l.opts.Form {
		if err := formSwarm(ctx, l.machines); err != nil {
			return nil, err
		}
	}
	for _, m := range l.machines {
		if m.watchdog != nil {
			continue
		}
		if m.watchdog, err = startWatchdog(l.opts.Watchdog, m.link, l.objects); err != nil {
			return nil, err
		}
	}
	watched, stop := watchEngines(ctx, l.machines)
	defer stop()
	defer func() {
		if err != nil {
			err = cmp.Or(lostEngine(watched), err)
			err = errors.Join(err, saveLogs(ctx, l.logs, l.findNodes), l.objects.removeRun(ctx))
		}
	}()
	closeProviders, err := openProviders(l.machines)
	if err != nil {
		return nil, err
	}
	defer closeProviders()
	for _, m := range l.machines {
		if err := m.store.Ensure(watched); err != nil {
			return nil, err
		}
	}
	bridge, err := subnetRequest{l}.ensureBridge(watched)
	if err != nil {
		return nil, err
	}
	s := starter{Lab: l, bridge: bridge}
	if err := s.startNodes(watched, begin); err != nil {
		return nil, err
	}
	return l.Nodes(watched)
}

// Nodes returns the lab's nodes, the manager first.
func (l *Lab) Nodes(ctx context.Context) ([]harness.Node, error) {
	found, err := l.findNodes(ctx)
	if err != nil {
		return nil, err
	}
	nodes := make([]harness.Node, len(found))
	for i, n := range found {
		nodes[i] = n
	}
	return nodes, nil
}

func (l *Lab) findNodes(ctx context.Context) ([]*node, error) {
	return l.objects.findNodes(ctx, l.topology.Hosts(), l.opts.Dial)
}

func (l *Lab) findNode(ctx context.Context, name string) (*node, error) {
	nodes, err := l.findNodes(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(nodes, func(n *node) bool { return n.name == name })
	if i < 0 {
		return nil, lang.Errorf("the lab has no such host")
	}
	return nodes[i], nil
}

// Exists reports whether the engines have anything of the lab, or one that can't be reached
// may have.
func (l *Lab) Exists(ctx context.Context) (bool, error) {
	found, err := l.objects.listAll(ctx)
	return found.count()+len(l.lost) > 0, err
}

// Direct reports whether this machine reaches the lab's addresses itself.
func (l *Lab) Direct(ctx context.Context) (bool, error) {
	bridge, err := l.objects.findBridge(ctx)
	return err == nil && bridge.isLocal(), err
}

// Ended returns the names of the hosts that do not run, or are not there. The
// error is harness.ErrNoNodes if there are none at all. It asks on a connection of
// its own: an engine that shuts down goes on answering on those that it has.
func (l *Lab) Ended(ctx context.Context) ([]string, error) {
	found := map[string]nodeContainer{}
	for _, m := range l.machines {
		own, err := m.openAgain(ctx)
		if err != nil {
			return nil, err
		}
		defer own.Close()
		nodes, err := labObjects{engines: []*link{own}, lab: l.Lab()}.nodeContainers(ctx)
		if err != nil {
			return nil, err
		}
		maps.Copy(found, nodes)
	}
	if len(found) == 0 {
		return nil, harness.ErrNoNodes
	}
	var ended []string
	for _, h := range l.topology.Hosts() {
		if c, exists := found[h.Name]; !exists || c.state == stateOff {
			ended = append(ended, h.Name)
		}
	}
	return ended, nil
}

// Down removes everything that carries the lab's label, and the disks of its hosts, and
// nothing else. If the engine keeps a network to which nothing is attached, Down warns of it
// and returns no error. It returns an error if an engine of the lab could not be reached; what
// is on that engine stays.
func (l *Lab) Down(ctx context.Context) error {
	if err := errors.Join(append(l.lost, ignoreKeptNetwork(ctx, l, l.objects.removeLab(ctx)))...); err != nil {
		return err
	}
	l.Keep() // nothing is left to watch over
	return nil
}

// Keep has the lab outlive this process.
func (l *Lab) Keep() {
	for _, m := range l.machines {
		m.watchdog.dismiss()
		m.watchdog = nil
	}
}

// Break injects a fault.
func (l *Lab) Break(ctx context.Context, f harness.Fault) error {
	if err := l.setFault(ctx, f, true); err != nil {
		return lang.Errorf("%s %s: %w", f.Kind, f.Node, err)
	}
	return nil
}

// Mend reverts a fault.
func (l *Lab) Mend(ctx context.Context, f harness.Fault) error {
	if err := l.setFault(ctx, f, false); err != nil {
		return lang.Errorf("revert %s on %s: %w", f.Kind, f.Node, err)
	}
	return nil
}

// setFault injects or reverts a fault.
func (l *Lab) setFault(ctx context.Context, f harness.Fault, on bool) error {
	n, err := l.findNode(ctx, f.Node)
	if err != nil {
		return err
	}
	if err := n.setFault(ctx, f, on, l.topology.Hosts()); err != nil || on || n.state == stateRunning {
		return err
	}
	return n.awaitEngine(ctx, l.opts)
}

// Restart reboots a host in good order.
func (l *Lab) Restart(ctx context.Context, name string) error {
	n, err := l.findNode(ctx, name)
	if err == nil {
		err = n.reboot(ctx)
	}
	if err == nil {
		err = n.awaitEngine(ctx, l.opts)
	}
	if err != nil {
		return lang.Errorf("restart %s: %w", name, err)
	}
	return nil
}

// Faults returns the faults that are injected.
func (l *Lab) Faults(ctx context.Context) ([]harness.Fault, error) {
	nodes, err := l.findNodes(ctx)
	if err != nil {
		return nil, err
	}
	return readAllFaults(ctx, nodes)
}

// Collect writes the engine log and the state of each node into a folder of
// dir with the node's name.
func (l *Lab) Collect(ctx context.Context, dir string) error {
	nodes, err := l.findNodes(ctx)
	if err != nil {
		return err
	}
	return errors.Join(harness.DoAll(nodes, 0, func(_ int, n *node) error {
		return n.collectState(ctx, filepath.Join(dir, n.name))
	})...)
}

// KeepLogs has an Up that fails write the log of each node's engine to
// dir/NODE/engine.log, where Collect writes it, before it removes the nodes.
func (l *Lab) KeepLogs(dir string) { l.logs = dir }
