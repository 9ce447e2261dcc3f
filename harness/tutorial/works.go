package tutorial

import (
	"context"
	"errors"
	"fmt"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// check returns nil if a service does its work.
type check func(context.Context, *engine.Cluster, Service) error

// checkNamed returns the check that a page's works names.
func checkNamed(name string) (check, error) {
	checks := map[string]check{
		"": containerRuns, "consul": consulWorks, "swarm-manager": swarmManagerWorks, "swarm-member": memberIsHealthy,
	}
	if c, ok := checks[name]; ok {
		return c, nil
	}
	return nil, fmt.Errorf("nothing shows that a service works as %q", name)
}

func containerRuns(ctx context.Context, c *engine.Cluster, s Service) error {
	found, err := s.findContainer(ctx, c)
	if err != nil {
		return err
	}
	return s.checkRunning(found)
}

// consulWorks wants a leader, and of the manager's Consul that it has all servers.
// The other servers wait for it: it is started after them.
func consulWorks(ctx context.Context, c *engine.Cluster, s Service) error {
	servers := s.topology.ConsulServers()
	isStore := s.Host.Name == servers[0].Name
	leader, err := c.ConsulOn(s.Host.Name).Leader(ctx)
	switch {
	case !isStore && errors.Is(err, engine.ErrNoLeader):
		return nil
	case err != nil || !isStore || len(servers) == 1:
		return err
	}
	have, err := c.ConsulOn(s.Host.Name).Servers(ctx)
	if err == nil && len(have) < len(servers) {
		err = lang.Errorf("Consul, whose leader is %s, has %d of %d servers", leader, len(have), len(servers))
	}
	return err
}

func swarmManagerWorks(ctx context.Context, c *engine.Cluster, s Service) error {
	swarm, err := SwarmOn(ctx, c.SwarmOn(s.Host.Name))
	if err == nil && swarm.Role == engine.Replica && swarm.Primary == "" {
		err = lang.Errorf("the Swarm manager on %s has no primary", s.Host.Name)
	}
	return err
}

func memberIsHealthy(ctx context.Context, c *engine.Cluster, s Service) error {
	swarm, err := SwarmOn(ctx, c.Swarm())
	if err != nil {
		return err
	}
	return checkHealthy(swarm, s.Host)
}

// SwarmOn returns what a Swarm manager says of its cluster.
func SwarmOn(ctx context.Context, swarmManager *engine.Client) (engine.Swarm, error) {
	info, err := swarmManager.Info(ctx)
	if err != nil {
		return engine.Swarm{}, err
	}
	return asSwarm(info, swarmManager)
}

// asSwarm returns the cluster that a Swarm manager has answered for.
func asSwarm(info engine.Info, swarmManager *engine.Client) (engine.Swarm, error) {
	if info.Swarm == nil {
		return engine.Swarm{}, lang.Errorf("%v answers as the engine of %s, not as a Swarm manager", swarmManager, info.Name)
	}
	return *info.Swarm, nil
}

// checkHealthy returns nil if the Swarm manager lists a host, by its name, at its
// address, as Healthy.
func checkHealthy(s engine.Swarm, h harness.Host) error {
	if m, ok := s.At(h); ok {
		switch {
		case m.Status == "":
			return lang.Errorf("Swarm older than 1.1 does not tell how %s is", h.Name)
		case m.Status != engine.Healthy:
			return lang.Errorf("the manager lists %s as %s%s", h.Name, m.Status, afterColon(m.Error))
		case m.Name != h.Name:
			return lang.Errorf("the manager lists %s at %s, not %s there", m.Name, m.Address(), h.Name)
		}
		return nil
	}
	return lang.Errorf("the manager does not list %s", h.Name)
}

func afterColon(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}
