package workload

import (
	"context"
	"errors"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// turnName is the container, on the manager, of the run whose turn it is to start
// containers. Two runs at once would see each other's.
const turnName = "labcheck-turn"

// TakeTurn waits until no other run starts containers on the cluster, and ends with a
// harness.BusyError if one still does. It is taken once, until Remove.
func (w *Workload) TakeTurn(ctx context.Context) error {
	w.mu.Lock()
	taken := w.turn
	w.turn, w.used = true, true
	w.mu.Unlock()
	if taken {
		return nil
	}
	manager := w.cluster.Engine(w.cluster.Topology().Manager.Name)
	ctx, cancel := harness.WithLimit(ctx, lifetime+10*time.Second)
	defer cancel()
	return w.wait(ctx, func(ctx context.Context) error {
		spec := w.newSpec(ctx, turnName)
		spec.OnlyCreated = true // to start it would take longer than anything else here
		_, err := startPatiently(ctx, manager, spec)
		if !errors.Is(err, engine.ErrExists) {
			return err
		}
		c, err := manager.Inspect(ctx, turnName)
		if err != nil {
			return err
		}
		info, err := manager.Info(ctx)
		if err != nil {
			return err
		}
		if isOver(c, info.SystemTime) {
			return errors.Join(lang.Errorf("a former run left its turn behind"), manager.Remove(ctx, c.ID))
		}
		return &harness.BusyError{Run: c.Labels[Label]}
	})
}

// isOver reports whether the run with a turn has crashed: if its container had been
// started, that would have ended by now.
func isOver(c engine.Container, now time.Time) bool {
	if len(c.Args) == 0 {
		return false
	}
	lives, err := time.ParseDuration(c.Args[len(c.Args)-1] + "s") // of sleep SECONDS; an engine may leave out sleep
	return err == nil && now.Sub(c.Created) > lives
}
