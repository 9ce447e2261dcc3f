package diagnose

import (
	"cmp"
	"slices"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
)

// seenRight says of the kinds that a survey sees itself how it sees that a host's
// part, or the cluster's, is right. What rests on a part of another kind may work
// or not: only its cause can tell.
var seenRight = map[kind]func(*diagnosis, *survey.Host) bool{
	consulKind:     func(d *diagnosis, _ *survey.Host) bool { return d.state.Leader != "" },
	managerKind:    func(d *diagnosis, _ *survey.Host) bool { return d.state.Swarm != nil },
	strategyKind:   isSpreading,
	listKind:       listsMembersOnly,
	memberKind:     listsHealthy,
	keyKind:        hasKey,
	registeredKind: isRegistered,
	networkKind:    hasOnlyNetwork,
	gossipKind:     knowsAll,
}

// isSeenRight reports whether the survey has seen itself that a part is right.
func (d *diagnosis) isSeenRight(p part) bool {
	look, seen := seenRight[p.what]
	host := cmp.Or(p.host, d.topology.Manager.Name)
	i := slices.IndexFunc(d.state.Hosts, func(h *survey.Host) bool { return h.Name == host })
	return seen && i >= 0 && look(d, d.state.Hosts[i])
}

func isSpreading(d *diagnosis, _ *survey.Host) bool {
	return d.state.Swarm != nil && d.state.Swarm.Strategy == "spread"
}

func hasKey(d *diagnosis, h *survey.Host) bool {
	entry, there := keyOf(d, h.Host)
	return there && tutorial.Names(entry.Value, h.Host)
}

func listsHealthy(d *diagnosis, h *survey.Host) bool {
	m, listed := d.state.Swarm.At(h.Host)
	return listed && m.Status == engine.Healthy && m.Name == h.Name
}

func listsMembersOnly(d *diagnosis, _ *survey.Host) bool {
	isMember := func(m engine.Member) bool {
		return slices.ContainsFunc(d.topology.Members, func(h harness.Host) bool { return m.IsAt(h) })
	}
	return d.state.Swarm != nil &&
		!slices.ContainsFunc(d.state.Swarm.Members, func(m engine.Member) bool { return !isMember(m) })
}

// hasOnlyNetwork reports whether a host's engine has the cluster's overlay network,
// and no other of its name.
func hasOnlyNetwork(d *diagnosis, h *survey.Host) bool {
	return len(h.Networks) == 1 && h.Networks[0].ID == commonNetwork(d.state.Hosts)
}

func knowsAll(d *diagnosis, h *survey.Host) bool {
	return len(engine.Lacking(h.Peers, d.topology.Hosts())) == 0
}
