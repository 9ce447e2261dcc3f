package tutorial

import (
	"context"
	"errors"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// Resume is Bootstrap on hosts that were just started. A Swarm manager that starts
// with its host does so before Consul and the other engines answer, and then leaves
// them alone for up to 60 s: Resume restarts it once Consul works.
func (p *Page) Resume(ctx context.Context, c *engine.Cluster, report func(Event)) error {
	return p.performPhases(ctx, c, report, func(phase []Step) error {
		_, err := harness.Each(ctx, phase, func(ctx context.Context, s Step) (struct{}, error) {
			return struct{}{}, refreshManager(ctx, c, s)
		})
		return err
	})
}

// refreshManager restarts the container of a step that starts a Swarm manager, if
// it is there.
func refreshManager(ctx context.Context, c *engine.Cluster, s Step) error {
	service, ok := s.part.(Service)
	if !ok || service.Name != SwarmManager {
		return nil
	}
	found, err := service.findContainer(ctx, c)
	switch {
	case errors.Is(err, errNoContainer), errors.As(err, new(*WrongError)):
		return nil // performing the step says what is in the way
	case err == nil:
		err = c.Engine(service.Host.Name).Restart(ctx, found.ID)
	}
	if err != nil {
		return &StepError{s, err}
	}
	return nil
}
