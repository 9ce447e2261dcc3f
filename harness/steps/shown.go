package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cucumber/godog"
)

// This file judges what the reader's terminal shows.

func (w *World) showsContainerID(ctx context.Context, host string) error {
	out, err := w.shown()
	if err != nil {
		return err
	}
	id, err := parseID(out)
	if err != nil {
		return mismatch("the terminal", "the id of a container, 64 digits", err.Error())
	}
	c, err := w.cluster.Engine(host).Inspect(ctx, id)
	if err != nil {
		return err
	}
	if !c.Running {
		return mismatch("the container on "+host, "running", c.State)
	}
	return nil
}

func (w *World) showsNetworkID(ctx context.Context, network string) error {
	out, err := w.shown()
	if err != nil {
		return err
	}
	id, err := parseID(out)
	if err != nil {
		return mismatch("the terminal", "the id of a network, 64 digits", err.Error())
	}
	n, err := w.cluster.Swarm().Network(ctx, network)
	if err != nil {
		return err
	}
	if n.ID != id {
		return mismatch("the terminal", "the id of "+network+", "+n.ID, id)
	}
	return nil
}

// listsContainers compares what `docker ps` shows, in its order.
func (w *World) listsContainers(table *godog.Table) error {
	rows, err := w.shownTable("IMAGE", "COMMAND", "PORTS")
	if err != nil {
		return err
	}
	want := records(w.here, table)
	c := comparison{what: "the containers that the terminal lists"}
	for i := range max(len(want), len(rows)) {
		switch {
		case i >= len(rows):
			c.differs("a container of "+want[i]["image"], "no such line")
		case i >= len(want):
			c.differs("no further container", fmt.Sprintf("%s %s %s", rows[i]["IMAGE"], rows[i]["COMMAND"], rows[i]["PORTS"]))
		default:
			compareContainer(&c, want[i], rows[i])
		}
	}
	return c.err()
}

func compareContainer(c *comparison, want, got row) {
	image := want["image"]
	if repository(got["IMAGE"]) != image {
		c.differs("image: "+image, "image: "+got["IMAGE"])
	}
	if !commandMatches(want["command"], got["COMMAND"]) {
		c.differs(image+": command: "+want["command"], image+": command: "+got["COMMAND"])
	}
	if !published(got["PORTS"], want["port"]) {
		c.differs(image+": port: "+want["port"], image+": ports: "+got["PORTS"])
	}
	if !strings.HasPrefix(got["STATUS"], "Up") {
		c.differs(image+": status: Up", image+": status: "+got["STATUS"])
	}
}

// repository is an image's name without its tag.
func repository(image string) string {
	name := image[strings.LastIndex(image, "/")+1:]
	return image[:len(image)-len(name)] + strings.SplitN(name, ":", 2)[0]
}

// listsNetworks compares what `docker network ls` shows, in any order: the
// page's is by id.
func (w *World) listsNetworks(table *godog.Table) error {
	rows, err := w.shownTable("NAME", "DRIVER")
	if err != nil {
		return err
	}
	c := comparison{what: "the networks that the terminal lists"}
	seen := map[string]string{}
	for _, r := range rows {
		if _, twice := seen[r["NAME"]]; twice {
			c.differs(r["NAME"]+": once", r["NAME"]+": more than once")
		}
		seen[r["NAME"]] = r["DRIVER"]
	}
	compareNetworks(&c, records(w.here, table), seen)
	return c.err()
}

// compareNetworks wants exactly the networks of a table in a map of drivers by
// name, which it empties.
func compareNetworks(c *comparison, want []row, seen map[string]string) {
	for _, n := range want {
		driver, ok := seen[n["name"]]
		if !ok {
			driver = notShown
		}
		c.equal(n["name"], n["driver"], driver)
		delete(seen, n["name"])
	}
	for _, name := range sorted(seen) {
		c.differs("no "+name, name+": "+seen[name])
	}
}

func (w *World) listsNetworkAmong(count int, name, driver string) error {
	rows, err := w.shownTable("NAME", "DRIVER")
	if err != nil {
		return err
	}
	c := comparison{what: "the networks that the terminal lists"}
	var names, drivers []string
	for _, r := range rows {
		names = append(names, r["NAME"])
		if r["NAME"] == name {
			drivers = append(drivers, r["DRIVER"])
		}
	}
	if len(rows) != count {
		c.differs(fmt.Sprintf("%d networks", count), fmt.Sprintf("%d networks: %s", len(rows), listed(names)))
	}
	c.equal(name, driver, listed(drivers))
	return c.err()
}

func (w *World) shownTable(headings ...string) ([]row, error) {
	out, err := w.shown()
	if err != nil {
		return nil, err
	}
	rows, err := parseTable(out, headings...)
	if err != nil {
		return nil, mismatch("the terminal", "a table with "+listed(headings), err.Error())
	}
	return rows, nil
}

func (w *World) shownInfo() (*entry, error) {
	out, err := w.shown()
	if err != nil {
		return nil, err
	}
	info, err := parseInfo(out)
	if err != nil {
		return nil, mismatch("the terminal", "what docker info prints", err.Error())
	}
	return info, nil
}

// showsInfo compares lines of `docker info`.
func (w *World) showsInfo(table *godog.Table) error {
	info, err := w.shownInfo()
	if err != nil {
		return err
	}
	c := comparison{what: "docker info in the terminal"}
	for _, r := range table.Rows {
		name, value := r.Cells[0].Value, w.here(r.Cells[1].Value)
		c.equal(name, value, info.get(name))
	}
	return c.err()
}

func (w *World) showsFilters(filters string) error {
	info, err := w.shownInfo()
	if err != nil {
		return err
	}
	c := comparison{what: "the filters in the terminal"}
	seen := list(info.get("Filters"))
	for _, f := range list(filters) {
		if !slices.Contains(seen, f) {
			c.differs("the filter "+f, "Filters: "+listed(seen))
		}
	}
	return c.err()
}

// showsManagerID wants the Swarm manager's container id as the cluster's name.
func (w *World) showsManagerID(ctx context.Context) error {
	info, err := w.shownInfo()
	if err != nil {
		return err
	}
	return w.isManagerID(ctx, w.topology().Manager.Name, info.get("Name"))
}

func (w *World) isManagerID(ctx context.Context, host, name string) error {
	manager, err := w.only(ctx, swarmManager, host)
	if err != nil {
		return err
	}
	if len(name) < 12 || !strings.HasPrefix(manager.ID, name) {
		return mismatch("the cluster's name", manager.ID[:12], name)
	}
	return nil
}

// showsNodes compares the nodes that `docker info` lists through port 3375.
func (w *World) showsNodes(table *godog.Table) error {
	info, err := w.shownInfo()
	if err != nil {
		return err
	}
	want := records(w.here, table)
	c := comparison{what: "the nodes in the terminal"}
	var names []string
	seen := map[string]*entry{}
	for _, n := range info.nodes() {
		names = append(names, n.name)
		seen[n.name] = n
	}
	c.equal("nodes", listed(column(want, "node")), listed(names))
	for _, r := range want {
		if n := seen[r["node"]]; n != nil {
			compareNode(&c, header(table), r, n)
		}
	}
	return c.err()
}

func compareNode(c *comparison, fields []string, want row, node *entry) {
	for _, f := range fields {
		switch f {
		case "node":
		case "address":
			c.equal(node.name+": address", want[f], node.value)
		default:
			// Swarm adds "(1 Running, 0 Paused, 0 Stopped)" to a count today.
			value, _, _ := strings.Cut(node.get(f), " (")
			c.equal(node.name+": "+f, want[f], value)
		}
	}
}

func (w *World) showsLabels(labels string) error {
	info, err := w.shownInfo()
	if err != nil {
		return err
	}
	if len(info.nodes()) == 0 {
		return mismatch("docker info in the terminal", "nodes with labels", "no nodes")
	}
	c := comparison{what: "the labels in the terminal"}
	for _, n := range info.nodes() {
		shown := ", " + n.get("Labels")
		for _, l := range list(labels) {
			if !strings.Contains(shown, ", "+l+"=") {
				c.differs(n.name+": the label "+l, n.name+": "+n.get("Labels"))
			}
		}
	}
	return c.err()
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
	shown, err := parseNetworkInspect(out)
	if err != nil {
		return mismatch("the terminal", "what docker network inspect prints", err.Error())
	}
	c := comparison{what: "the network in the terminal"}
	c.equal("name", network, shown.Name)
	for _, r := range []role{consul, swarmManager} {
		container, err := w.only(ctx, r, w.topology().Manager.Name)
		if err != nil {
			return err
		}
		if _, there := shown.Containers[container.ID]; there != in {
			c.equal(r.name.EN, attached(in), attached(there))
		}
	}
	return c.err()
}

func attached(yes bool) string {
	if yes {
		return "attached"
	}
	return "not attached"
}
