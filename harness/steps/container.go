package steps

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// addressOf returns the address of a host's engine that was given by the host's name;
// any other address stays.
func (s *scenario) addressOf(at string) string {
	for _, h := range s.topology().Hosts() {
		if engine.NamesHost(at, h) {
			return h.Engine().String()
		}
	}
	return at
}

// service returns a service of the page. What is asked of it here is the same on
// each host.
func (s *scenario) service(name string) tutorial.Service {
	return s.page.Service(name, s.topology(), s.topology().Manager)
}

// titleOf names a service's container for a person.
func (s *scenario) titleOf(service string) string {
	return s.lang.Say("the %s container", s.service(service).Called)
}

// serviceCalled returns the name of the service that the features call so.
func serviceCalled(p *tutorial.Page, word string) (string, error) {
	if name, ok := p.ServiceCalled(word); ok {
		return name, nil
	}
	return "", lang.Errorf("no container of the tutorial is called %q", word)
}

// containers are those of the tutorial.
type containers struct{ *scenario }

func (s *containers) sentences() []sentence {
	return []sentence{
		{`^the (Consul|Swarm manager|Swarm join) container on "([^"]*)" has the ([a-z ]+) "([^"]*)"$`, s.containerHas},
		{`^"([^"]*)" runs exactly one (Swarm join) container$`, s.runsOne},
		{`^of all engines only "([^"]*)" runs a (Consul|Swarm manager) container, and just one$`, s.runsOnlyOn},
		{`^the (Consul|Swarm manager) container on "([^"]*)" is on the network "([^"]*)"$`, s.isAttached(true)},
		{`^the (Consul|Swarm manager) container on "([^"]*)" is not on the network "([^"]*)"$`, s.isAttached(false)},
		{`^no Swarm join container runs on "([^"]*)"$`, s.noneJoins},
		{`^the cluster's name is the id of the Swarm manager container on "([^"]*)"$`, s.clusterNamedByManager},
	}
}

// containersOf gives a host's containers of a service, stopped ones too.
func (s *containers) containersOf(ctx context.Context, service, host string) ([]engine.Container, error) {
	e, err := s.engineOf(host)
	if err != nil {
		return nil, err
	}
	all, err := e.Containers(ctx)
	return slices.DeleteFunc(all, func(c engine.Container) bool { return !s.service(service).Matches(c) }), err
}

// findOnly gives the one container of a service that a host has.
func (s *containers) findOnly(ctx context.Context, service, host string) (engine.Container, error) {
	found, err := s.containersOf(ctx, service, host)
	if err != nil {
		return engine.Container{}, err
	}
	if runs := s.ownRunning(service, found); len(runs) > 0 {
		found = runs
	}
	if len(found) != 1 {
		return engine.Container{}, s.mismatch(host, s.lang.Say("%s, once", s.titleOf(service)), s.describeContainers(found))
	}
	return s.cluster.Engine(host).Inspect(ctx, found[0].ID)
}

// ownRunning returns those containers of a service that run; if some are of this swarm,
// without those of another one on the same hosts.
func (s *containers) ownRunning(service string, all []engine.Container) []engine.Container {
	runs, isOwn := onlyRunning(all), s.service(service).IsOfSwarm
	if slices.ContainsFunc(runs, isOwn) {
		return slices.DeleteFunc(runs, func(c engine.Container) bool { return !isOwn(c) })
	}
	return runs
}

// describeContainers names containers for a person.
func (s *containers) describeContainers(containers []engine.Container) string {
	var all []string
	for _, c := range containers {
		all = append(all, fmt.Sprintf("%s (%s, %s)", c.Name, c.Image, c.State))
	}
	if len(all) == 0 {
		return s.orNone("")
	}
	return fmt.Sprintf("%d: %s", len(all), s.listed(all))
}

// findByName gives the one container that a host has of the service that the
// features call so.
func (s *containers) findByName(ctx context.Context, name, host string) (service string, c engine.Container, err error) {
	service, err = serviceCalled(s.page, name)
	if err != nil {
		return "", c, err
	}
	c, err = s.findOnly(ctx, service, host)
	return service, c, err
}

// containerHas compares a property of a container of the tutorial.
func (s *containers) containerHas(ctx context.Context, name, host, property, value string) error {
	service, c, err := s.findByName(ctx, name, host)
	if err != nil {
		return err
	}
	seen, known := containerProperties(c)[toEnglish(property)]
	if !known {
		return lang.Errorf("a container has no %q", toEnglish(property))
	}
	cmp := s.compare("%s on %s", s.titleOf(service), host)
	cmp.expectEqual(property, figures(s.topology()).publishedHere(s.here(value)), s.orNone(seen))
	return cmp.mismatch()
}

// containerProperties returns the properties that the features name. One is empty
// if the container has no value of it.
func containerProperties(c engine.Container) map[string]string {
	call, _ := tutorial.CallOf(c)
	return map[string]string{
		"state": c.State, "restart policy": c.RestartPolicy, "host name": c.Hostname, "published port": publishedPorts(c),
		"command": c.Command, "process": processOf(c, call),
		"discovery":          call.Discovery,
		"advertised address": call.Advertise,
	}
}

// processOf returns the program's name and its command: swarm manage.
func processOf(c engine.Container, call tutorial.Call) string {
	if call.Command != "" {
		return "swarm " + call.Command
	}
	program, _, _ := strings.Cut(c.Command, " ")
	return path.Base(program)
}

func publishedPorts(c engine.Container) string {
	var all []string
	for _, p := range c.Ports {
		proto := "tcp"
		if p.UDP {
			proto = "udp"
		}
		all = append(all, fmt.Sprintf("%d->%d/%s", p.Host, p.Container, proto))
	}
	return strings.Join(all, ", ")
}

// runsOne wants one container of a service on a host, and it to run.
func (s *containers) runsOne(ctx context.Context, host, name string) error {
	service, c, err := s.findByName(ctx, name, host)
	if err == nil && !c.Running {
		err = s.mismatch(host, s.lang.Say("%s, running", s.titleOf(service)), s.describeContainers([]engine.Container{c}))
	}
	return err
}

// runsOnlyOn wants one running container of a service among all engines.
func (s *containers) runsOnlyOn(ctx context.Context, host, name string) error {
	service, err := serviceCalled(s.page, name)
	if err != nil {
		return err
	}
	hosts := s.topology().Hosts()
	found, err := askEach(ctx, hosts, func(ctx context.Context, h harness.Host) ([]engine.Container, error) {
		return s.containersOf(ctx, service, h.Name)
	})
	if err != nil {
		return err
	}
	c := s.compare("where %s runs", s.titleOf(service))
	for i, h := range hosts {
		runs := s.ownRunning(service, found[i])
		switch {
		case h.Name == host && len(runs) != 1:
			c.addDifferenceOf([]string{host}, s.lang.Say("%s: one that runs", host), host+": "+s.describeContainers(found[i]))
		case h.Name != host && len(runs) > 0:
			c.addDifferenceOf([]string{h.Name}, h.Name+": "+s.orNone(""), h.Name+": "+s.describeContainers(runs))
		}
	}
	return c.mismatch()
}

// noneJoins wants no join container to run on a host.
func (s *containers) noneJoins(ctx context.Context, host string) error {
	found, err := s.containersOf(ctx, tutorial.SwarmJoin, host)
	if runs := onlyRunning(found); err == nil && len(runs) > 0 {
		err = s.mismatch(host, s.lang.Say("no Swarm join container that runs"), s.describeContainers(runs))
	}
	return err
}

func onlyRunning(all []engine.Container) []engine.Container {
	return slices.DeleteFunc(slices.Clone(all), func(c engine.Container) bool { return !c.Running })
}

// isAttached wants a container to be attached to a network, or not to be.
func (s *containers) isAttached(wanted bool) func(ctx context.Context, name, host, network string) error {
	return func(ctx context.Context, name, host, network string) error {
		service, c, err := s.findByName(ctx, name, host)
		if err != nil {
			return err
		}
		var on []string
		for _, n := range c.Networks {
			on = append(on, n.Network)
		}
		if slices.Contains(on, network) != wanted {
			return s.mismatch(s.lang.Say("%s on %s", s.titleOf(service), host),
				network+": "+s.attached(wanted), s.lang.Say("attached to %s", s.listed(on)))
		}
		return nil
	}
}

func (s *containers) clusterNamedByManager(ctx context.Context, host string) error {
	info, err := s.swarmInfo(ctx)
	if err != nil {
		return err
	}
	return s.isManagerID(ctx, host, info.Name)
}

// isManagerID wants a name to be the id, at least its first 12 digits, of the
// Swarm manager's container.
func (s *containers) isManagerID(ctx context.Context, host, name string) error {
	manager, err := s.findOnly(ctx, tutorial.SwarmManager, host)
	if err == nil && (len(name) < 12 || !strings.HasPrefix(manager.ID, name)) {
		err = s.mismatch(s.lang.Say("the cluster's name"), manager.ID[:12], name)
	}
	return err
}
