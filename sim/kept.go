package sim

import (
	"context"
	"errors"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// keptNetworkError reports a network that the engine keeps though nothing is attached to
// it: Docker 20.10 may forget to count down its endpoints ("has active endpoints").
type keptNetworkError struct{ harness.HintError }

// How often the removal of a network that is kept is tried again: the endpoints of
// containers that were removed may go a moment later.
const (
	keptTries = 15
	keptPause = 200 * time.Millisecond
)

// removeNetwork removes a network. The error is a *keptNetworkError if the engine keeps
// it for no reason.
func removeNetwork(ctx context.Context, engine *client.Client, n network.Summary) error {
	if n.Scope == swarmScope {
		return removeOverlay(ctx, engine, n)
	}
	for tries := 0; ; tries++ {
		err := ignoreNotFound(engine.NetworkRemove(ctx, n.ID))
		if err == nil {
			return nil
		}
		found, failed := engine.NetworkInspect(ctx, n.ID, network.InspectOptions{})
		switch {
		case failed != nil:
			return errors.Join(err, ignoreNotFound(failed))
		case len(found.Containers) > 0:
			return explainAttached(err, found)
		case tries == keptTries:
			return &keptNetworkError{harness.HintError{
				Err: lang.Errorf("the engine keeps network %s though nothing is attached to it: %w", n.Name, err),
				Hint: lang.Text{EN: "restart the engine when nothing else runs there, and remove the lab again; " +
					"a new lab takes the network as it is"},
			}}
		}
		select {
		case <-time.After(keptPause):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// explainAttached adds to the engine's refusal how to detach what is attached to a
// network and is not the lab's: the lab's own was removed before.
func explainAttached(err error, n network.Inspect) error {
	for id := range n.Containers {
		detach := harness.ShellLine("docker", "network", "disconnect", "--force", n.Name, n.Containers[id].Name)
		return harness.WithHint(err, lang.Verbatim(detach))
	}
	return err
}

// ignoreKeptNetwork returns err. If err only says that the engine keeps a network, and nothing
// else of the lab is left, it warns the user and returns nil.
func ignoreKeptNetwork(ctx context.Context, l *Lab, err error) error {
	var kept *keptNetworkError
	if len(l.machines) > 1 || !errors.As(err, &kept) {
		return err
	}
	left, failed := l.objects.listAll(ctx)
	if failed != nil || len(left.containers)+len(left.volumes) > 0 {
		return errors.Join(err, failed)
	}
	l.opts.warnUser(kept)
	return nil
}
