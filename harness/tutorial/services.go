package tutorial

import (
	"context"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// The images of the page, without a tag, as its commands have them.
const (
	consulImage = "progrium/consul"
	swarmImage  = "swarm"
)

func consulPart(t harness.Topology) service {
	return service{
		name: harness.Text{EN: "the Consul container", JA: "Consul コンテナ"}, host: t.Manager,
		spec: engine.RunSpec{
			Image: consulImage, Args: []string{"-server", "-bootstrap"},
			Hostname: "consul", Restart: "unless-stopped",
			Ports: []engine.Port{{Host: t.Consul().Port(), Container: harness.ConsulPort}},
		},
		works: func(ctx context.Context, c *engine.Cluster) error {
			_, err := c.Consul().Leader(ctx)
			return err
		},
	}
}

func managerPart(t harness.Topology) service {
	return service{
		name: harness.Text{EN: "the Swarm manager container", JA: "Swarm マネージャ・コンテナ"}, host: t.Manager,
		spec: engine.RunSpec{
			Image: swarmImage, Args: []string{"manage", t.Discovery()}, Restart: "unless-stopped",
			Ports: []engine.Port{{Host: t.Swarm().Port(), Container: harness.EnginePort}},
		},
		works: func(ctx context.Context, c *engine.Cluster) error {
			_, err := swarmOf(ctx, c)
			return err
		},
	}
}

func joinPart(t harness.Topology, h harness.Host) service {
	return service{
		name: harness.Text{EN: "the join container", JA: "join コンテナ"}, host: h,
		spec: engine.RunSpec{
			Image: swarmImage,
			Args:  []string{"join", "--advertise=" + h.Engine().String(), t.Discovery()},
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
	info, err := c.Swarm().Info(ctx)
	if err != nil {
		return engine.Swarm{}, err
	}
	if info.Swarm == nil {
		return engine.Swarm{}, harness.Errorf("%v answers as the engine of %s, not as a Swarm manager", "%v は Swarm マネージャではなく、%s の Engine として応答する", c.Swarm(), info.Name)
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
			return harness.Errorf("the manager lists %s as %s%s", "マネージャの一覧で %s は %s である%s", h.Name, m.Status, because(m.Error))
		case m.Name != h.Name:
			return harness.Errorf("the manager lists %s at %s, not %s there", "マネージャの一覧では %s が %s にある(%s ではない)", m.Name, m.Addr, h.Name)
		}
		return nil
	}
	return harness.Errorf("the manager does not list %s", "マネージャの一覧に %s がない", h.Name)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}
