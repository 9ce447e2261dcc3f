package sim

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"sync"

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

// Labels of everything that a lab consists of. labcheck keeps no other record of what
// belongs to a lab, but for the names of disks.
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
	// labelEngines is on the network of a lab on several machines: their engines, as JSON.
	labelEngines = "labcheck.engines"
)

// labObjects finds, counts and removes the containers, volumes and networks that
// carry a lab's labels.
type labObjects struct {
	engines []*link // of the lab's machines; the first one has the lab's network
	lab     string
	run     string // on what this process makes
	probed  string // the lab that doctor's throw-away hosts are for; else empty
}

// runLength is how many letters and digits the name of a run has.
const runLength = 12

func newLabObjects(lab string, machines ...*machine) labObjects {
	o := labObjects{lab: lab, run: rand.Text()[:runLength]}
	for _, m := range machines {
		o.engines = append(o.engines, m.link)
	}
	return o
}

// engine returns the engine that has the lab's network.
func (o labObjects) engine() *client.Client { return o.engines[0].client }

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

// diskName returns the name of a host's volume that this process makes.
func (o labObjects) diskName(host string) string { return o.lab + "_" + host + "_" + o.run }

// objectFilter matches objects by their labels. A volume has none if its engine was killed
// while it made it: disks matches the name of one.
type objectFilter struct {
	labels filters.Args
	disks  *regexp.Regexp // nil: none
}

func (f objectFilter) matchesVolume(v *volume.Volume) bool {
	isDisk := f.disks != nil && len(v.Labels) == 0 && f.disks.MatchString(v.Name)
	return isDisk || f.labels.MatchKVList("label", v.Labels)
}

// labFilter matches everything of the lab.
func (o labObjects) labFilter() objectFilter {
	disks := fmt.Sprintf("^%s_[^_]+_[A-Z2-7]{%d}$", regexp.QuoteMeta(o.lab), runLength)
	return objectFilter{labelFilter(LabelLab + "=" + o.lab), regexp.MustCompile(disks)}
}

// runFilter matches what this process made of the lab.
func (o labObjects) runFilter() objectFilter {
	f := o.labFilter()
	f.labels.Add("label", labelRun+"="+o.run)
	f.disks = regexp.MustCompile(fmt.Sprintf("^%s_[^_]+_%s$", regexp.QuoteMeta(o.lab), regexp.QuoteMeta(o.run)))
	return f
}

// labelFilter matches objects that have a label: KEY or KEY=VALUE.
func labelFilter(label string) filters.Args { return filters.NewArgs(filters.Arg("label", label)) }

// findBridge returns the lab's bridge. The error is harness.ErrNoNodes if there is
// none.
func (o labObjects) findBridge(ctx context.Context) (labBridge, error) {
	found, err := o.engine().NetworkList(ctx, network.ListOptions{Filters: o.labFilter().labels})
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
	n := found[0]
	engines, err := readMachines(n.Labels[labelEngines])
	return labBridge{n.ID, subnets[0], n.Labels[labelTopology], engines}, err
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
			nodes = append(nodes, newNode(c, h, bridge, dial))
		}
	}
	if len(nodes) == 0 {
		return nil, harness.ErrNoNodes
	}
	return nodes, nil
}

// nodeContainers returns the containers of the lab's nodes by node name, running or
// not.
func (o labObjects) nodeContainers(ctx context.Context) (map[string]nodeContainer, error) {
	nodes := map[string]nodeContainer{}
	for _, e := range o.engines {
		found, err := e.client.ContainerList(ctx, container.ListOptions{All: true, Filters: o.labFilter().labels})
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			if name := c.Labels[labelNode]; name != "" {
				nodes[name] = nodeContainer{e.client, c.ID, stateOf(c)}
			}
		}
	}
	return nodes, nil
}

// removeLab removes everything of the lab.
func (o labObjects) removeLab(ctx context.Context) error {
	if err := o.removeAll(ctx, o.labFilter()); err != nil {
		return lang.Errorf("remove lab %s: %w", o.lab, err)
	}
	return nil
}

// removeRun removes what this process made of the lab, also if ctx has ended.
func (o labObjects) removeRun(ctx context.Context) error {
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), downTimeout)
	defer cancel()
	return o.removeAll(ctx, o.runFilter())
}

// removeAll removes the objects that f matches on all engines, networks at last: that of
// a lab on several machines stays while one of them has a host. If an engine does not
// answer, what the others have goes all the same.
func (o labObjects) removeAll(ctx context.Context, f objectFilter) error {
	if len(o.engines) == 1 {
		_, err := removeObjects(ctx, o.engine(), f)
		return err
	}
	found, errs := make([]objectList, len(o.engines)), make([]error, len(o.engines))
	forEach := func(remove func(int, *client.Client) error) {
		var group sync.WaitGroup
		for i, e := range o.engines {
			if errs[i] == nil {
				group.Go(func() { errs[i] = remove(i, e.client) })
			}
		}
		group.Wait()
	}
	forEach(func(i int, _ *client.Client) error {
		_, err := o.engines[i].ping(ctx, connectTimeout)
		return err
	})
	forEach(func(i int, e *client.Client) (err error) {
		if found[i], err = listObjects(ctx, e, f); err == nil {
			err = removeListed(ctx, e, objectList{found[i].containers, found[i].volumes, nil})
		}
		return err
	})
	// An engine lists the network of a swarm only while a host of its own is attached, and
	// for a moment after: it may have begun to since.
	networks := map[string]network.Summary{}
	for _, f := range found {
		for _, n := range f.networks {
			networks[n.ID] = n
		}
	}
	all := objectList{networks: slices.Collect(maps.Values(networks))}
	forEach(func(_ int, e *client.Client) error { return removeListed(ctx, e, all) })
	return errors.Join(errs...)
}

// objectList is what an engine has of something.
type objectList struct {
	containers []container.Summary
	volumes    []*volume.Volume
	networks   []network.Summary
}

func (l *objectList) add(more objectList) {
	l.containers = append(l.containers, more.containers...)
	l.volumes = append(l.volumes, more.volumes...)
	l.networks = append(l.networks, more.networks...)
}

func (l objectList) count() int { return len(l.containers) + len(l.volumes) + len(l.networks) }

// listAll returns what all engines have of the lab.
func (o labObjects) listAll(ctx context.Context) (all objectList, err error) {
	for _, e := range o.engines {
		found, failed := listObjects(ctx, e.client, o.labFilter())
		all.add(found)
		err = errors.Join(err, failed)
	}
	return all, err
}

// listObjects returns the containers, volumes and networks that f matches.
func listObjects(ctx context.Context, engine *client.Client, f objectFilter) (objectList, error) {
	containers, err1 := engine.ContainerList(ctx, container.ListOptions{All: true, Filters: f.labels})
	all, err2 := engine.VolumeList(ctx, volume.ListOptions{})
	volumes := slices.DeleteFunc(all.Volumes, func(v *volume.Volume) bool { return !f.matchesVolume(v) })
	networks, err3 := engine.NetworkList(ctx, network.ListOptions{Filters: f.labels})
	return objectList{containers, volumes, networks}, cmp.Or(err1, err2, err3)
}

// removeObjects removes the containers, volumes and networks that f matches, and
// returns how many there were. It is no error if somebody else removes them
// meanwhile.
func removeObjects(ctx context.Context, engine *client.Client, f objectFilter) (int, error) {
	found, err := listObjects(ctx, engine, f)
	if err != nil {
		return 0, err
	}
	return found.count(), removeListed(ctx, engine, found)
}

// removeListed removes objects of an engine.
func removeListed(ctx context.Context, engine *client.Client, found objectList) error {
	err := inParallel(found.containers, func(c container.Summary) error {
		return removeContainer(ctx, engine, c.ID)
	})
	if err != nil {
		return err
	}
	return errors.Join(
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
	wait := startWait(ctx, engine, id, container.WaitConditionRemoved)
	err := engine.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case err != nil && !errdefs.IsConflict(err):
		return err
	}
	return ignoreNotFound(wait())
}

// startWait begins to wait for a container to come to a state, and returns the
// function that waits until it has. It need not be called: the client's own goroutine
// would not end if nobody took its result.
func startWait(
	ctx context.Context, engine *client.Client, id string, state container.WaitCondition,
) (wait func() error) {
	reached, failed := engine.ContainerWait(ctx, id, state)
	result := make(chan error, 1)
	go func() {
		select {
		case <-reached:
			result <- nil
		case err := <-failed:
			result <- err
		}
	}()
	return func() error { return <-result }
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
