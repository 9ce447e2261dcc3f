package tutorial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// service is a container of the page: where it runs and how it is made.
type service struct {
	name string // for errors: "the Consul container"
	host harness.Host
	spec engine.RunSpec
	verb string // its first argument, which tells it from others of its image
}

// find is the service's container, of those with the same image and verb; ok is
// false where there is none. A running one is preferred.
func (s service) find(ctx context.Context, c *engine.Cluster) (found engine.Container, ok bool, err error) {
	all, err := c.Engine(s.host.Name).Containers(ctx)
	if err != nil {
		return found, false, err
	}
	mine := slices.DeleteFunc(all, func(c engine.Container) bool { return !s.matches(c) })
	if len(mine) == 0 {
		return found, false, nil
	}
	if i := slices.IndexFunc(mine, func(c engine.Container) bool { return c.Running }); i > 0 {
		mine[0] = mine[i]
	}
	found, err = c.Engine(s.host.Name).Inspect(ctx, mine[0].ID)
	return found, true, err
}

func (s service) matches(c engine.Container) bool {
	image, _, _ := strings.Cut(c.Image, ":")
	return image == s.spec.Image && (s.verb == "" || slices.Contains(strings.Fields(c.Command), s.verb))
}

// done is nil where the container runs as the page starts it.
func (s service) done(ctx context.Context, c *engine.Cluster) error {
	found, ok, err := s.find(ctx, c)
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("%s: %s is not there", s.host.Name, s.name)
	}
	if err := s.asThePageHasIt(found); err != nil {
		return err
	}
	if !found.Running {
		return fmt.Errorf("%s: %s is %s (exit code %d)", s.host.Name, s.name, found.State, found.ExitCode)
	}
	return nil
}

// asThePageHasIt is a *WrongError where the container was made otherwise.
func (s service) asThePageHasIt(found engine.Container) error {
	var wrong []string
	differs := func(what string, want, have any) {
		if fmt.Sprint(want) != fmt.Sprint(have) {
			wrong = append(wrong, fmt.Sprintf("has %s %v, not %v", what, have, want))
		}
	}
	differs("the arguments", s.spec.Args, found.Args)
	differs("the restart policy", orNo(s.spec.Restart), orNo(found.RestartPolicy))
	differs("the published ports", s.spec.Ports, found.Ports)
	if s.spec.Hostname != "" {
		differs("the host name", s.spec.Hostname, found.Hostname)
	}
	if len(wrong) == 0 {
		return nil
	}
	return &WrongError{
		Host: s.host.Name,
		What: fmt.Sprintf("%s %s %s", s.name, found.Name, strings.Join(wrong, ", ")),
		Fix:  fmt.Sprintf("%s rm -f %s", engineFlag(s.host), found.Name),
	}
}

func orNo(policy string) string {
	if policy == "" {
		return "no"
	}
	return policy
}

// apply makes the container, or starts the one that is there.
func (s service) apply(ctx context.Context, c *engine.Cluster) error {
	found, ok, err := s.find(ctx, c)
	switch {
	case err != nil:
		return err
	case !ok:
		_, err := c.Engine(s.host.Name).Run(ctx, s.spec)
		return err
	case found.Running:
		return nil
	}
	if err := s.asThePageHasIt(found); err != nil {
		return err
	}
	return c.Engine(s.host.Name).Start(ctx, found.ID)
}

// undo removes the container.
func (s service) undo(ctx context.Context, c *engine.Cluster) error {
	for {
		found, ok, err := s.find(ctx, c)
		if err != nil || !ok {
			return err
		}
		if err := c.Engine(s.host.Name).Remove(ctx, found.ID); err != nil && !errors.Is(err, engine.ErrNotFound) {
			return err
		}
	}
}
