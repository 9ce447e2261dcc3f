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

// TakeTurn waits until no other run starts containers on the cluster. It is taken
// once, until Remove.
func (w *Workload) TakeTurn(ctx context.Context) error {
	w.mu.Lock()
	taken := w.turn
	w.turn, w.used = true, true
	w.mu.Unlock()
	if taken {
		return nil
	}
	manager := w.cluster.Engine(w.cluster.Topology().Manager.Name)
	var h holder
	ctx, cancel := harness.WithLimit(ctx, lifetime+10*time.Second)
	defer cancel()
	return w.wait(ctx, func(ctx context.Context) error {
		_, err := startPatiently(ctx, manager, w.newSpec(ctx, turnName))
		if !errors.Is(err, engine.ErrExists) {
			return err
		}
		c, err := manager.Inspect(ctx, turnName)
		if err != nil {
			return err
		}
		if h.hasGone(c) {
			return errors.Join(lang.Errorf("a former run left its turn behind"), manager.Remove(ctx, c.ID))
		}
		return lang.Errorf("another labcheck starts containers on this cluster (run %s)", c.Labels[Label])
	})
}

// holder watches the container of a run that has its turn.
type holder struct {
	id    string
	since time.Time
}

// hasGone reports whether the run crashed: its container ended by itself, or was
// made and never started.
func (h *holder) hasGone(c engine.Container) bool {
	if h.id != c.ID {
		*h = holder{c.ID, time.Now()}
	}
	return !c.Running && (c.State != "created" || time.Since(h.since) > 5*time.Second)
}
