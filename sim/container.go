package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim/images"
)

// makeContainer makes and starts the container of a node. cpu is the CPU of the
// machine that it gets.
func (s *starter) makeContainer(ctx context.Context, n *node, h harness.Host, cpu int) error {
	m := machineOf(s.machines, n.engine)
	imageName := images.Node
	if h.Name == s.topology.Manager.Name {
		imageName = images.NodeWithConsul
	}
	image, err := m.store.Ref(ctx, imageName)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return lang.Errorf("start node %s: %w", h.Name, err)
	}
	making, cancel := withGrace(ctx)
	defer cancel()
	made, err := m.provider.RunContainer(making, testcontainers.ContainerRequest{
		Image:          image,
		Name:           s.objects.lab + "-" + h.Name,
		Labels:         s.objects.nodeLabels(h.Name, h.Addr),
		Env:            nodeEnv(h, cpu, s.opts.Plain),
		Cmd:            engineFlags(s.topology, h, s.opts.Plain),
		ConfigModifier: func(c *container.Config) { c.Hostname = h.Name },
		HostConfigModifier: func(c *container.HostConfig) {
			setRights(c)
			if s.bridge.isOverlay() {
				c.Sysctls = withoutPathMTU
			}
			c.Mounts = []mount.Mount{engineDisk(s.objects.diskName(h.Name), s.objects.nodeLabels(h.Name, h.Addr))}
		},
		EndpointSettingsModifier: func(e map[string]*network.EndpointSettings) {
			e[s.objects.lab] = &network.EndpointSettings{
				NetworkID:  s.bridge.id,
				IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: h.Addr},
			}
		},
	})
	if err != nil {
		return lang.Errorf("start node %s: %w", h.Name, err)
	}
	n.id = made.GetContainerID()
	what := lang.Text{EN: "node started"}
	if len(s.machines) > 1 {
		what = lang.Textf("node started on %s", m.describe())
	}
	s.opts.reportEvent(h.Name, what)
	return nil
}

// setRights gives the node what an engine in a container needs, and no more:
// that is less than --privileged. Engines that lack a capability themselves
// refuse --privileged altogether.
func setRights(c *container.HostConfig) {
	c.CapAdd = []string{"SYS_ADMIN", "NET_ADMIN"}
	c.SecurityOpt = []string{"seccomp=unconfined", "apparmor=unconfined"}
	// The API's form of systempaths=unconfined: nothing in /proc is hidden.
	c.MaskedPaths, c.ReadonlyPaths = []string{}, []string{}
	c.CgroupnsMode = container.CgroupnsModePrivate
	c.Tmpfs = map[string]string{"/run": "", "/tmp": ""}
}

// withoutPathMTU has a node's engine send no packet that routers must not take apart: those
// that are too large for the machines' network are sent in fragments, and none is lost
// before its sender has learned that it is.
var withoutPathMTU = map[string]string{"net.ipv4.ip_no_pmtu_disc": "1"}

// engineDisk returns the volume that a node's engine keeps its state on. The engine
// of the lab makes it with the container, also if an interrupted command has just
// removed it: by its labels it is found again, or by its name.
func engineDisk(name string, labels map[string]string) mount.Mount {
	return mount.Mount{
		Type: mount.TypeVolume, Source: name, Target: "/var/lib/docker",
		VolumeOptions: &mount.VolumeOptions{Labels: labels},
	}
}

// nodeEnv returns the environment of a node's entry script.
func nodeEnv(h harness.Host, cpu int, plain bool) map[string]string {
	env := map[string]string{
		"LABCHECK_ADDR":      h.Addr.String(),
		"LABCHECK_PORT":      strconv.Itoa(int(h.Engine().Port())),
		"LABCHECK_CPU":       strconv.Itoa(cpu),
		"LABCHECK_MEMORY_KB": strconv.FormatInt(h.Memory>>10, 10),
	}
	if plain {
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

// engineFlags returns the flags of a node's engine, without where it listens: the
// entry script adds that. The tutorial's part before the page sets the cluster
// store and the address that is advertised.
func engineFlags(t harness.Topology, h harness.Host, plain bool) []string {
	flags := []string{
		"--host=unix:///var/run/docker.sock",
		// If a node's resolv.conf names none, engines tell containers to ask name
		// servers on the Internet. A lab asks nobody outside: nothing answers here,
		// at once.
		fmt.Sprintf("--dns=%s", h.Addr),
		"--tls=false", // said explicitly, it saves 15 s of warnings
		"--storage-driver=overlay2",
		"--exec-opt=native.cgroupdriver=cgroupfs", // there is no systemd in a node
		fmt.Sprintf("--cluster-store=consul://%s", t.Consul()),
		fmt.Sprintf("--cluster-advertise=%s", h.Engine()),
	}
	for _, name := range slices.Sorted(maps.Keys(h.Labels)) {
		flags = append(flags, fmt.Sprintf("--label=%s=%s", name, h.Labels[name]))
	}
	flags = append(flags, h.EngineFlags...)
	if plain {
		return flags
	}
	// Engines register with Consul, and so find one another, once a tick; the
	// tick's default is 20 s. The TTL would follow it down to 3 s (dockerd 20.10,
	// daemon/discovery.go), and Consul refuses sessions that short: no engine
	// would ever register.
	return append(flags, fmt.Sprintf("--cluster-store-opt=discovery.heartbeat=%d", discoveryTick(len(t.Hosts()))),
		"--cluster-store-opt=discovery.ttl=60")
}

// hostsPerSecond is how many engines of a lab register in a second. With a tick of 1 s a
// hundred idle hosts keep two CPUs 35 % busy, and with one of 4 s 23 %.
const hostsPerSecond = 30

// discoveryTick returns the time between two registrations of an engine, in seconds.
func discoveryTick(hosts int) int { return 1 + hosts/hostsPerSecond }
