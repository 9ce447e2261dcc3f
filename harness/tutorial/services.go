package tutorial

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// The images of the page, without a tag, as its commands have them.
const (
	consulImage = "progrium/consul"
	swarmImage  = "swarm"
)

// unlessStopped is the restart policy of the page's services but the joins.
const unlessStopped = "unless-stopped"

// consulPart is the Consul of a host that has one. With replicas it is one of
// several servers, as progrium/consul's own README starts them.
func consulPart(t harness.Topology, h harness.Host) service {
	s := service{
		name: lang.Text{EN: "the Consul container"}, host: h,
		spec: engine.RunSpec{
			Image: consulImage, Args: []string{"-server", "-bootstrap"},
			Hostname: "consul", Restart: unlessStopped,
			Ports: []engine.Port{{Host: t.Consul().Port(), Container: harness.ConsulPort}},
		},
		works: func(ctx context.Context, c *engine.Cluster) error {
			_, err := c.ConsulOn(h.Name).Leader(ctx)
			return err
		},
	}
	if len(t.ConsulServers()) > 1 {
		s.oneOf(t.ConsulServers())
	}
	return s
}

// oneOf makes Consul's container one of several servers, each of which knows the
// others: whichever is made anew finds them.
func (s *service) oneOf(servers []harness.Host) {
	s.spec.Args = []string{"-server", "-advertise", s.host.Addr.String(), "-bootstrap-expect", fmt.Sprint(len(servers))}
	for _, other := range servers {
		if other.Name != s.host.Name {
			s.spec.Args = append(s.spec.Args, "-retry-join", other.Addr.String())
		}
	}
	for _, port := range []uint16{8300, 8301, 8302} { // among servers: RPC, and the gossip of LAN and WAN
		s.spec.Ports = append(s.spec.Ports, engine.Port{Host: port, Container: port})
		if port != 8300 {
			s.spec.Ports = append(s.spec.Ports, engine.Port{Host: port, Container: port, UDP: true})
		}
	}
	slices.SortStableFunc(s.spec.Ports, func(a, b engine.Port) int { return int(a.Host) - int(b.Host) })
	name, store := s.host.Name, s.host.Name == servers[0].Name
	if !store {
		s.spec.Hostname += "-" + name
	}
	s.works = func(ctx context.Context, c *engine.Cluster) error {
		leader, err := c.ConsulOn(name).Leader(ctx)
		switch {
		case !store && errors.Is(err, engine.ErrNoLeader):
			return nil // it waits for the manager's, which is started next
		case err != nil || !store:
			return err
		}
		return voteTogether(ctx, c.ConsulOn(name), leader, servers)
	}
}

// voteTogether is nil where Consul has all servers.
func voteTogether(ctx context.Context, c *engine.Consul, leader string, servers []harness.Host) error {
	have, err := c.Servers(ctx)
	if err == nil && len(have) < len(servers) {
		err = lang.Errorf("Consul, whose leader is %s, has %d of %d servers", leader, len(have), len(servers))
	}
	return err
}

// managerPart is the Swarm manager of a host that has one.
func managerPart(t harness.Topology, h harness.Host) service {
	args := []string{"manage"}
	if t.Replicas > 0 {
		args = append(args, "--replication", "--advertise="+t.SwarmOf(h).String())
	}
	return service{
		name: lang.Text{EN: "the Swarm manager container"}, host: h,
		spec: engine.RunSpec{
			Image: swarmImage, Args: append(args, t.DiscoveryOf(h)), Restart: unlessStopped,
			Ports: []engine.Port{{Host: t.Swarm().Port(), Container: harness.EnginePort}},
		},
		works: func(ctx context.Context, c *engine.Cluster) error {
			swarm, err := swarmOn(ctx, c.SwarmOn(h.Name))
			if err == nil && t.Replicas > 0 && swarm.Role == engine.Replica && swarm.Primary == "" {
				err = lang.Errorf("the Swarm manager on %s has no primary", h.Name)
			}
			return err
		},
	}
}

func joinPart(t harness.Topology, h harness.Host) service {
	restart := ""
	if t.RestartJoin {
		restart = unlessStopped
	}
	return service{
		name: lang.Text{EN: "the join container"}, host: h, mayRestart: true,
		spec: engine.RunSpec{
			Image: swarmImage, Restart: restart,
			Args: []string{"join", "--advertise=" + h.Engine().String(), t.DiscoveryOf(h)},
		},
		works: func(ctx context.Context, c *engine.Cluster) error {
			swarm, err := swarmOf(ctx, c)
			if err != nil {
				return err
			}
			return healthy(swarm, h)
		},
	}
}

// swarmOf is what the manager says of its cluster.
func swarmOf(ctx context.Context, c *engine.Cluster) (engine.Swarm, error) {
	return swarmOn(ctx, c.Swarm())
}

func swarmOn(ctx context.Context, manager *engine.Client) (engine.Swarm, error) {
	info, err := manager.Info(ctx)
	if err != nil {
		return engine.Swarm{}, err
	}
	if info.Swarm == nil {
		return engine.Swarm{}, lang.Errorf("%v answers as the engine of %s, not as a Swarm manager", manager, info.Name)
	}
	return *info.Swarm, nil
}

// healthy is nil where the manager lists a host, by its name, at its address,
// as Healthy.
func healthy(s engine.Swarm, h harness.Host) error {
	for _, m := range s.Members {
		switch {
		case m.Addr != h.Engine():
			continue
		case m.Status != engine.Healthy:
			return lang.Errorf("the manager lists %s as %s%s", h.Name, m.Status, because(m.Error))
		case m.Name != h.Name:
			return lang.Errorf("the manager lists %s at %s, not %s there", m.Name, m.Addr, h.Name)
		}
		return nil
	}
	return lang.Errorf("the manager does not list %s", h.Name)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}
