package steps

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"
	units "github.com/docker/go-units"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// reachWithin is how long an engine may take to answer the docker CLI, which
// itself waits for half a minute.
const reachWithin = 5 * time.Second

// managerReaches runs the docker CLI on a host against an engine elsewhere.
func (w *World) managerReaches(ctx context.Context, from, addr, name string) error {
	node := w.cluster.Node(from)
	asking, cancel := harness.WithLimit(ctx, reachWithin)
	defer cancel()
	res, err := node.Exec(asking, "docker", "-H", "tcp://"+w.here(addr), "info", "--format", "{{.Name}}")
	late := asking.Err() != nil && ctx.Err() == nil
	if err != nil && res.Argv == nil && !late {
		return err
	}
	w.record(res)
	seen := strings.TrimSpace(res.Stdout)
	switch {
	case late:
		seen = w.lang.Say("no answer within %s", harness.Limit(ctx, reachWithin))
	case err != nil:
		seen = err.Error()
	}
	if seen != name {
		return w.mismatch(w.lang.Say("the engine at %s, asked from %s", w.here(addr), from), name, seen)
	}
	return nil
}

func (w *World) consulAnswers(ctx context.Context, port int, host string, seconds int) error {
	port = int(tutorial.Port(w.topology(), uint16(port)))
	if port != int(w.topology().Consul().Port()) || host != w.topology().Manager.Name {
		return lang.Errorf("the cluster's Consul is on port %d of %s", w.topology().Consul().Port(), w.topology().Manager.Name)
	}
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		_, err := w.cluster.Consul().Leader(ctx)
		if errors.Is(err, engine.ErrNoLeader) {
			return nil // that is an answer, too
		}
		return err
	})
}

func (w *World) consulHasLeader(ctx context.Context, seconds int) error {
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		_, err := w.cluster.Consul().Leader(ctx)
		if errors.Is(err, engine.ErrNoLeader) {
			return w.mismatch("Consul", w.lang.Say("a leader"), w.lang.Say("none is elected"))
		}
		return err
	})
}

// registered waits for a node's key among those which Swarm keeps in Consul.
func (w *World) registered(ctx context.Context, addr string, seconds int) error {
	addr = w.here(addr)
	path := w.service(tutorial.SwarmJoin).Keys
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		keys, err := w.cluster.Consul().Keys(ctx, path)
		if err != nil {
			return err
		}
		var nodes []string
		for _, k := range keys {
			nodes = append(nodes, strings.TrimPrefix(k, path))
		}
		if !slices.Contains(nodes, addr) {
			return w.mismatch(w.lang.Say("the nodes that Consul knows"), addr, w.listed(nodes))
		}
		return nil
	})
}

func (w *World) engineHas(ctx context.Context, host, property, value string) error {
	info, err := w.cluster.Engine(host).Info(ctx)
	if err != nil {
		return err
	}
	return w.infoHas(w.engineOf(host), info, property, w.engineFigure(host, property, value))
}

func (w *World) clusterHas(ctx context.Context, property, value string) error {
	info, err := w.swarmInfo(ctx)
	if err != nil {
		return err
	}
	return w.infoHas(w.theCluster(), info, property, w.clusterFigure(property, value))
}

func (w *World) engineOf(host string) string {
	return w.lang.Say("the engine of %s", host)
}

func (w *World) theCluster() string { return w.lang.Say("the cluster") }

// swarmInfo is what Swarm answers on port 3375.
func (w *World) swarmInfo(ctx context.Context) (engine.Info, error) {
	info, err := w.cluster.Swarm().Info(ctx)
	if err == nil && info.Swarm == nil {
		err = w.mismatch(w.lang.Say("port 3375"), w.lang.Say("a Swarm manager"), w.lang.Say("an engine, %s", info.Name))
	}
	return info, err
}

func (w *World) infoHas(what string, info engine.Info, property, value string) error {
	seen, err := infoProperty(info, english(property))
	if err != nil {
		return err
	}
	c := comparison{lang: w.lang, what: what}
	c.equal(property, w.here(value), w.orNone(seen))
	return c.err()
}

// infoProperty is empty where the engine has no value of a property.
func infoProperty(info engine.Info, property string) (string, error) {
	switch property {
	case "name":
		return info.Name, nil
	case "CPUs":
		return strconv.Itoa(info.CPUs), nil
	case "total memory": // as the docker CLI writes it
		return units.BytesSize(float64(info.Memory)), nil
	case "cluster store":
		return info.ClusterStore, nil
	case "cluster advertise":
		return info.ClusterAdvertise, nil
	}
	if info.Swarm == nil {
		return "", lang.Errorf("an engine has no %q", property)
	}
	switch property {
	case "role":
		return info.Swarm.Role, nil
	case "strategy":
		return info.Swarm.Strategy, nil
	case "nodes":
		return strconv.Itoa(len(info.Swarm.Members)), nil
	}
	return "", lang.Errorf("a cluster has no %q", property)
}

func (w *World) clusterFilters(ctx context.Context, filter string) error {
	info, err := w.swarmInfo(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(info.Swarm.Filters, filter) {
		return w.mismatch(w.lang.Say("the cluster's filters"), filter, w.listed(info.Swarm.Filters))
	}
	return nil
}

func (w *World) clusterNamedByManager(ctx context.Context, host string) error {
	info, err := w.swarmInfo(ctx)
	if err != nil {
		return err
	}
	return w.isManagerID(ctx, host, info.Name)
}

// member finds a node in the cluster's list.
func (w *World) member(ctx context.Context, node string) (engine.Member, error) {
	info, err := w.swarmInfo(ctx)
	if err != nil {
		return engine.Member{}, err
	}
	m, ok := info.Swarm.Member(node)
	if !ok {
		return m, w.mismatch(w.lang.Say("the cluster's nodes"), node, w.listed(memberNames(info)))
	}
	return m, nil
}

func memberNames(info engine.Info) []string {
	var names []string
	for _, m := range info.Swarm.Members {
		names = append(names, m.Name)
	}
	return names
}

func (w *World) memberHealthy(ctx context.Context, node, addr string, seconds int) error {
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		m, err := w.member(ctx, node)
		if err != nil {
			return err
		}
		c := w.compare("the cluster's node %s", node)
		c.equal(w.lang.Say("address"), w.here(addr), m.Addr.String())
		c.equal("Status", "Healthy", m.Status)
		if len(c.expected) > 0 && m.Error != "" {
			c.differs("Error: (none)", "Error: "+m.Error)
		}
		return c.err()
	})
}

func (w *World) memberSize(ctx context.Context, node string, cpus int, memory string) error {
	m, err := w.member(ctx, node)
	if err != nil {
		return err
	}
	wantCPUs, wantMemory := w.memberFigures(node, strconv.Itoa(cpus), memory)
	c := w.compare("the cluster's node %s", node)
	c.equal("CPU", wantCPUs, strconv.Itoa(m.CPUs))
	c.equal(w.lang.Say("memory"), wantMemory, m.Memory)
	return c.err()
}

func (w *World) memberLabels(ctx context.Context, node, labels string) error {
	m, err := w.member(ctx, node)
	if err != nil {
		return err
	}
	c := w.compare("the cluster's node %s", node)
	for _, l := range list(labels) {
		if m.Labels[l] == "" {
			c.differs(w.lang.Say("the label %s", l), w.lang.Say("labels: %s", w.listed(sorted(m.Labels))))
		}
	}
	return c.err()
}

func (w *World) memberNoError(ctx context.Context, node string) error {
	m, err := w.member(ctx, node)
	if err != nil {
		return err
	}
	if m.Error != "" {
		return w.mismatch(w.lang.Say("the cluster's node %s", node), w.lang.Say("no error"), m.Error)
	}
	return nil
}

// memberUpdated wants a recent UpdatedAt. The time is the manager's, so five
// minutes must also cover what its clock is off; Swarm asks every 30 to 60 s.
func (w *World) memberUpdated(ctx context.Context, node string, minutes int) error {
	m, err := w.member(ctx, node)
	if err != nil {
		return err
	}
	if m.UpdatedAt.IsZero() {
		return w.mismatch(w.lang.Say("UpdatedAt of %s", node), w.lang.Say("a time"), notShown(w.lang))
	}
	if age := time.Since(m.UpdatedAt); age.Abs() > time.Duration(minutes)*time.Minute {
		return w.mismatch(w.lang.Say("UpdatedAt of %s", node),
			w.lang.Say("within the last %d minutes", minutes),
			w.lang.Say("%s, %s ago", m.UpdatedAt.Format(time.RFC3339), age.Round(time.Second)))
	}
	return nil
}

func (w *World) membersInOrder(ctx context.Context, table *godog.Table) error {
	info, err := w.swarmInfo(ctx)
	if err != nil {
		return err
	}
	want := w.memberRows(records(w.here, table))
	var seen []string
	for _, m := range info.Swarm.Members {
		seen = append(seen, m.Name+" "+m.Addr.String())
	}
	c := comparison{lang: w.lang, what: w.theCluster()}
	c.equal(w.lang.Say("names of nodes"), w.listed(want), w.listed(seen))
	return c.err()
}
