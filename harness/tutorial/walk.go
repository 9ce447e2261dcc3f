package tutorial

import (
	"context"
	"errors"

	"labcheck/harness/engine"
)

// Reached returns how many of the page's commands lie behind a cluster: all up to
// the last one that is done together with all before it, of those that change the
// cluster. The error is a *StepError if something is in the way of a step.
func (p *Page) Reached(ctx context.Context, c *engine.Cluster) (int, error) {
	reached := 0
	for i, command := range p.Commands(c.Topology()) {
		if command.Step == nil {
			continue
		}
		missing := command.Step.lookForMissing(ctx, c)
		switch {
		case errors.As(missing, new(*WrongError)):
			return reached, &StepError{*command.Step, missing}
		case missing != nil:
			return reached, ctx.Err()
		}
		reached = i + 1
	}
	return reached, nil
}

// Settle waits until what the command brings about works, as a reader does who
// types slowly. It does not wait for a command that only looks. It joins engines
// to one gossip if theirs fell apart. The error is a *StepError.
func (command Command) Settle(ctx context.Context, c *engine.Cluster) error {
	s := command.Step
	if s == nil {
		return nil
	}
	var err error
	if _, isNetwork := s.part.(networkPart); isNetwork {
		_, err = Introduce(ctx, c)
	}
	if err == nil {
		err = s.waitUntilWorking(ctx, c)
	}
	if err != nil {
		return &StepError{*s, err}
	}
	return nil
}
