package tutorial

import (
	"context"
	"errors"

	"labcheck/harness/engine"
)

// Reached is how many of the page's commands lie behind a cluster: all up to the
// last one that is done, with all before it, of those that change the cluster.
// The error is a *StepError where something is in the way of a step.
func Reached(ctx context.Context, c *engine.Cluster) (int, error) {
	steps := map[string]Step{}
	for _, s := range Steps(c.Topology()) {
		steps[s.ID] = s
	}
	reached := 0
	for i, command := range Page(c.Topology()) {
		s, changes := steps[command.Step]
		if !changes {
			continue
		}
		missing := s.look(ctx, c)
		switch {
		case errors.As(missing, new(*WrongError)):
			return reached, &StepError{s, missing}
		case missing != nil:
			return reached, ctx.Err()
		}
		reached = i + 1
	}
	return reached, nil
}

// Settle waits until what a command of the page brings about works, as a reader
// does who types slowly; for one that only looks there is nothing to wait for.
// Engines whose gossip fell apart are introduced to one another. The error is a
// *StepError.
func Settle(ctx context.Context, c *engine.Cluster, command Command) error {
	for _, s := range Steps(c.Topology()) {
		if s.ID != command.Step {
			continue
		}
		var err error
		if s.ID == networkID {
			_, err = Introduce(ctx, c)
		}
		if err == nil {
			err = s.await(ctx, c)
		}
		if err != nil {
			return &StepError{s, err}
		}
	}
	return nil
}
