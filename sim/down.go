package sim

import (
	"context"
	"errors"

	"labcheck/harness/lang"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"golang.org/x/sync/errgroup"
)

// Down removes everything that carries the lab's label, and nothing else.
func (l *Lab) Down(ctx context.Context) error {
	if err := l.sweep(ctx, l.filter()); err != nil {
		return lang.Errorf("remove lab %s: %w", l.name, err)
	}
	l.Keep() // nothing is left to watch over
	return nil
}

// filterRun matches what this process made of the lab.
func (l *Lab) filterRun() filters.Args {
	f := l.filter()
	f.Add("label", labelRun+"="+l.run)
	return f
}

// sweep removes the containers, volumes and networks that f matches. What
// somebody else removes meanwhile is as good as removed.
func (l *Lab) sweep(ctx context.Context, f filters.Args) error {
	containers, err := l.engine.ContainerList(ctx, container.ListOptions{All: true, Filters: f})
	if err != nil {
		return err
	}
	err = each(containers, func(c container.Summary) error {
		return l.removeContainer(ctx, c.ID)
	})
	if err != nil {
		return err
	}
	return errors.Join(l.sweepVolumes(ctx, f), l.sweepNetworks(ctx, f))
}

// removeContainer waits until the container is gone, also where its removal
// was begun by somebody else.
func (l *Lab) removeContainer(ctx context.Context, id string) error {
	removed, failed := l.engine.ContainerWait(ctx, id, container.WaitConditionRemoved)
	err := l.engine.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
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
		if errdefs.IsNotFound(err) {
			return nil
		}
		return err
	}
}

func (l *Lab) sweepVolumes(ctx context.Context, f filters.Args) error {
	found, err := l.engine.VolumeList(ctx, volume.ListOptions{Filters: f})
	if err != nil {
		return err
	}
	return each(found.Volumes, func(v *volume.Volume) error {
		return gone(l.engine.VolumeRemove(ctx, v.Name, true))
	})
}

func (l *Lab) sweepNetworks(ctx context.Context, f filters.Args) error {
	found, err := l.engine.NetworkList(ctx, network.ListOptions{Filters: f})
	if err != nil {
		return err
	}
	return each(found, func(n network.Summary) error {
		return gone(l.engine.NetworkRemove(ctx, n.ID))
	})
}

// gone is nil where what was to be removed is not there.
func gone(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

func each[T any](all []T, do func(T) error) error {
	var group errgroup.Group
	for _, t := range all {
		group.Go(func() error { return do(t) })
	}
	return group.Wait()
}

// watchEnd waits until the node's container ends, and then calls giveUp with an
// error that says so, or until ctx ends. Whoever waits for a node that is gone hears
// nothing from it, not even that.
func (l *Lab) watchEnd(ctx context.Context, n *node, giveUp context.CancelCauseFunc) {
	ended, failed := l.engine.ContainerWait(ctx, n.id, container.WaitConditionNotRunning)
	select {
	case <-ended:
	case <-failed: //nolint:errcheck // it was removed, or ctx has ended: what became of it is asked next
	}
	if err := l.ended(ctx, n); err != nil {
		giveUp(err)
	}
}

// ended is an error where the node's container does not run.
func (l *Lab) ended(ctx context.Context, n *node) error {
	c, err := l.engine.ContainerInspect(ctx, n.id)
	if errdefs.IsNotFound(err) {
		return lang.Errorf("its node was removed")
	}
	if err != nil || c.State.Running {
		return nil // not known, or running
	}
	return lang.Errorf("its node ended with exit code %d", c.State.ExitCode)
}

// Exists says whether there is anything of the lab.
func (l *Lab) Exists(ctx context.Context) (bool, error) {
	n, err := l.count(ctx, l.filter())
	return n > 0, err
}
