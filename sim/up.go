package sim

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	dockercontainer "github.com/docker/docker/api/types/container"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim/images"
)

// Up makes the lab, or starts what of it does not run. What Up itself made is
// removed again when it fails.
func (l *Lab) Up(ctx context.Context) ([]harness.Node, error) { return l.UpWith(ctx, nil) }

// UpWith is Up, and calls begin with the nodes while they start: what is asked
// of a node waits until its engine answers. UpWith returns when begin has
// returned, too, and fails if begin fails.
func (l *Lab) UpWith(ctx context.Context, begin func(context.Context, []harness.Node) error) (nodes []harness.Node, err error) {
	l.began = time.Now()
	if err := l.guard(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.keepLogs(ctx), l.undo(ctx))
		}
	}()
	unpin, err := l.link.pinTestcontainers(ctx)
	if err != nil {
		return nil, err
	}
	defer unpin()
	if err := l.store.Ensure(ctx); err != nil {
		return nil, err
	}
	bridge, err := l.network(ctx)
	if errors.Is(err, harness.ErrNoNodes) {
		if err = l.makeNetwork(ctx); err == nil {
			bridge, err = l.network(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	if bridge.subnet != l.topology.Subnet { // another labcheck made it since Open
		return nil, l.elsewhere(l.topology.Subnet, bridge)
	}
	if err := l.startNodes(ctx, bridge, begin); err != nil {
		return nil, err
	}
	return l.Nodes(ctx)
}

// undo removes what this Up made, although ctx may have ended.
func (l *Lab) undo(ctx context.Context) error {
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), downTimeout)
	defer cancel()
	return l.sweep(ctx, l.filterRun())
}

// startNodes starts every node, and begin beside. The images that the tutorial
// pulls are in the stores of their engines; only the manager's has Consul.
func (l *Lab) startNodes(ctx context.Context, bridge labNetwork, begin func(context.Context, []harness.Node) error) error {
	there, err := l.containers(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	hosts := l.topology.Hosts()
	started := make(chan *node, len(hosts))
	group.Go(func() error { return l.checkStarted(ctx, started, len(hosts)) })
	managerRuns := make(chan struct{})
	tell := func(n *node) {
		if started <- n; n.name == l.topology.Manager.Name {
			close(managerRuns)
		}
	}
	var nodes []harness.Node
	for i, h := range hosts {
		starting := newStartingNode(h)
		nodes = append(nodes, starting)
		group.Go(func() (err error) {
			// The cluster waits for what runs on the manager: it is started first.
			if h.Name != l.topology.Manager.Name {
				select {
				case <-managerRuns:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			var n *node
			if c, ok := there[h.Name]; ok {
				n = l.node(c.ID, h, bridge)
				err = l.restartNode(ctx, n, string(c.State), tell)
			} else {
				n, err = l.startNode(ctx, nodeSpec{host: h, bridge: bridge, index: i}, tell)
			}
			if err == nil {
				starting.answers(n)
			}
			return err
		})
	}
	if begin != nil {
		group.Go(func() error { return begin(ctx, nodes) })
	}
	return group.Wait()
}

// startNode makes a node, passes it to started when it runs, and waits for its
// engine.
func (l *Lab) startNode(ctx context.Context, s nodeSpec, started func(*node)) (n *node, err error) {
	name := images.Node
	if s.host.Name == l.topology.Manager.Name {
		name = images.NodeWithConsul
	}
	if s.image, err = l.store.Ref(ctx, name); err != nil {
		return nil, err
	}
	if n, err = l.makeNode(ctx, s); err != nil {
		return nil, lang.Errorf("start node %s: %w", s.host.Name, err)
	}
	started(n)
	if err := l.awaitEngine(ctx, n); err != nil || !l.opts.Plain || name != images.NodeWithConsul {
		return n, err
	}
	_, err = n.Exec(ctx, "sh", "-c", plainConsul)
	return n, l.withLog(ctx, n, err)
}

// plainConsul gives Consul the timing that it has by default. Ours has the one
// that its documentation recommends for production.
const plainConsul = `printf 'FROM progrium/consul\nENV CONSUL_RAFT_MULTIPLIER=5\n' | docker build -q -t progrium/consul -`

// restartNode starts a node of a lab that was made before and passes it to started.
func (l *Lab) restartNode(ctx context.Context, n *node, state string, started func(*node)) error {
	switch state {
	case "running":
	case "paused":
		if err := l.engine.ContainerUnpause(ctx, n.id); err != nil {
			return lang.Errorf("resume node %s: %w", n.name, err)
		}
	default:
		if err := l.engine.ContainerStart(ctx, n.id, dockercontainer.StartOptions{}); err != nil {
			return lang.Errorf("start node %s again: %w", n.name, err)
		}
	}
	started(n)
	return l.awaitEngine(ctx, n)
}

// awaitEngine waits for the node's engine to answer; a node that ended is not
// waited for.
func (l *Lab) awaitEngine(ctx context.Context, n *node) error {
	wait, cancel := harness.WithLimit(ctx, engineTimeout)
	defer cancel()
	wait, giveUp := context.WithCancelCause(wait)
	defer giveUp(nil)
	engine, err := n.client()
	if err != nil {
		return err
	}
	defer engine.Close()
	go l.watchEnd(wait, n, giveUp)
	err = harness.Until(wait, 50*time.Millisecond, func(ctx context.Context) error {
		_, err := engine.Ping(ctx)
		return err
	})
	if err != nil {
		return l.withLog(ctx, n, lang.Errorf("engine of %s: %w", n.name, err))
	}
	l.progress(n.name, lang.Text{EN: "engine answers"})
	return nil
}

// nodeSpec is what it takes to make a node.
type nodeSpec struct {
	image  string
	host   harness.Host
	bridge labNetwork
	index  int // which of the machine's CPUs it gets
}

// makeNode makes and starts a node's container.
func (l *Lab) makeNode(ctx context.Context, s nodeSpec) (*node, error) {
	name := l.name + "-" + s.host.Name
	labels := l.labels()
	labels[labelNode] = s.host.Name
	labels[labelAddr] = s.host.Addr.String()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	making, cancel := withGrace(ctx)
	defer cancel()
	c, err := testcontainers.Run(making, s.image,
		testcontainers.WithName(name),
		testcontainers.WithLabels(labels),
		testcontainers.WithEnv(l.env(s)),
		testcontainers.WithCmd(l.flags(s.host)...),
		testcontainers.WithConfigModifier(func(c *container.Config) { c.Hostname = s.host.Name }),
		testcontainers.WithHostConfigModifier(func(c *container.HostConfig) {
			confine(c)
			c.Mounts = []mount.Mount{disk(name, labels)}
		}),
		testcontainers.WithEndpointSettingsModifier(func(e map[string]*network.EndpointSettings) {
			e[l.name] = &network.EndpointSettings{
				NetworkID:  s.bridge.id,
				IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: s.host.Addr},
			}
		}),
	)
	if err != nil {
		return nil, err
	}
	l.progress(s.host.Name, lang.Text{EN: "node started"})
	return l.node(c.GetContainerID(), s.host, s.bridge), nil
}

// confine gives the node what an engine in a container needs, and no more:
// that is less than --privileged. Engines that lack a capability themselves
// refuse --privileged altogether.
func confine(c *container.HostConfig) {
	c.CapAdd = []string{"SYS_ADMIN", "NET_ADMIN"}
	c.SecurityOpt = []string{"seccomp=unconfined", "apparmor=unconfined"}
	// The API's form of systempaths=unconfined: nothing in /proc is hidden.
	c.MaskedPaths, c.ReadonlyPaths = []string{}, []string{}
	c.CgroupnsMode = container.CgroupnsModePrivate
	c.Tmpfs = map[string]string{"/run": "", "/tmp": ""}
}

// disk is the volume that a node's engine keeps its state on. The engine makes it
// with the container, also where it has just been swept by who was interrupted:
// with its labels it is found again.
func disk(name string, labels map[string]string) mount.Mount {
	return mount.Mount{
		Type: mount.TypeVolume, Source: name, Target: "/var/lib/docker",
		VolumeOptions: &mount.VolumeOptions{Labels: labels},
	}
}

func (l *Lab) env(s nodeSpec) map[string]string {
	env := map[string]string{
		"LABCHECK_ADDR":      s.host.Addr.String(),
		"LABCHECK_CPU":       strconv.Itoa(s.index),
		"LABCHECK_MEMORY_KB": strconv.FormatInt(s.host.Memory>>10, 10),
	}
	if l.opts.Plain {
		env["LABCHECK_PLAIN"] = "1"
		return env
	}
	// When the last container leaves mynet, an engine of 20.10 keeps a thread in
	// the network's dead namespace (moby/libnetwork#1838): later containers
	// then find no network, or no names. In the host's namespace there is none
	// to leave behind; packets travel over VXLAN as before.
	env["_OVERLAY_HOST_MODE"] = "1"
	return env
}

// flags are the engine's, beside where it listens: that is the node's entry
// script's affair. The tutorial's part before the page sets the cluster
// store and the address that is advertised.
func (l *Lab) flags(h harness.Host) []string {
	flags := []string{
		"--host=unix:///var/run/docker.sock",
		// Where a node's resolv.conf names none, engines tell containers to ask
		// name servers on the Internet. A lab asks nobody outside: nothing
		// answers here, at once.
		fmt.Sprintf("--dns=%s", h.Addr),
		"--tls=false", // said explicitly, it saves 15 s of warnings
		"--storage-driver=overlay2",
		"--exec-opt=native.cgroupdriver=cgroupfs", // there is no systemd in a node
		fmt.Sprintf("--cluster-store=consul://%s:%d", l.topology.Manager.Addr, harness.ConsulPort),
		fmt.Sprintf("--cluster-advertise=%s:%d", h.Addr, harness.EnginePort),
	}
	if l.opts.Plain {
		return flags
	}
	// Engines register with Consul, and so find one another, once a tick; the
	// tick's default is 20 s. The TTL would follow it down to 3 s (dockerd 20.10,
	// daemon/discovery.go), and Consul refuses sessions that short: no engine
	// would ever register.
	return append(flags, "--cluster-store-opt=discovery.heartbeat=1", "--cluster-store-opt=discovery.ttl=60")
}
