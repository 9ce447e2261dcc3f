package steps

import (
	"context"
	"strings"

	"labcheck/harness/tutorial"
)

// This file judges what the reader's terminal shows.

func (w *World) showsContainerID(ctx context.Context, host string) error {
	out, err := w.shown()
	if err != nil {
		return err
	}
	id, err := tutorial.ParseID(out)
	if err != nil {
		return w.terminalMismatch(w.lang.Say("the id of a container, 64 digits"), err)
	}
	c, err := w.cluster.Engine(host).Inspect(ctx, id)
	if err != nil {
		return err
	}
	if !c.Running {
		return w.mismatch(w.lang.Say("the container on %s", host), "running", c.State)
	}
	return nil
}

func (w *World) showsNetworkID(ctx context.Context, network string) error {
	out, err := w.shown()
	if err != nil {
		return err
	}
	id, err := tutorial.ParseID(out)
	if err != nil {
		return w.terminalMismatch(w.lang.Say("the id of a network, 64 digits"), err)
	}
	n, err := w.cluster.Swarm().Network(ctx, network)
	if err != nil {
		return err
	}
	if n.ID != id {
		return w.mismatch(w.lang.Say("the terminal"), w.lang.Say("the id of %s, %s", network, n.ID), id)
	}
	return nil
}

func (w *World) listsNetworkAmong(count int, name, driver string) error {
	rows, err := w.shownTable("NAME", "DRIVER")
	if err != nil {
		return err
	}
	c := w.compare("the networks that the terminal lists")
	var names, drivers []string
	for _, r := range rows {
		names = append(names, r["NAME"])
		if r["NAME"] == name {
			drivers = append(drivers, r["DRIVER"])
		}
	}
	if len(rows) != count {
		c.differs(w.lang.Say("%d networks", count),
			w.lang.Say("%d networks: %s", len(rows), w.listed(names)))
	}
	c.equal(name, driver, w.listed(drivers))
	return c.err()
}

func (w *World) shownTable(headings ...string) ([]tutorial.Row, error) {
	out, err := w.shown()
	if err != nil {
		return nil, err
	}
	rows, err := tutorial.ParseTable(out, headings...)
	if err != nil {
		return nil, w.terminalMismatch(w.lang.Say("a table with %s", w.listed(headings)), err)
	}
	return rows, nil
}

func (w *World) shownInfo() (*tutorial.Entry, error) {
	out, err := w.shown()
	if err != nil {
		return nil, err
	}
	info, err := tutorial.ParseInfo(out)
	if err != nil {
		return nil, w.terminalMismatch(w.lang.Say("what docker info prints"), err)
	}
	return info, nil
}

// showsManagerID wants the Swarm manager's container id as the cluster's name.
func (w *World) showsManagerID(ctx context.Context) error {
	info, err := w.shownInfo()
	if err != nil {
		return err
	}
	return w.isManagerID(ctx, w.topology().Manager.Name, w.orNotShown(info.Get("Name")))
}

func (w *World) isManagerID(ctx context.Context, host, name string) error {
	manager, err := w.only(ctx, tutorial.SwarmManager, host)
	if err != nil {
		return err
	}
	if len(name) < 12 || !strings.HasPrefix(manager.ID, name) {
		return w.mismatch(w.lang.Say("the cluster's name"), manager.ID[:12], name)
	}
	return nil
}

func (w *World) showsNetworkWith(ctx context.Context, network string) error {
	return w.inspectShows(ctx, network, true)
}

func (w *World) showsNetworkWithout(ctx context.Context, network string) error {
	return w.inspectShows(ctx, network, false)
}

// inspectShows wants the Consul and the Swarm manager container in what `docker
// network inspect` shows, or wants neither.
func (w *World) inspectShows(ctx context.Context, network string, in bool) error {
	out, err := w.shown()
	if err != nil {
		return err
	}
	shown, err := tutorial.ParseNetworkInspect(out)
	if err != nil {
		return w.terminalMismatch(w.lang.Say("what docker network inspect prints"), err)
	}
	c := w.compare("the network in the terminal")
	c.equal("Name", network, shown.Name)
	for _, service := range []string{tutorial.Consul, tutorial.SwarmManager} {
		container, err := w.only(ctx, service, w.topology().Manager.Name)
		if err != nil {
			return err
		}
		if _, there := shown.Containers[container.ID]; there != in {
			c.equal(w.titleOf(service), w.attached(in), w.attached(there))
		}
	}
	return c.err()
}

func (w *World) attached(yes bool) string {
	if yes {
		return w.lang.Say("attached")
	}
	return w.lang.Say("not attached")
}
