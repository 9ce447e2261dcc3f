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
		return w.terminalMismatch(w.lang.Say("the id of a container, 64 digits", "64 桁のコンテナ ID"), err)
	}
	c, err := w.cluster.Engine(host).Inspect(ctx, id)
	if err != nil {
		return err
	}
	if !c.Running {
		return w.mismatch(w.lang.Say("the container on %s", "%s のコンテナ", host), "running", c.State)
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
		return w.terminalMismatch(w.lang.Say("the id of a network, 64 digits", "64 桁のネットワーク ID"), err)
	}
	n, err := w.cluster.Swarm().Network(ctx, network)
	if err != nil {
		return err
	}
	if n.ID != id {
		return w.mismatch(w.lang.Say("the terminal", "ターミナル"), w.lang.Say("the id of %s, %s", "%s の ID、%s", network, n.ID), id)
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
	c := w.compare("the containers that the terminal lists", "ターミナルに表示されたコンテナ")
	for i := range max(len(want), len(rows)) {
		switch {
		case i >= len(rows):
			c.differs(w.lang.Say("a container of %s", "%s のコンテナ", want[i]["image"]), w.lang.Say("no such line", "該当する行がない"))
		case i >= len(want):
			c.differs(w.lang.Say("no further container", "ほかのコンテナはない"), fmt.Sprintf("%s %s %s", rows[i]["IMAGE"], rows[i]["COMMAND"], rows[i]["PORTS"]))
		default:
			compareContainer(&c, want[i], rows[i])
		}
	}
	return c.err()
}

func compareContainer(c *comparison, want, got row) {
	image := want["image"]
	differs := func(heading, expected string) {
		c.differs(image+": "+heading+": "+expected, image+": "+heading+": "+got[heading])
	}
	if repository(got["IMAGE"]) != image {
		differs("IMAGE", image)
	}
	if !commandMatches(want["command"], got["COMMAND"]) {
		differs("COMMAND", want["command"])
	}
	if !published(got["PORTS"], want["port"]) {
		differs("PORTS", want["port"])
	}
	if !strings.HasPrefix(got["STATUS"], "Up") {
		differs("STATUS", "Up")
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
	c := w.compare("the networks that the terminal lists", "ターミナルに表示されたネットワーク")
	seen := map[string]string{}
	for _, r := range rows {
		if _, twice := seen[r["NAME"]]; twice {
			c.differs(w.lang.Say("%s: once", "%s: 1 回", r["NAME"]), w.lang.Say("%s: more than once", "%s: 2 回以上", r["NAME"]))
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
			driver = notShown(c.lang)
		}
		c.equal(n["name"], n["driver"], driver)
		delete(seen, n["name"])
	}
	for _, name := range sorted(seen) {
		c.differs(c.lang.Say("no %s", "%s はない", name), name+": "+seen[name])
	}
}

func (w *World) listsNetworkAmong(count int, name, driver string) error {
	rows, err := w.shownTable("NAME", "DRIVER")
	if err != nil {
		return err
	}
	c := w.compare("the networks that the terminal lists", "ターミナルに表示されたネットワーク")
	var names, drivers []string
	for _, r := range rows {
		names = append(names, r["NAME"])
		if r["NAME"] == name {
			drivers = append(drivers, r["DRIVER"])
		}
	}
	if len(rows) != count {
		c.differs(w.lang.Say("%d networks", "%d 個のネットワーク", count),
			w.lang.Say("%d networks: %s", "%d 個のネットワーク: %s", len(rows), w.listed(names)))
	}
	c.equal(name, driver, w.listed(drivers))
	return c.err()
}

func (w *World) shownTable(headings ...string) ([]row, error) {
	out, err := w.shown()
	if err != nil {
		return nil, err
	}
	rows, err := parseTable(out, headings...)
	if err != nil {
		return nil, w.terminalMismatch(w.lang.Say("a table with %s", "%s のある表", w.listed(headings)), err)
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
		return nil, w.terminalMismatch(w.lang.Say("what docker info prints", "docker info の出力"), err)
	}
	return info, nil
}

// showsInfo compares lines of `docker info`.
func (w *World) showsInfo(table *godog.Table) error {
	info, err := w.shownInfo()
	if err != nil {
		return err
	}
	c := w.compare("docker info in the terminal", "ターミナルの docker info")
	for _, r := range table.Rows {
		name, value := r.Cells[0].Value, w.here(r.Cells[1].Value)
		c.equal(name, value, info.show(w.lang, name))
	}
	return c.err()
}

func (w *World) showsFilters(filters string) error {
	info, err := w.shownInfo()
	if err != nil {
		return err
	}
	c := w.compare("the filters in the terminal", "ターミナルのフィルタ")
	seen := list(info.get("Filters"))
	for _, f := range list(filters) {
		if !slices.Contains(seen, f) {
			c.differs(w.lang.Say("the filter %s", "フィルタ %s", f), "Filters: "+w.listed(seen))
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
	return w.isManagerID(ctx, w.topology().Manager.Name, info.show(w.lang, "Name"))
}

func (w *World) isManagerID(ctx context.Context, host, name string) error {
	manager, err := w.only(ctx, swarmManager, host)
	if err != nil {
		return err
	}
	if len(name) < 12 || !strings.HasPrefix(manager.ID, name) {
		return w.mismatch(w.lang.Say("the cluster's name", "クラスタの名前"), manager.ID[:12], name)
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
	c := w.compare("the nodes in the terminal", "ターミナルのノード")
	var names []string
	seen := map[string]*entry{}
	for _, n := range info.nodes() {
		names = append(names, n.name)
		seen[n.name] = n
	}
	c.equal("Nodes", w.listed(column(want, "node")), w.listed(names))
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
			c.equal(node.name, want[f], node.value)
		default:
			// Swarm adds "(1 Running, 0 Paused, 0 Stopped)" to a count today.
			value, _, _ := strings.Cut(node.get(f), " (")
			if value == "" {
				value = notShown(c.lang)
			}
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
		return w.mismatch(w.lang.Say("docker info in the terminal", "ターミナルの docker info"),
			w.lang.Say("nodes with labels", "ラベルのあるノード"), w.lang.Say("no nodes", "ノードがない"))
	}
	c := w.compare("the labels in the terminal", "ターミナルのラベル")
	for _, n := range info.nodes() {
		shown := ", " + n.get("Labels")
		for _, l := range list(labels) {
			if !strings.Contains(shown, ", "+l+"=") {
				c.differs(w.lang.Say("%s: the label %s", "%s: ラベル %s", n.name, l), n.name+": "+n.show(w.lang, "Labels"))
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
		return w.terminalMismatch(w.lang.Say("what docker network inspect prints", "docker network inspect の出力"), err)
	}
	c := w.compare("the network in the terminal", "ターミナルのネットワーク")
	c.equal("Name", network, shown.Name)
	for _, r := range []role{consul, swarmManager} {
		container, err := w.only(ctx, r, w.topology().Manager.Name)
		if err != nil {
			return err
		}
		if _, there := shown.Containers[container.ID]; there != in {
			c.equal(r.in(w.lang), w.attached(in), w.attached(there))
		}
	}
	return c.err()
}

func (w *World) attached(yes bool) string {
	if yes {
		return w.lang.Say("attached", "接続している")
	}
	return w.lang.Say("not attached", "接続していない")
}
