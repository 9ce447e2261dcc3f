package tutorial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// service is a container of the page, the host that it runs on, and what shows
// that it does its work. It is a part.
type service struct {
	name  lang.Text // for errors: the Consul container
	host  harness.Host
	spec  engine.RunSpec
	works func(context.Context, *engine.Cluster) error
	// mayRestart says that a container which starts again with its host is right
	// too where the page's does not.
	mayRestart bool
}

// cli is the container's `run` as the page types it, after `docker` and its own
// options.
func (s service) cli() string {
	words := []string{"run"}
	if s.spec.Restart != "" {
		words = append(words, "--restart="+s.spec.Restart)
	}
	words = append(words, "-d")
	for _, p := range s.spec.Ports {
		words = append(words, "-p", p.String())
	}
	if s.spec.Hostname != "" {
		words = append(words, "-h", s.spec.Hostname)
	}
	return strings.Join(append(append(words, s.spec.Image), s.spec.Args...), " ")
}

func (s service) missing(ctx context.Context, c *engine.Cluster) error {
	found, err := s.find(ctx, c)
	if err != nil {
		return err
	}
	if err := s.running(found); err != nil {
		return err
	}
	if !s.restarts(found) {
		return lang.Errorf("%s %s does not start again with its host", s.name, found.Name)
	}
	return s.works(ctx, c)
}

// restarts tells whether a container's restart policy is what is wanted, as far
// as that is not a *WrongError's affair.
func (s service) restarts(found engine.Container) bool {
	return !s.mayRestart || s.spec.Restart == "" || s.spec.Restart == found.RestartPolicy
}

func (s service) apply(ctx context.Context, c *engine.Cluster) (lang.Text, error) {
	on := c.Engine(s.host.Name)
	found, err := s.find(ctx, c)
	switch {
	case errors.Is(err, errNoContainer):
		_, err := on.Run(ctx, s.spec)
		return lang.Text{EN: "made"}, err
	case err != nil:
		return lang.Text{}, err
	case !s.restarts(found):
		what := lang.Text{EN: "has it start again with its host"}
		return what, errors.Join(on.SetRestart(ctx, found.ID, s.spec.Restart), on.Start(ctx, found.ID))
	case found.Running:
		return lang.Text{EN: "was there"}, nil
	}
	return lang.Text{EN: "started again"}, on.Start(ctx, found.ID)
}

// working asks for the container only where it does not do its work.
func (s service) working(ctx context.Context, c *engine.Cluster) error {
	err := s.works(ctx, c)
	if err == nil {
		return nil
	}
	found, findErr := s.find(ctx, c)
	if findErr != nil {
		return findErr
	}
	return errors.Join(s.running(found), err)
}

func (s service) undo(ctx context.Context, c *engine.Cluster) error {
	all, err := s.candidates(ctx, c)
	for _, found := range all {
		if s.resembles(found) {
			err = errors.Join(err, c.Engine(s.host.Name).Remove(ctx, found.ID))
		}
	}
	return err
}

// running is nil where the container runs, errEnded where it never will again
// by itself.
func (s service) running(found engine.Container) error {
	switch {
	case found.State == "running":
		return nil
	case found.State == "paused":
		return s.wrongError(lang.Textf("%s %s is paused", s.name, found.Name), "unpause "+found.Name)
	case found.State == "exited" && orNo(found.RestartPolicy) == "no":
		return lang.Errorf("%s %s %w with exit code %d", s.name, found.Name, errEnded, found.ExitCode)
	}
	return lang.Errorf("%s %s is %s (last exit code %d)", s.name, found.Name, found.State, found.ExitCode)
}

// wrong is a *WrongError that is mended by a docker command on the host.
func (s service) wrongError(what lang.Text, fix string) error {
	return &WrongError{s.host.Name, what, fmt.Sprintf("docker -H=tcp://%s %s", s.host.Engine(), fix)}
}

var errEnded = lang.Errorf("ended")

var errNoContainer = lang.Errorf("not there")

// find is the service's container: of those that it could be, the one that is
// as the page has it, running rather than not. The error is errNoContainer
// where there is none, and a *WrongError where there is only another.
func (s service) find(ctx context.Context, c *engine.Cluster) (engine.Container, error) {
	all, err := s.candidates(ctx, c)
	if err != nil {
		return engine.Container{}, err
	}
	slices.SortStableFunc(all, runningFirst)
	var wrong error
	for _, found := range all {
		err := s.differs(found)
		if err == nil {
			return found, nil
		}
		if wrong == nil {
			wrong = err
		}
	}
	if wrong == nil {
		wrong = lang.Errorf("%s is %w", s.name, errNoContainer)
	}
	return engine.Container{}, wrong
}

func runningFirst(a, b engine.Container) int {
	switch {
	case a.Running == b.Running:
		return 0
	case a.Running:
		return -1
	}
	return 1
}

// candidates are the host's containers that could be this service, and those
// that have one of its ports.
func (s service) candidates(ctx context.Context, c *engine.Cluster) ([]engine.Container, error) {
	on := c.Engine(s.host.Name)
	all, err := on.Containers(ctx)
	if err != nil {
		return nil, err
	}
	var candidates []engine.Container
	for _, listed := range all {
		// The list has an image that lost its name by its ID.
		if !s.resembles(listed) && !s.inTheWay(listed) && !strings.HasPrefix(listed.Image, "sha256:") {
			continue
		}
		found, err := on.Inspect(ctx, listed.ID)
		if errors.Is(err, engine.ErrNotFound) {
			continue // it was just removed
		}
		if err != nil {
			return nil, err
		}
		if s.resembles(found) || s.inTheWay(listed) {
			candidates = append(candidates, found)
		}
	}
	return candidates, nil
}

// resembles: of the service's image and, where the page has several of it, with
// its first argument.
func (s service) resembles(c engine.Container) bool {
	if image, _, _ := strings.Cut(c.Image, ":"); image != s.spec.Image {
		return false
	}
	return s.spec.Image == consulImage || slices.Contains(strings.Fields(c.Command), s.spec.Args[0])
}

// inTheWay: it has one of the service's ports. The list shows those of running
// containers only.
func (s service) inTheWay(listed engine.Container) bool {
	return slices.ContainsFunc(listed.Ports, func(p engine.Port) bool {
		return slices.ContainsFunc(s.spec.Ports, func(mine engine.Port) bool { return p.Host == mine.Host })
	})
}

// differs is a *WrongError where a container is not as the page has it.
func (s service) differs(found engine.Container) error {
	if !s.resembles(found) {
		what := lang.Textf("container %s of image %s has the port of %s", found.Name, found.Image, s.name)
		return s.wrongError(what, "rm -f "+found.Name)
	}
	var differs []lang.Text
	compare := func(what lang.Text, want, have any) {
		if fmt.Sprint(want) != fmt.Sprint(have) {
			differs = append(differs, lang.Textf("%s %v instead of %v", what, have, want))
		}
	}
	compare(lang.Text{EN: "arguments"}, s.spec.Args, found.Args)
	if policy := orNo(found.RestartPolicy); !s.mayRestart || policy != "no" && policy != unlessStopped {
		compare(lang.Text{EN: "restart policy"}, orNo(s.spec.Restart), policy)
	}
	compare(lang.Text{EN: "published ports"}, s.spec.Ports, found.Ports)
	if s.spec.Hostname != "" {
		compare(lang.Text{EN: "host name"}, s.spec.Hostname, found.Hostname)
	}
	if len(differs) == 0 {
		return nil
	}
	return s.wrongError(lang.Textf("%s %s has %s", s.name, found.Name, lang.List(differs)), "rm -f "+found.Name)
}

func orNo(policy string) string {
	if policy == "" {
		return "no"
	}
	return policy
}
