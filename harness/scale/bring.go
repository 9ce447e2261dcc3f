package scale

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

const (
	// workloadImage is what containers are made of. Simulated engines do not look for it.
	workloadImage = "labcheck/workload"
	// program is where labcheck's executable is on the hosts of the simulated engines, and
	// programLog what it says.
	program    = "/usr/local/bin/labcheck"
	programLog = "/var/log/engines.log"
	// enginesCommand is the command of labcheck that simulates engines.
	enginesCommand = "engines"
	// firstPort is the port of the first simulated engine of a host.
	firstPort = 10001

	// startTimeout is how long Consul and a Swarm manager may take until they answer.
	startTimeout = time.Minute
	// listTimeout is how long the list of nodes may take until it is right.
	listTimeout = 3 * time.Minute
	// logTimeout is how long reading what the simulated engines have said may take.
	logTimeout = 5 * time.Second
	// listPause is the time between two looks at the list.
	listPause = 250 * time.Millisecond
)

// starter builds the cluster of a run.
type starter struct{ *run }

// measuredContainers is how many containers are run on a real engine to learn how long
// it takes.
const measuredContainers = 10

// measureDelay learns from a real engine how long creating a container and starting it
// takes, unless the user has said it.
func (r starter) measureDelay(ctx context.Context) error {
	if r.Delay > 0 {
		return nil
	}
	own := r.Cluster.Engine(keptHost)
	var all []time.Duration
	for i := range measuredContainers + 1 {
		start := time.Now()
		id, err := own.Run(ctx, engine.RunSpec{Image: workloadImage})
		if err != nil {
			return err
		}
		if i > 0 { // the first one finds nothing in the caches
			all = append(all, time.Since(start))
		}
		if err := own.Remove(ctx, id); err != nil {
			return err
		}
	}
	r.result.Settings.Delay = percentilesOf(all).P50.Round(time.Millisecond)
	return nil
}

// useAllCPUs lets an engine, and so what it starts from then on, use all CPUs. A lab's
// engines have one each, as the page's hosts.
const useAllCPUs = `for p in $(pgrep -x 'dockerd|containerd'); do
	taskset --all-tasks --cpu-list --pid "0-$(($(nproc --all) - 1))" "$p" >/dev/null
done`

// startManager starts Consul and a Swarm manager, without replicas.
func (r starter) startManager(ctx context.Context) error {
	for _, host := range []string{managerHost, replicaHost} {
		if _, err := r.Cluster.Node(host).Exec(ctx, "sh", "-c", useAllCPUs); err != nil {
			return err
		}
	}
	t := r.Cluster.Topology()
	consul := tutorial.Default().Service(tutorial.Consul, t, t.Manager)
	if _, err := r.Cluster.Engine(managerHost).Run(ctx, consul.Spec); err != nil {
		return err
	}
	if err := r.await(ctx, startTimeout, func(ctx context.Context) error {
		_, err := r.Cluster.Consul().Leader(ctx)
		return err
	}); err != nil {
		return err
	}
	if err := r.runManager(ctx, r.Cluster, t.Manager); err != nil {
		return err
	}
	r.result.Versions = tutorial.Versions(ctx, r.Cluster)
	return nil
}

// runManager starts a Swarm manager on a host, with replication if the cluster's topology
// has replicas, and waits until it answers.
func (r starter) runManager(ctx context.Context, c *engine.Cluster, h harness.Host) error {
	spec := tutorial.Default().Service(tutorial.SwarmManager, c.Topology(), h).Spec
	// How long the manager waits before it asks a Consul again that has not answered.
	heartbeat := "--heartbeat=" + r.result.Settings.Heartbeat.String()
	spec.Args = slices.Insert(slices.Clone(spec.Args), 1, heartbeat)
	if _, err := c.Engine(h.Name).Run(ctx, spec); err != nil {
		return err
	}
	return r.await(ctx, startTimeout, c.SwarmOn(h.Name).Ping)
}

// removeService removes a container of the page from a host.
func (r *run) removeService(ctx context.Context, name string, h harness.Host) error {
	id, err := r.findService(ctx, name, h)
	if err != nil {
		return err
	}
	return r.Cluster.Engine(h.Name).Remove(ctx, id)
}

// findService returns the ID of a container of the page on a host.
func (r *run) findService(ctx context.Context, name string, h harness.Host) (string, error) {
	s := tutorial.Default().Service(name, r.Cluster.Topology(), h)
	all, err := r.Cluster.Engine(h.Name).Containers(ctx)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, s.Matches)
	if i < 0 {
		return "", lang.Errorf("%s has no container %s", h.Name, name)
	}
	return all[i].ID, nil
}

// joinEngines starts the simulated engines and waits until the manager lists all of them.
func (r starter) joinEngines(ctx context.Context) error {
	for _, host := range []string{keptHost, lostHost} {
		if err := r.Lab.CopyProgram(ctx, r.Program, host, program); err != nil {
			return err
		}
	}
	start := time.Now()
	kept := r.Nodes - r.lostNodes()
	if err := r.startEngines(ctx, keptHost, 1, kept); err != nil {
		return err
	}
	if err := r.startEngines(ctx, lostHost, kept+1, r.lostNodes()); err != nil {
		return err
	}
	if err := r.await(ctx, listTimeout, r.checkRegistered); err != nil {
		return r.withEngineLog(ctx, err)
	}
	r.result.Joining.Registered = time.Since(start)
	if err := r.awaitList(ctx, r.Cluster.Swarm()); err != nil {
		return err
	}
	r.result.Joining.Healthy = time.Since(start)
	return nil
}

// startEngines starts simulated engines on a host, the first of them with a number.
func (r starter) startEngines(ctx context.Context, host string, first, count int) error {
	s := r.result.Settings
	line := harness.ShellLine(program, enginesCommand,
		"--addr", r.Cluster.Node(host).Addr().String(), "--first", strconv.Itoa(first), "--count", strconv.Itoa(count),
		"--create-time", s.Delay.String(), "--consul", r.Cluster.Topology().Consul().String(), "--ttl", s.TTL.String())
	_, err := r.Cluster.Node(host).Exec(ctx, "sh", "-c", "setsid "+line+" >"+programLog+" 2>&1 </dev/null &")
	return err
}

// withEngineLog adds to an error what the simulated engines have said, if anything.
func (r starter) withEngineLog(ctx context.Context, err error) error {
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), logTimeout)
	defer cancel()
	for _, host := range []string{keptHost, lostHost} {
		said, _ := r.Cluster.Node(host).Exec(ctx, "tail", "-n", "3", programLog)
		if text := strings.TrimSpace(said.Stdout); text != "" {
			return lang.Errorf("%w; the simulated engines on %s: %s", err, host, text)
		}
	}
	return err
}

// keys returns where in Consul the engines are registered.
func (r *run) keys() string {
	t := r.Cluster.Topology()
	return tutorial.Default().Service(tutorial.SwarmJoin, t, t.Manager).Keys
}

// checkRegistered returns nil if Consul has all engines.
func (r starter) checkRegistered(ctx context.Context) error {
	keys, err := r.Cluster.Consul().Keys(ctx, r.keys())
	if err != nil {
		return err
	}
	engines := slices.DeleteFunc(keys, func(key string) bool { return strings.HasSuffix(key, "/") }) // Swarm's folder
	if len(engines) != r.Nodes {
		return lang.Errorf("Consul has %d of %d registrations", len(engines), r.Nodes)
	}
	return nil
}

// await waits until a probe returns nil.
func (r *run) await(ctx context.Context, limit time.Duration, probe func(context.Context) error) error {
	ctx, cancel := harness.WithLimit(ctx, limit)
	defer cancel()
	return harness.Until(ctx, listPause, probe)
}

// awaitList waits until a Swarm manager lists all nodes as Healthy, with all containers.
func (r *run) awaitList(ctx context.Context, manager *engine.Client) error {
	return r.await(ctx, listTimeout, func(ctx context.Context) error {
		swarm, err := tutorial.SwarmOn(ctx, manager)
		if err != nil {
			return err
		}
		c := countList(swarm)
		if c.healthy != r.Nodes || c.containers != r.counted {
			return lang.Errorf("the manager lists %d of %d nodes as Healthy, with %d of %d containers",
				c.healthy, r.Nodes, c.containers, r.counted)
		}
		return nil
	})
}

// listCounts are the counts of a Swarm manager's list.
type listCounts struct{ nodes, healthy, containers, running, stopped int }

func countList(s engine.Swarm) listCounts {
	c := listCounts{nodes: len(s.Members)}
	for _, m := range s.Members {
		if m.Status == engine.Healthy {
			c.healthy++
		}
		c.containers += m.Containers
		c.running += m.Running
		c.stopped += m.Stopped
	}
	return c
}
