package tutorial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// This file performs the step that starts a service.

var errEnded = lang.Errorf("ended")

var errNoContainer = lang.Errorf("not there")

// pullImage is how long an engine may take to pull an image.
const pullImage = 5 * time.Minute

// stepID returns the ID of the service's step; it lacks the host if that is the manager,
// on which the page is typed.
func (s Service) stepID() string {
	if s.Host.Name == s.topology.Manager.Name {
		return s.Name
	}
	return s.Name + "-" + s.Host.Name
}

func (s Service) findMissing(ctx context.Context, c *engine.Cluster) error {
	found, err := s.findContainer(ctx, c)
	if err != nil {
		return err
	}
	if err := s.checkRunning(found); err != nil {
		return err
	}
	if !s.restartsAsAsked(found) {
		return lang.Errorf("%s %s does not start again with its host", s.Title, found.Name)
	}
	return s.check(ctx, c, s)
}

func (s Service) applyMissing(ctx context.Context, c *engine.Cluster) (lang.Text, error) {
	on := c.Engine(s.Host.Name)
	found, err := s.findContainer(ctx, c)
	switch {
	case errors.Is(err, errNoContainer):
		_, err := on.Run(ctx, s.Spec)
		return lang.Text{EN: "made"}, err
	case err != nil:
		return lang.Text{}, err
	case !s.restartsAsAsked(found):
		what := lang.Text{EN: "has it start again with its host"}
		return what, errors.Join(on.SetRestart(ctx, found.ID, s.Spec.Restart), on.Start(ctx, found.ID))
	case found.Running:
		return lang.Text{EN: "was there"}, nil
	}
	return lang.Text{EN: "started again"}, on.Start(ctx, found.ID)
}

// getImage pulls the image, as `docker run` does. Servers that vote together are
// to be of one version: theirs is copied from the manager's engine.
func (s Service) getImage(ctx context.Context, c *engine.Cluster) error {
	ctx, cancel := harness.WithLimit(ctx, pullImage)
	defer cancel()
	managerHost := s.topology.Manager.Name
	if s.OneVersion && s.Host.Name != managerHost {
		return c.Engine(s.Host.Name).CopyImage(ctx, c.Engine(managerHost), s.Spec.Image)
	}
	return c.Engine(s.Host.Name).Pull(ctx, s.Spec.Image)
}

// checkWorking asks for the container only if the service does not do its work.
func (s Service) checkWorking(ctx context.Context, c *engine.Cluster) error {
	err := s.check(ctx, c, s)
	if err == nil {
		return nil
	}
	found, findErr := s.findContainer(ctx, c)
	if findErr != nil {
		return findErr
	}
	return errors.Join(s.checkRunning(found), err)
}

// findContainer returns the service's container: of those that it could be, the one that
// is as the page has it, running rather than not. The error is errNoContainer if
// there is none, and a *WrongError if there is only another.
func (s Service) findContainer(ctx context.Context, c *engine.Cluster) (engine.Container, error) {
	all, err := s.findCandidates(ctx, c)
	if err != nil {
		return engine.Container{}, err
	}
	return s.chooseContainer(all)
}

// chooseContainer is findContainer of inspected containers, any of which may be others.
func (s Service) chooseContainer(all []engine.Container) (engine.Container, error) {
	candidates := slices.DeleteFunc(slices.Clone(all), func(c engine.Container) bool {
		return !isOfImage(s, c) && (!c.Running || !s.inTheWay(c))
	})
	slices.SortStableFunc(candidates, runningFirst)
	var wrong error
	for _, found := range candidates {
		err := s.checkContainer(found)
		if err == nil {
			return found, nil
		}
		if wrong == nil {
			wrong = err
		}
	}
	if wrong == nil {
		wrong = lang.Errorf("%s is %w", s.Title, errNoContainer)
	}
	return engine.Container{}, wrong
}

// findCandidates returns the host's containers that could be this service, and those
// that have one of its ports.
func (s Service) findCandidates(ctx context.Context, c *engine.Cluster) ([]engine.Container, error) {
	on := c.Engine(s.Host.Name)
	all, err := on.Containers(ctx)
	if err != nil {
		return nil, err
	}
	var candidates []engine.Container
	for _, listed := range all {
		if !s.isCandidate(listed) {
			continue
		}
		found, err := on.Inspect(ctx, listed.ID)
		if errors.Is(err, engine.ErrNotFound) {
			continue // it was just removed
		}
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, found)
	}
	return candidates, nil
}

func (s Service) isCandidate(listed engine.Container) bool {
	return s.Matches(listed) || s.inTheWay(listed)
}

func isOfImage(s Service, c engine.Container) bool {
	return s.Matches(c) && !Deviates(ImageName, s.Compare(c))
}

// inTheWay reports whether a container has one of the service's ports. An engine
// lists the ports of running containers only; inspected, one that has ended has them, too.
func (s Service) inTheWay(listed engine.Container) bool {
	return slices.ContainsFunc(listed.Ports, func(p engine.Port) bool {
		return slices.ContainsFunc(s.Spec.Ports, func(mine engine.Port) bool { return p.Host == mine.Host })
	})
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

// checkContainer returns a *WrongError if a container is not as the page has it.
func (s Service) checkContainer(found engine.Container) error {
	if !isOfImage(s, found) {
		what := lang.Textf("container %s of image %s has the port of %s", found.Name, found.Image, s.Title)
		return s.wrongError(what, "rm -f "+found.Name)
	}
	var texts []lang.Text
	for _, d := range s.Compare(found) {
		if d.Property != RestartPolicy || !s.allowsRestart(found) {
			texts = append(texts, d.asText())
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return s.wrongError(lang.Textf("%s %s has %s", s.Title, found.Name, lang.List(texts)), "rm -f "+found.Name)
}

// allowsRestart reports whether the service's container may have its restart
// policy though it is not the page's.
func (s Service) allowsRestart(found engine.Container) bool {
	policy := cmp.Or(found.RestartPolicy, noRestart)
	return s.MayRestart && (policy == noRestart || policy == unlessStopped)
}

// restartsAsAsked reports whether a container that wrong does not object to has the
// restart policy that is asked for.
func (s Service) restartsAsAsked(found engine.Container) bool {
	return s.Spec.Restart == "" || s.Spec.Restart == found.RestartPolicy
}

// asText writes a deviation as a part of a sentence.
func (d Deviation) asText() lang.Text {
	var property lang.Text
	property.EN = string(d.Property)
	return lang.Textf("%s %s instead of %s", property, valueText(d.Have), valueText(d.Want))
}

// valueText writes a value of a deviation, as one would type it; one that has nothing
// as "".
func valueText(value any) string {
	text := strings.Trim(fmt.Sprint(value), "[]")
	if text == "" || strings.Contains(text, " ") {
		return strconv.Quote(text)
	}
	return text
}

// checkRunning returns nil if the container runs, and errEnded if it never will again
// by itself.
func (s Service) checkRunning(found engine.Container) error {
	switch {
	case found.State == "running":
		return nil
	case found.State == "paused":
		return s.wrongError(lang.Textf("%s %s is paused", s.Title, found.Name), "unpause "+found.Name)
	case found.State == "exited" && cmp.Or(found.RestartPolicy, noRestart) == noRestart:
		return lang.Errorf("%s %s %w with exit code %d", s.Title, found.Name, errEnded, found.ExitCode)
	}
	return lang.Errorf("%s %s is %s (last exit code %d)", s.Title, found.Name, found.State, found.ExitCode)
}

// wrongError returns a *WrongError that a docker command on the host fixes.
func (s Service) wrongError(what lang.Text, fix string) error {
	return &WrongError{s.Host.Name, what, fmt.Sprintf("docker -H=tcp://%s %s", s.Host.Engine(), fix)}
}
