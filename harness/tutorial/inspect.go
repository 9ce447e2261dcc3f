package tutorial

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
)

// Progress is how far the tutorial has come on a cluster.
type Progress struct {
	// Stage is the last one reached with all before it.
	Stage  harness.Stage   `json:"stage"`
	Stages []StageProgress `json:"stages"`
	Hosts  []HostProgress  `json:"hosts"` // the manager first
}

// StageProgress is whether what a stage is about is there, whatever the stages
// before it.
type StageProgress struct {
	Stage   harness.Stage `json:"stage"`
	Reached bool          `json:"reached"`
	Seen    lang.Text     `json:"seen"` // what was found, or what lacks, in a line
}

// HostProgress is what of the tutorial is on one host.
type HostProgress struct {
	Host harness.Host `json:"host"`
	Role string       `json:"role"` // manager or member
	// Engine is what the host's engine says; nil where it does not answer.
	Engine *engine.Info `json:"engine,omitempty"`
	// Containers are those of the tutorial.
	Containers []engine.Container `json:"containers,omitempty"`
	// Member is the host in the Swarm manager's list; nil where it is not.
	Member *engine.Member `json:"member,omitempty"`
	// NetworkID and Driver are of the tutorial's network; empty where it lacks.
	NetworkID string `json:"network_id,omitempty"`
	Driver    string `json:"driver,omitempty"`
	// Gossip are the peers that the engine has, itself too.
	Gossip          []engine.Peer `json:"gossip,omitempty"`
	networksUnasked bool          // what it has of networks is not known
	// Problems are what could not be found out, or is not as the page has it.
	Problems []lang.Text `json:"problems,omitempty"`
}

// AlivePeers returns how many engines are alive in the gossip of the host's engine.
func (p HostProgress) AlivePeers() int {
	alive := 0
	for _, peer := range p.Gossip {
		if peer.State == engine.PeerAlive {
			alive++
		}
	}
	return alive
}

// Inspect finds out how far the tutorial has come and changes nothing. A host
// that does not answer is part of what it finds.
func Inspect(ctx context.Context, c *engine.Cluster) Progress {
	t := c.Topology()
	services := servicesIn(t)
	all := slices.Concat(slices.Collect(maps.Values(services))...)
	isRelevant := func(listed engine.Container) bool {
		return slices.ContainsFunc(all, func(s Service) bool { return s.isCandidate(listed) })
	}
	i := inspection{state: survey.Glance(ctx, c, survey.Options{Relevant: isRelevant}), topology: t, services: services}
	i.swarm, i.swarmErr = swarmIn(i.state, c)
	for _, h := range i.state.Hosts {
		i.hosts = append(i.hosts, i.progressOf(h))
	}
	i.hosts[0].Role = "manager"
	p := Progress{Stages: i.stages(), Hosts: i.hosts}
	for _, stage := range p.Stages {
		if !stage.Reached {
			break
		}
		p.Stage = stage.Stage
	}
	return p
}

// inspection is what an Inspect makes of a survey.
type inspection struct {
	state    survey.State
	topology harness.Topology
	services map[string][]Service // by host
	hosts    []HostProgress
	swarm    engine.Swarm
	swarmErr error
}

// swarmIn returns what the Swarm manager has said of its cluster.
func swarmIn(s survey.State, c *engine.Cluster) (engine.Swarm, error) {
	if err := s.SwarmError.Err; err != nil {
		return engine.Swarm{}, err
	}
	return asSwarm(engine.Info{Name: s.SwarmName, Swarm: s.Swarm}, c.Swarm())
}

// progressOf returns what of the tutorial is on a host.
func (i *inspection) progressOf(h *survey.Host) HostProgress {
	p := HostProgress{Host: h.Host, Role: "member", Gossip: h.Peers}
	if m, ok := i.swarm.At(h.Host); ok {
		p.Member = &m
	}
	if err := h.InfoError.Err; err != nil {
		p.problem(err)
		return p
	}
	p.Engine = &h.Info
	if len(h.Networks) > 0 {
		p.NetworkID, p.Driver = h.Networks[0].ID, h.Networks[0].Driver
	}
	p.networksUnasked = h.NetworksError.Err != nil
	if h.ContainersError.Err == nil {
		i.findContainers(&p, h)
	}
	for _, failure := range []survey.Failure{h.ContainersError, h.NetworksError, h.GossipError} {
		p.problem(failure.Err)
	}
	return p
}

// findContainers finds the tutorial's containers of a host.
func (i *inspection) findContainers(p *HostProgress, h *survey.Host) {
	var all []engine.Container
	for _, c := range h.Containers {
		all = append(all, c.Container)
	}
	for _, s := range i.services[h.Name] {
		found, err := s.chooseContainer(all)
		if err == nil {
			p.Containers = append(p.Containers, found)
			err = s.checkRunning(found)
		}
		p.problem(err)
	}
}

// problem notes an error that says more than that a step was not done yet.
func (p *HostProgress) problem(err error) {
	notYet := errors.Is(err, engine.ErrNotFound) || errors.Is(err, errNoContainer) ||
		p.Engine != nil && errors.Is(err, engine.ErrRefused)
	if err != nil && !notYet {
		p.Problems = append(p.Problems, lang.Textf("%s", err))
	}
}

func (i *inspection) stages() []StageProgress {
	var stages []StageProgress
	stage := func(reached harness.Stage, lacks error, seen lang.Text) {
		if lacks != nil {
			seen = lang.Textf("%s", lacks)
		}
		stages = append(stages, StageProgress{reached, lacks == nil, seen})
	}
	stage(harness.StageEngines, i.silent(), lang.Textf("%d engines answer", len(i.hosts)))
	stage(harness.StageConsul, i.state.LeaderError.Err, lang.Textf("its leader is %s", i.state.Leader))
	stage(harness.StageManager, i.swarmErr, lang.Textf("%s, strategy %s", i.role(), i.swarm.Strategy))
	stage(harness.StageJoined, i.unhealthy(), lang.Textf("%d members Healthy", len(i.topology.Members)))
	stage(harness.StageNetwork, i.disconnected(), lang.Textf("%s is on every engine, and every engine has every "+
		"other in its gossip", i.topology.Network))
	return stages
}

// role returns the manager's role among its replicas.
func (i *inspection) role() lang.Text {
	switch {
	case i.swarm.Role == engine.Replica:
		return lang.Textf("%s of %s", i.swarm.Role, i.swarm.Primary)
	case i.topology.Replicas > 0:
		return lang.Textf("%s, replicas on %d more hosts", i.swarm.Role, i.topology.Replicas)
	}
	return lang.Verbatim(i.swarm.Role)
}

// silent names the hosts whose engine does not answer.
func (i *inspection) silent() error {
	return i.lack(lang.Text{EN: "does not answer"}, func(p HostProgress) bool { return p.Engine == nil })
}

func (i *inspection) unhealthy() error {
	if i.swarmErr != nil {
		return lang.Errorf("there is no manager to ask")
	}
	var lacks error
	for _, h := range i.topology.Members {
		switch err := checkHealthy(i.swarm, h); {
		case lacks == nil:
			lacks = err
		case err != nil:
			lacks = lang.Errorf("%w; %w", lacks, err)
		}
	}
	return lacks
}

// disconnected says where the network, or what it needs to carry traffic, lacks.
func (i *inspection) disconnected() error {
	network := networkPart{i.topology}
	unasked := func(p HostProgress) bool { return p.networksUnasked }
	if err := i.lack(lang.Textf("could not be asked for %s", i.topology.Network), unasked); err != nil {
		return err
	}
	hasNone := func(p HostProgress) bool { return p.NetworkID == "" }
	if err := i.lack(lang.Textf("does not have %s", i.topology.Network), hasNone); err != nil {
		return err
	}
	var views [][]engine.Peer
	for _, p := range i.hosts {
		n := engine.Network{ID: p.NetworkID, Name: i.topology.Network, Driver: p.Driver}
		if err := network.checkNetwork(p.Host, n, i.hosts[0].NetworkID); err != nil {
			return err
		}
		views = append(views, p.Gossip)
	}
	return knowAll(views, i.topology.Hosts())
}

// lack names the hosts of which something is true that should not be.
func (i *inspection) lack(what lang.Text, holds func(HostProgress) bool) error {
	var names []string
	for _, p := range i.hosts {
		if holds(p) {
			names = append(names, p.Host.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return lang.Errorf("%s: %s", strings.Join(names, ", "), what)
}
