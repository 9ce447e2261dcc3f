package survey

import (
	"context"
	"errors"
	"slices"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// containersOf lists the relevant containers of an engine, with the logs of those
// that do not run well.
func containersOf(ctx context.Context, on *engine.Client, relevant func(engine.Container) bool) ([]Container, error) {
	listed, err := on.Containers(ctx)
	if err != nil {
		return nil, err
	}
	listed = slices.DeleteFunc(listed, func(c engine.Container) bool { return !relevant(c) })
	all := make([]Container, len(listed))
	errs := harness.DoAll(listed, 0, func(i int, l engine.Container) error {
		c, err := on.Inspect(ctx, l.ID)
		switch {
		case errors.Is(err, engine.ErrNotFound):
			return nil // it was just removed
		case err != nil:
			return err
		}
		all[i].Container = c
		if c.State != "running" || c.RestartCount > 0 {
			all[i].Log, _ = on.Log(ctx, c.ID, logLines)
		}
		return nil
	})
	return slices.DeleteFunc(all, func(c Container) bool { return c.ID == "" }), errors.Join(errs...)
}

// Publishes reports whether a container has a port of its host.
func Publishes(c engine.Container, port uint16) bool {
	return slices.ContainsFunc(c.Ports, func(p engine.Port) bool { return p.Host == port })
}
