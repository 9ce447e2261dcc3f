package tutorial

import (
	"context"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// Step is a command of the page that changes the cluster, and what it brings
// about.
type Step struct {
	ID      string `json:"id"`   // consul, manager, join-frontend01, …, network
	Page    string `json:"page"` // the page's number for it
	Host    string `json:"host"` // the host that it changes
	Command string `json:"command"`

	part part
	// within is how long the step may take, pulling its image apart.
	within time.Duration
	phase  phase
}

// phase says which steps can go side by side: those of one phase, after those
// before it. All that is Swarm's needs Consul's leader: without one it would look
// again only after a minute (see startSwarm). The manager's Consul is the cluster
// store of all engines, which hang while it has no leader: where it is one of
// several servers, the others must be there before it. The page's manager is to be the first
// primary. The network needs the hosts in the manager's list.
type phase int

const (
	serversPhase phase = iota
	consulPhase
	swarmPhase
	replicasPhase
	networkPhase
)

// part is what a step brings about.
type part interface {
	// missing is nil where the step has nothing to do, and else says what
	// lacks; a *WrongError is what doing the step would not mend.
	missing(ctx context.Context, c *engine.Cluster) error
	// apply does what the command does, or what of it lacks, and says which.
	apply(ctx context.Context, c *engine.Cluster) (lang.Text, error)
	// working is missing once apply is done, looked at often.
	working(ctx context.Context, c *engine.Cluster) error
	// undo takes back what the command did; nothing there is no error.
	undo(ctx context.Context, c *engine.Cluster) error
}

// The steps' IDs; those of the joins are joinID's.
const (
	consulID  = "consul"
	managerID = "manager"
	networkID = "network"
)

func joinID(h harness.Host) string { return "join-" + h.Name }

// onHost is the ID of a step that the page does on the manager, for a host.
func onHost(id string, t harness.Topology, h harness.Host) string {
	if h.Name == t.Manager.Name {
		return id
	}
	return id + "-" + h.Name
}

// How long the steps may take. Consul's election takes 10 s with its defaults,
// and starting it 40 to 50 s where its engine dials it as it starts. A manager or a
// join that ran before Consul had a leader asks it again after 60 s (docker/swarm
// 1.2.9, cli/join.go; docker/docker, pkg/discovery/kv/kv.go, Watch). Engines
// look for one another every 20 s by default.
const (
	startConsul = 150 * time.Second
	startSwarm  = 90 * time.Second
	makeNetwork = 90 * time.Second
	pullImage   = 5 * time.Minute
)

// Steps are those commands of the page that change the cluster, in order, and
// the like for what a topology has beside the page.
func Steps(t harness.Topology) []Step {
	steps := map[string]Step{
		networkID: {Host: t.Manager.Name, within: makeNetwork, part: networkPart{t}, phase: networkPhase},
	}
	for i, h := range t.ConsulServers() {
		steps[onHost(consulID, t, h)] = Step{Host: h.Name, within: startConsul, part: consulPart(t, h), phase: consulPhase - min(phase(i), 1)}
	}
	for i, h := range t.Managers() {
		steps[onHost(managerID, t, h)] = Step{Host: h.Name, within: startSwarm, part: managerPart(t, h), phase: swarmPhase + min(phase(i), 1)}
	}
	for _, h := range t.Members {
		steps[joinID(h)] = Step{Host: h.Name, within: startSwarm, part: joinPart(t, h), phase: swarmPhase}
	}
	var ordered []Step
	for _, c := range Page(t) {
		if s, ok := steps[c.Step]; ok {
			s.ID, s.Page, s.Command = c.Step, c.Page, c.Text
			ordered = append(ordered, s)
		}
	}
	return ordered
}
