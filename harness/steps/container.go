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

// service returns a service of the page. What is asked of it here is the same on
// each host.
func (w *World) service(name string) tutorial.Service {
	return w.page.Service(name, w.topology(), w.topology().Manager)
}

// titleOf names a service's container for a person.
func (w *World) titleOf(service string) string {
	return w.lang.Say("the %s container", w.service(service).Called)
}

// serviceCalled returns the name of the service that the features call so.
func serviceCalled(p *tutorial.Page, word string) (string, error) {
	if name, ok := p.ServiceCalled(word); ok {
		return name, nil
	}
	return "", lang.Errorf("no container of the tutorial is called %q", word)
}

// containersOf gives a host's containers of a service, stopped ones too.
func (w *World) containersOf(ctx context.Context, service string, host string) ([]engine.Container, error) {
	all, err := w.cluster.Engine(host).Containers(ctx)
	if err != nil {
		return nil, err
	}
	var found []engine.Container
	for _, c := range all {
		if w.service(service).Matches(c) {
			found = append(found, c)
		}
	}
	return found, nil
}

// only gives the one container of a service that a host has.
func (w *World) only(ctx context.Context, service string, host string) (engine.Container, error) {
	found, err := w.containersOf(ctx, service, host)
	if err != nil {
		return engine.Container{}, err
	}
	if len(found) != 1 {
		return engine.Container{}, w.mismatch(host, w.lang.Say("%s, once", w.titleOf(service)), w.describe(found))
	}
	return w.cluster.Engine(host).Inspect(ctx, found[0].ID)
}

// describe names containers for a person.
func (w *World) describe(containers []engine.Container) string {
	var all []string
	for _, c := range containers {
		all = append(all, fmt.Sprintf("%s (%s, %s)", c.Name, c.Image, c.State))
	}
	if len(all) == 0 {
		return w.none()
	}
	return fmt.Sprintf("%d: %s", len(all), w.listed(all))
}

// containerHas compares a property of a container of the tutorial.
func (w *World) containerHas(ctx context.Context, name, host, property, value string) error {
	service, c, err := w.byName(ctx, name, host)
	if err != nil {
		return err
	}
	seen, err := propertyOf(c, english(property))
	if err != nil {
		return err
	}
	cmp := w.compare("%s on %s", "%s(%s)", w.titleOf(service), host)
	cmp.equal(property, w.published(w.here(value)), w.orNone(seen))
	return cmp.err()
}

func (w *World) byName(ctx context.Context, name, host string) (service string, c engine.Container, err error) {
	service, err = serviceCalled(w.page, name)
	if err != nil {
		return "", c, err
	}
	c, err = w.only(ctx, service, host)
	return service, c, err
}

// propertyOf is empty where the container has no value of a property.
func propertyOf(c engine.Container, property string) (string, error) {
	switch property {
	case "state":
		return c.State, nil
	case "restart policy":
		return c.RestartPolicy, nil
	case "host name":
		return c.Hostname, nil
	case "published port":
		return publishedPorts(c), nil
	case "command":
		return c.Command, nil
	case "process":
		return process(c), nil
	case "discovery":
		return last(c.Args), nil
	case "advertised address":
		return flag(c.Args, "--advertise"), nil
	}
	return "", lang.Errorf("a container has no %q", property)
}

// process is the program's name and its command: swarm manage.
func process(c engine.Container) string {
	words := strings.Fields(c.Command)
	if len(words) == 0 {
		return ""
	}
	return strings.Join(append([]string{path.Base(words[0])}, words[1:min(2, len(words))]...), " ")
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

func last(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[len(args)-1]
}

// flag gives the value of --name=value or --name value.
func flag(args []string, name string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, name+"="); ok {
			return v
		}
		if a == name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// runsOne wants one container of a service on a host, and it to run.
func (w *World) runsOne(ctx context.Context, host, name string) error {
	service, c, err := w.byName(ctx, name, host)
	if err != nil {
		return err
	}
	if !c.Running {
		return w.mismatch(host, w.lang.Say("%s, running", w.titleOf(service)), w.describe([]engine.Container{c}))
	}
	return nil
}

// runsOnlyOn wants one running container of a service among all engines.
func (w *World) runsOnlyOn(ctx context.Context, host, name string) error {
	service, err := serviceCalled(w.page, name)
	if err != nil {
		return err
	}
	hosts := w.topology().Hosts()
	found, err := each(ctx, hosts, func(ctx context.Context, h harness.Host) ([]engine.Container, error) {
		return w.containersOf(ctx, service, h.Name)
	})
	if err != nil {
		return err
	}
	c := w.compare("where %s runs", w.titleOf(service))
	for i, h := range hosts {
		runs := running(found[i])
		switch {
		case h.Name == host && len(runs) != 1:
			c.differs(w.lang.Say("%s: one that runs", host), host+": "+w.describe(found[i]))
		case h.Name != host && len(runs) > 0:
			c.differs(h.Name+": "+w.none(), h.Name+": "+w.describe(runs))
		}
	}
	return c.err()
}

func running(all []engine.Container) []engine.Container {
	var some []engine.Container
	for _, c := range all {
		if c.Running {
			some = append(some, c)
		}
	}
	return some
}

func (w *World) containerOn(ctx context.Context, name, host, network string) error {
	return w.attachment(ctx, name, host, network, true)
}

func (w *World) containerNotOn(ctx context.Context, name, host, network string) error {
	return w.attachment(ctx, name, host, network, false)
}

func (w *World) attachment(ctx context.Context, name, host, network string, wanted bool) error {
	service, c, err := w.byName(ctx, name, host)
	if err != nil {
		return err
	}
	var on []string
	for _, n := range c.Networks {
		on = append(on, n.Network)
	}
	if slices.Contains(on, network) != wanted {
		return w.mismatch(w.lang.Say("%s on %s", w.titleOf(service), host),
			network+": "+w.attached(wanted), w.lang.Say("attached to %s", w.listed(on)))
	}
	return nil
}
