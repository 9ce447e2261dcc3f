package sim

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/netip"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Labels of everything that a lab consists of. labcheck keeps no other record of
// what belongs to a lab.
const (
	LabelLab  = "labcheck.lab"  // the lab's name
	labelRun  = "labcheck.run"  // which `up` made the object
	labelNode = "labcheck.node" // the node's name
	labelAddr = "labcheck.addr" // the node's address
	// labelTopology is on the network of a lab whose topology is not the tutorial's: the
	// topology, as JSON.
	labelTopology = "labcheck.topology"
	// labelProbe is on what doctor makes and removes again: the lab that it is for.
	labelProbe = "labcheck.probe"
)

// labObjects finds, counts and removes the containers, volumes and networks that
// carry a lab's labels.
type labObjects struct {
	engine *client.Client
	lab    string
	run    string // on what this process makes
	probed string // the lab that doctor's throw-away hosts are for; else empty
}

func newLabObjects(engine *client.Client, lab string) labObjects {
	return labObjects{engine: engine, lab: lab, run: rand.Text()[:12]}
}

// newLabels returns the labels of an object that this process makes.
func (o labObjects) newLabels() map[string]string {
	labels := map[string]string{LabelLab: o.lab, labelRun: o.run}
	if o.probed != "" {
		labels[labelProbe] = o.probed
	}
	return labels
}

// nodeLabels returns the labels of the container of a node that this process makes.
func (o labObjects) nodeLabels(node string, addr netip.Addr) map[string]string {
	labels := o.newLabels()
	labels[labelNode], labels[labelAddr] = node, addr.String()
	return labels
}

// labFilter matches everything of the lab.
func (o labObjects) labFilter() filters.Args { return labelFilter(LabelLab + "=" + o.lab) }

// runFilter matches what this process made of the lab.
func (o labObjects) runFilter() filters.Args {
	f := o.labFilter()
	f.Add("label", labelRun+"="+o.run)
	return f
}

// labelFilter matches objects that have a label: KEY or KEY=VALUE.
func labelFilter(label string) filters.Args { return filters.NewArgs(filters.Arg("label", label)) }

// findBridge returns the lab's bridge. The error is harness.ErrNoNodes if there is
// none.
func (o labObjects) findBridge(ctx context.Context) (labBridge, error) {
	found, err := o.engine.NetworkList(ctx, network.ListOptions{Filters: o.labFilter()})
	if err != nil {
		return labBridge{}, err
	}
	if len(found) == 0 {
		return labBridge{}, harness.ErrNoNodes
	}
	subnets := subnetsOf(found[0].IPAM)
	if len(subnets) != 1 {
		return labBridge{}, lang.Errorf("network %s of lab %s has %d subnets, not one", found[0].Name, o.lab, len(subnets))
	}
	return labBridge{found[0].ID, subnets[0], found[0].Labels[labelTopology]}, nil
}

// findNodes returns those of the hosts that the lab has, running or not. The error
// is harness.ErrNoNodes if it has none.
func (o labObjects) findNodes(ctx context.Context, hosts []harness.Host, dial DialMode) ([]*node, error) {
	bridge, err := o.findBridge(ctx)
	if err != nil {
		return nil, err
	}
	found, err := o.nodeContainers(ctx)
	if err != nil {
		return nil, err
	}
	var nodes []*node
	for _, h := range hosts {
		if c, ok := found[h.Name]; ok {
			n := newNode(o.engine, h, bridge, dial)
			n.id, n.state = c.ID, stateOf(c)
			nodes = append(nodes, n)
		}
	}
	if len(nodes) == 0 {
		return nil, harness.ErrNoNodes
	}
	return nodes, nil
}

// nodeContainers returns the containers of the lab's nodes by node name, running or
// not.
func (o labObjects) nodeContainers(ctx context.Context) (map[string]container.Summary, error) {
	found, err := o.engine.ContainerList(ctx, container.ListOptions{All: true, Filters: o.labFilter()})
	if err != nil {
		return nil, err
	}
	nodes := map[string]container.Summary{}
	for _, c := range found {
		if name := c.Labels[labelNode]; name != "" {
			nodes[name] = c
		}
	}
	return nodes, nil
}

// removeLab removes everything of the lab.
func (o labObjects) removeLab(ctx context.Context) error {
	if _, err := removeObjects(ctx, o.engine, o.labFilter()); err != nil {
		return lang.Errorf("remove lab %s: %w", o.lab, err)
	}
	return nil
}

// removeRun removes what this process made of the lab, also if ctx has ended.
func (o labObjects) removeRun(ctx context.Context) error {
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), downTimeout)
	defer cancel()
	_, err := removeObjects(ctx, o.engine, o.runFilter())
	return err
}

// objectList is what an engine has of something.
type objectList struct {
	containers []container.Summary
	volumes    []*volume.Volume
	networks   []network.Summary
}

func (l objectList) count() int { return len(l.containers) + len(l.volumes) + len(l.networks) }

// listObjects returns the containers, volumes and networks that f matches.
func listObjects(ctx context.Context, engine *client.Client, f filters.Args) (objectList, error) {
	containers, err1 := engine.ContainerList(ctx, container.ListOptions{All: true, Filters: f})
	volumes, err2 := engine.VolumeList(ctx, volume.ListOptions{Filters: f})
	networks, err3 := engine.NetworkList(ctx, network.ListOptions{Filters: f})
	return objectList{containers, volumes.Volumes, networks}, cmp.Or(err1, err2, err3)
}

// removeObjects removes the containers, volumes and networks that f matches, and
// returns how many there were. It is no error if somebody else removes them
// meanwhile.
func removeObjects(ctx context.Context, engine *client.Client, f filters.Args) (int, error) {
	found, err := listObjects(ctx, engine, f)
	if err != nil {
		return 0, err
	}
	err = inParallel(found.containers, func(c container.Summary) error {
		return removeContainer(ctx, engine, c.ID)
	})
	if err != nil {
		return found.count(), err
	}
	return found.count(), errors.Join(
		inParallel(found.volumes, func(v *volume.Volume) error {
			return ignoreNotFound(engine.VolumeRemove(ctx, v.Name, true))
		}),
		inParallel(found.networks, func(n network.Summary) error {
			return removeNetwork(ctx, engine, n)
		}),
	)
}

// removeContainer removes a container and waits until it is gone, also if somebody
// else is removing it.
func removeContainer(ctx context.Context, engine *client.Client, id string) error {
	removed, failed := engine.ContainerWait(ctx, id, container.WaitConditionRemoved)
	err := engine.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case err != nil && !errdefs.IsConflict(err):
		return err
	}
	select {
	case <-removed:
		return nil
	case err := <-failed:
		return ignoreNotFound(err)
	}
}

// ignoreNotFound returns nil for the error that an object is not there.
func ignoreNotFound(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// inParallel calls do for all items at once and returns the first error.
func inParallel[T any](items []T, do func(T) error) error {
	var group errgroup.Group
	for _, item := range items {
		group.Go(func() error { return do(item) })
	}
	return group.Wait()
}
