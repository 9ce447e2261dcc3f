package tutorial

import (
	"context"
	"errors"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// Step is a command of a page that changes the cluster, and what it brings about.
type Step struct {
	ID      string `json:"id"`   // consul, manager, join-frontend01, …, network
	Page    string `json:"page"` // the page's number for it
	Host    string `json:"host"` // the host that it changes
	Command string `json:"command"`

	part stepPart
	// within is how long the step may take, without pulling its image.
	within time.Duration
	// phase says which steps are performed side by side: those of one phase, after
	// those of the phases before it.
	phase int
}

// stepPart is what a step brings about.
type stepPart interface {
	// findMissing returns nil if the step has nothing to do, and otherwise what is
	// missing; a *WrongError is something that performing the step would not fix.
	findMissing(ctx context.Context, c *engine.Cluster) error
	// applyMissing does what the command does, or the rest of it, and says which.
	applyMissing(ctx context.Context, c *engine.Cluster) (lang.Text, error)
	// checkWorking is findMissing once applyMissing is done. It is called often.
	checkWorking(ctx context.Context, c *engine.Cluster) error
}

func (s Step) lookForMissing(ctx context.Context, c *engine.Cluster) error {
	ctx, cancel := harness.WithLimit(ctx, s.within)
	defer cancel()
	return s.part.findMissing(ctx, c)
}

// performStep brings a step to its end. It notes what was done for it.
func (s Step) performStep(ctx context.Context, c *engine.Cluster, e *Event) error {
	missing := s.lookForMissing(ctx, c)
	if missing == nil {
		e.Already, e.What = true, lang.Text{EN: "done already"}
		return nil
	}
	if errors.As(missing, new(*WrongError)) {
		return missing
	}
	var err error
	if e.What, err = s.applyMissing(ctx, c); err != nil {
		return err
	}
	return s.waitUntilWorking(ctx, c)
}

// applyMissing does the step, and first gets its image if the engine lacks it.
func (s Step) applyMissing(ctx context.Context, c *engine.Cluster) (lang.Text, error) {
	what, err := s.tryToApply(ctx, c)
	service, ok := s.part.(Service)
	if !ok || !errors.Is(err, engine.ErrNoImage) {
		return what, err
	}
	if err := service.getImage(ctx, c); err != nil {
		return lang.Text{}, err
	}
	return s.tryToApply(ctx, c)
}

func (s Step) tryToApply(ctx context.Context, c *engine.Cluster) (lang.Text, error) {
	ctx, cancel := harness.WithLimit(ctx, s.within)
	defer cancel()
	return s.part.applyMissing(ctx, c)
}

// pause is how long a step waits before it looks again whether it is done.
const pause = 50 * time.Millisecond

// waitUntilWorking waits until a step's part works, or never will.
func (s Step) waitUntilWorking(ctx context.Context, c *engine.Cluster) error {
	ctx, cancel := harness.WithLimit(ctx, s.within)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	return harness.Until(ctx, pause, func(ctx context.Context) error {
		err := s.part.checkWorking(ctx, c)
		if errors.As(err, new(*WrongError)) || errors.Is(err, errEnded) {
			giveUp(err)
		}
		return err
	})
}
