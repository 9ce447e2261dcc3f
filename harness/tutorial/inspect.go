package tutorial

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
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
	Seen    string        `json:"seen"` // what was found, or what lacks, in a line

	text lang.Text
}

// In is Seen in a language.
func (p StageProgress) In(l lang.Language) string { return p.text.In(l) }

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
	Gossip []engine.Peer `json:"gossip,omitempty"`
	// Problems are what could not be found out, or is not as the page has it.
	Problems []string `json:"problems,omitempty"`

	errs []error // the same
}

// ProblemsIn are the Problems in a language.
func (p HostProgress) ProblemsIn(l lang.Language) []string {
	var all []string
	for _, err := range p.errs {
		all = append(all, l.Error(err))
	}
	return all
}

// lookup is how long an answer is waited for.
const lookup = 2 * time.Second

// Inspect finds out how far the tutorial has come and changes nothing. A host
// that does not answer is part of what it finds.
func Inspect(ctx context.Context, c *engine.Cluster) Progress {
	ctx, cancel := harness.WithLimit(ctx, lookup)
	defer cancel()
	s := survey{ctx: ctx, cluster: c, topology: c.Topology()}
	s.look()
	p := Progress{Stages: s.stages(), Hosts: s.hosts}
	for _, stage := range p.Stages {
		if !stage.Reached {
			break
		}
		p.Stage = stage.Stage
	}
	return p
}

// survey is what an Inspect has found out so far.
type survey struct {
	ctx      context.Context
	cluster  *engine.Cluster
	topology harness.Topology

	hosts     []HostProgress
	consulErr error  // why Consul is not as the page has it
	leader    string // Consul's
	swarm     engine.Swarm
	swarmErr  error
}

func (s *survey) look() {
	hosts := s.topology.Hosts()
	s.hosts = make([]HostProgress, len(hosts))
	var group sync.WaitGroup
	group.Go(func() { s.leader, s.consulErr = s.cluster.Consul().Leader(s.ctx) })
	group.Go(func() { s.swarm, s.swarmErr = swarmOf(s.ctx, s.cluster) })
	for i, h := range hosts {
		s.hosts[i] = HostProgress{Host: h, Role: "member"}
		group.Go(func() { s.host(&s.hosts[i]) })
	}
	group.Wait()
	s.hosts[0].Role = "manager"
	for i, h := range hosts {
		s.member(&s.hosts[i], h)
	}
}

// host asks one host's engine. The engine is asked for itself first: where it
// does not answer, nothing else is worth waiting for.
func (s *survey) host(p *HostProgress) {
	info, err := s.cluster.Engine(p.Host.Name).Info(s.ctx)
	if err != nil {
		p.problem(err)
		return
	}
	p.Engine = &info
	var network engine.Network
	var networkErr, gossipErr error
	var containers []error
	var group sync.WaitGroup
	group.Go(func() { containers = s.containers(p) })
	group.Go(func() { network, networkErr = s.cluster.Engine(p.Host.Name).Network(s.ctx, s.topology.Network) })
	group.Go(func() { p.Gossip, gossipErr = engine.Gossip(s.ctx, s.cluster.Node(p.Host.Name)) })
	group.Wait()
	p.NetworkID, p.Driver = network.ID, network.Driver
	for _, err := range append(containers, networkErr, gossipErr) {
		p.problem(err)
	}
}

// problem notes an error that says more than that a step was not done yet.
func (p *HostProgress) problem(err error) {
	notYet := errors.Is(err, engine.ErrNotFound) || errors.Is(err, errNoContainer) ||
		p.Engine != nil && errors.Is(err, engine.ErrRefused)
	if err != nil && !notYet {
		p.Problems, p.errs = append(p.Problems, err.Error()), append(p.errs, err)
	}
}

// containers finds the tutorial's containers of a host.
func (s *survey) containers(p *HostProgress) []error {
	var errs []error
	for _, service := range servicesOn(s.topology, p.Host.Name) {
		found, err := service.findContainer(s.ctx, s.cluster)
		if err == nil {
			p.Containers = append(p.Containers, found)
			err = service.checkRunning(found)
		}
		errs = append(errs, err)
	}
	return errs
}

// member finds a host in the Swarm manager's list.
func (s *survey) member(p *HostProgress, h harness.Host) {
	for _, m := range s.swarm.Members {
		if m.Addr == h.Engine() {
			p.Member = &m
		}
	}
}

func (s *survey) stages() []StageProgress {
	var stages []StageProgress
	stage := func(reached harness.Stage, lacks error, seen lang.Text) {
		if lacks != nil {
			seen = lang.Textf("%s", lacks)
		}
		stages = append(stages, StageProgress{reached, lacks == nil, seen.String(), seen})
	}
	stage(harness.StageEngines, s.silent(), lang.Textf("%d engines answer", len(s.hosts)))
	stage(harness.StageConsul, s.consulErr, lang.Textf("its leader is %s", s.leader))
	stage(harness.StageManager, s.swarmErr, lang.Textf("%s, strategy %s", s.role(), s.swarm.Strategy))
	stage(harness.StageJoined, s.unhealthy(), lang.Textf("%d members Healthy", len(s.topology.Members)))
	stage(harness.StageNetwork, s.disconnected(), lang.Textf("%s is on every engine, and every engine has every other in its gossip", s.topology.Network))
	return stages
}

// role is the manager's among its replicas.
func (s *survey) role() lang.Text {
	switch {
	case s.swarm.Role == engine.Replica:
		return lang.Textf("%s of %s", s.swarm.Role, s.swarm.Primary)
	case s.topology.Replicas > 0:
		return lang.Textf("%s, replicas on %d more hosts", s.swarm.Role, s.topology.Replicas)
	}
	return lang.Verbatim(s.swarm.Role)
}

// silent names the hosts whose engine does not answer.
func (s *survey) silent() error {
	return s.lack(lang.Text{EN: "does not answer"}, func(p HostProgress) bool { return p.Engine == nil })
}

func (s *survey) unhealthy() error {
	if s.swarmErr != nil {
		return lang.Errorf("there is no manager to ask")
	}
	var lacks error
	for _, h := range s.topology.Members {
		switch err := checkHealthy(s.swarm, h); {
		case lacks == nil:
			lacks = err
		case err != nil:
			lacks = lang.Errorf("%w; %w", lacks, err)
		}
	}
	return lacks
}

// disconnected says where the network, or what it needs to carry traffic, lacks.
func (s *survey) disconnected() error {
	network := networkPart{s.topology}
	if err := s.lack(lang.Textf("does not have %s", s.topology.Network), func(p HostProgress) bool { return p.NetworkID == "" }); err != nil {
		return err
	}
	for _, p := range s.hosts {
		n := engine.Network{ID: p.NetworkID, Name: s.topology.Network, Driver: p.Driver}
		if err := network.checkNetwork(p.Host, n, s.hosts[0].NetworkID); err != nil {
			return err
		}
	}
	for _, p := range s.hosts {
		if err := knowsAll(p.Host, p.Gossip, s.topology.Hosts()); err != nil {
			return err
		}
	}
	return nil
}

// lack names the hosts of which something is true that should not be.
func (s *survey) lack(what lang.Text, holds func(HostProgress) bool) error {
	var names []string
	for _, p := range s.hosts {
		if holds(p) {
			names = append(names, p.Host.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return lang.Errorf("%s: %s", strings.Join(names, ", "), what)
}
