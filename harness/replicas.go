package harness

import (
	"fmt"
	"net/netip"
	"slices"
)

// consulServers is how many Consul servers a cluster with replicas has: the least
// number that tolerates the loss of one.
const consulServers = 3

// Replicated returns the members that run a Swarm manager, too.
func (t Topology) Replicated() []Host {
	if len(t.ReplicasOn) == 0 {
		return t.Members[:min(t.Replicas, len(t.Members))]
	}
	isElsewhere := func(h Host) bool { return !slices.Contains(t.ReplicasOn, h.Name) }
	return slices.DeleteFunc(slices.Clone(t.Members), isElsewhere)
}

// Managers returns the hosts that run a Swarm manager, the manager first.
func (t Topology) Managers() []Host { return append([]Host{t.Manager}, t.Replicated()...) }

// ConsulServers returns the hosts that run a Consul server: the manager, and with
// replicas also the first members, if there are enough of them for a quorum that
// tolerates the loss of one.
func (t Topology) ConsulServers() []Host {
	hosts := t.Hosts()
	if t.Replicas == 0 || t.OneConsul || len(hosts) < consulServers {
		return hosts[:1]
	}
	return hosts[:consulServers]
}

// ConsulOf returns the host whose Consul a host's Swarm containers use: its own if
// it has one. The other hosts take turns with the servers that are not the
// manager's, so that they do not depend on the manager.
func (t Topology) ConsulOf(h Host) Host {
	servers := t.ConsulServers()
	at := slices.IndexFunc(t.Hosts(), func(other Host) bool { return other.Name == h.Name })
	switch {
	case len(servers) == 1 || at < 0:
		return t.Manager
	case at < len(servers):
		return servers[at]
	}
	return servers[1+(at-len(servers))%(len(servers)-1)]
}

// SwarmOf returns the address on which a host's Swarm manager listens, if it has one.
func (t Topology) SwarmOf(h Host) netip.AddrPort {
	return netip.AddrPortFrom(h.Addr, t.Swarm().Port())
}

// KeysOf returns where in Consul a key of Swarm's is that has a path of its own in the
// page: docker/swarm/nodes/
func (t Topology) KeysOf(path string) string { return under(t.DiscoveryPath, path) }

// EngineKeysOf is KeysOf of the engines.
func (t Topology) EngineKeysOf(path string) string { return under(t.StorePath, path) }

func under(root, path string) string {
	if root == "" {
		return path
	}
	return root + "/" + path
}

// DiscoveryOf returns the address of the discovery backend as an argument of a
// host's Swarm containers: consul://192.168.33.20:8500/
func (t Topology) DiscoveryOf(h Host) string {
	return fmt.Sprintf("consul://%s/%s", netip.AddrPortFrom(t.ConsulOf(h).Addr, t.Consul().Port()), t.DiscoveryPath)
}
