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
)

// role is what a container of the tutorial is there for.
type role struct {
	name  string // as the English features write it
	title string // its container, for a person
	image string
	arg   string // its first argument; any where it is empty
}

var (
	consul       = role{name: "Consul", title: "the Consul container", image: "progrium/consul"}
	swarmManager = role{name: "Swarm manager", title: "the Swarm manager container", image: "swarm", arg: "manage"}
	swarmJoin    = role{name: "Swarm join", title: "the Swarm join container", image: "swarm", arg: "join"}
)

// in names the role's container for a person.
func (r role) in(l lang.Language) string {
	return l.Format(r.title)
}

func roleOf(name string) (role, error) {
	for _, r := range []role{consul, swarmManager, swarmJoin} {
		if r.name == name || lang.Japanese.Format(r.name) == name {
			return r, nil
		}
	}
	return role{}, lang.Errorf("no container of the tutorial is called %q", name)
}

func (r role) is(c engine.Container) bool {
	words := strings.Fields(c.Command)
	return repository(c.Image) == r.image && (r.arg == "" || len(words) > 1 && words[1] == r.arg)
}

// containersOf gives a host's containers of a role, stopped ones too.
func (w *World) containersOf(ctx context.Context, r role, host string) ([]engine.Container, error) {
	all, err := w.cluster.Engine(host).Containers(ctx)
	if err != nil {
		return nil, err
	}
	var found []engine.Container
	for _, c := range all {
		if r.is(c) {
			found = append(found, c)
		}
	}
	return found, nil
}

// only gives the one container of a role that a host has.
func (w *World) only(ctx context.Context, r role, host string) (engine.Container, error) {
	found, err := w.containersOf(ctx, r, host)
	if err != nil {
		return engine.Container{}, err
	}
	if len(found) != 1 {
		return engine.Container{}, w.mismatch(host, w.lang.Say("%s, once", r.in(w.lang)), w.describe(found))
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
	r, c, err := w.byName(ctx, name, host)
	if err != nil {
		return err
	}
	seen, err := propertyOf(c, english(property))
	if err != nil {
		return err
	}
	cmp := w.compare("%s on %s", "%s(%s)", r.in(w.lang), host)
	cmp.equal(property, w.published(w.here(value)), w.orNone(seen))
	return cmp.err()
}

func (w *World) byName(ctx context.Context, name, host string) (role, engine.Container, error) {
	r, err := roleOf(name)
	if err != nil {
		return r, engine.Container{}, err
	}
	c, err := w.only(ctx, r, host)
	return r, c, err
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

// runsOne wants one container of a role on a host, and it to run.
func (w *World) runsOne(ctx context.Context, host, name string) error {
	r, c, err := w.byName(ctx, name, host)
	if err != nil {
		return err
	}
	if !c.Running {
		return w.mismatch(host, w.lang.Say("%s, running", r.in(w.lang)), w.describe([]engine.Container{c}))
	}
	return nil
}

// runsOnlyOn wants one running container of a role among all engines.
func (w *World) runsOnlyOn(ctx context.Context, host, name string) error {
	r, err := roleOf(name)
	if err != nil {
		return err
	}
	hosts := w.topology().Hosts()
	found, err := each(ctx, hosts, func(ctx context.Context, h harness.Host) ([]engine.Container, error) {
		return w.containersOf(ctx, r, h.Name)
	})
	if err != nil {
		return err
	}
	c := w.compare("where %s runs", r.in(w.lang))
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
	r, c, err := w.byName(ctx, name, host)
	if err != nil {
		return err
	}
	var on []string
	for _, n := range c.Networks {
		on = append(on, n.Network)
	}
	if slices.Contains(on, network) != wanted {
		return w.mismatch(w.lang.Say("%s on %s", r.in(w.lang), host),
			network+": "+w.attached(wanted), w.lang.Say("attached to %s", w.listed(on)))
	}
	return nil
}
