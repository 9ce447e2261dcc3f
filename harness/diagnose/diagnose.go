// Package diagnose finds out why a cluster is not as the tutorial promises, from
// what a survey says of it: layer by layer, each judged only if those below it
// hold. It names a cause once, however many claims are false because of it.
package diagnose

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
)

// Options say what a diagnosis is about.
type Options struct {
	Lang lang.Language
	// Failed are the scenarios that failed. Findings are then the causes of those,
	// and what none explains is a finding of its own, with the code unexplained. If
	// it is nil they explain those of Claims that rest on what is broken.
	Failed []harness.Scenario
	// Claims are the scenarios of the features. The @needs tags of a scenario, here
	// and in Failed, say what its claim rests on.
	Claims []harness.Scenario
	// Injected lists the faults in force that labcheck has injected into the lab. It is
	// called if a cause is found. Revert returns the command that reverts a fault. A cluster
	// that is not a lab has neither.
	Injected func() []harness.Fault
	Revert   func(harness.Fault) string
	// OutOfBand is the survey's.
	OutOfBand bool
	// Workload says that containers may be started on the overlay network to
	// try it by packet. They are removed again. Without it nothing is changed.
	Workload bool
}

// Result is what a diagnosis came to. Durations are in nanoseconds.
type Result struct {
	// Findings are the causes, the most fundamental first.
	Findings []harness.Finding `json:"findings"`
	// Held is what was asked and was right, layer by layer.
	Held []string `json:"held"`
	// NotAsked is what could not be asked, because something below is broken or
	// no answer came in time.
	NotAsked []string `json:"not_asked,omitempty"`
	// Patience is the survey's.
	Patience float64       `json:"patience"`
	Duration time.Duration `json:"duration_ns"`
}

// Run surveys a cluster, which takes as long as survey.Look says, and diagnoses
// what it finds. If nothing is wrong and Options.Workload allows it, it tries the
// network by packet.
func Run(ctx context.Context, c *engine.Cluster, o Options) Result {
	start := time.Now()
	d := newDiagnosis(survey.Look(ctx, c, surveyOptions(c.Topology(), o)), o)
	d.checkLayers()
	if o.Workload && len(d.found) == 0 {
		d.traffic(ctx, c)
	}
	r := d.makeResult()
	r.Duration = time.Since(start)
	return r
}

// surveyOptions returns what a diagnosis wants to know of a cluster.
func surveyOptions(t harness.Topology, o Options) survey.Options {
	var suspects []string
	for _, s := range o.Failed {
		suspects = append(suspects, s.Hosts...)
	}
	return survey.Options{
		OutOfBand: o.OutOfBand, Images: []string{consulImage, swarmImage}, Suspects: suspects,
		Relevant: func(c engine.Container) bool { return isRelevant(c, t) },
	}
}

// isRelevant reports whether a container could be the tutorial's, whatever its
// image is called by now, or stand in its place.
func isRelevant(c engine.Container, t harness.Topology) bool {
	call, _ := tutorial.CallOf(c)
	isSwarm := strings.Contains(c.Image, swarmImage) || call.Command == "manage" || call.Command == "join"
	onNetwork := func(n engine.Attachment) bool { return n.Network == t.Network }
	return isSwarm || strings.Contains(c.Image, "consul") || strings.HasPrefix(c.Command, "/bin/start") ||
		!c.Running && slices.ContainsFunc(c.Networks, onNetwork) || // it may be one that can't be attached
		survey.Publishes(c, t.Consul().Port()) || survey.Publishes(c, t.Swarm().Port())
}

// layer is what is judged of a cluster at once.
type layer struct {
	// right is what is said if nothing is found. A layer without it is not told of.
	right lang.Text
	// check reports causes, and whether the layer could be judged.
	check func(*diagnosis) (judged bool)
}

// layersOf returns the layers of a cluster, from the bottom up.
func layersOf(t harness.Topology) []layer {
	var servers, replicas []layer
	if len(t.ConsulServers()) > 1 {
		servers = []layer{{lang.Text{EN: "every Consul server runs"}, checkServers}}
	}
	if len(t.Replicated()) > 0 {
		replicas = []layer{{lang.Text{EN: "every replica of the Swarm manager runs, and one is primary"}, checkReplicas}}
	}
	all := []layer{
		{lang.Text{EN: "every host can be reached, and every engine answers as itself"}, checkHosts},
		{lang.Text{EN: "Consul answers and has a leader"}, checkConsul},
	}
	all = append(all, servers...)
	all = append(all,
		layer{lang.Text{EN: "every host reaches Consul"}, checkWayToConsul},
		layer{check: checkHanging},
		layer{check: checkContainersWay},
		layer{lang.Text{EN: "every engine has the cluster store, advertises its own address and has room"}, checkSettings},
		layer{check: noteUnsaid},
		layer{lang.Text{EN: "the Swarm manager answers and spreads"}, checkManager},
	)
	all = append(all, replicas...)
	return append(all,
		layer{lang.Text{EN: "every member's join container runs as the page has it"}, checkJoins},
		layer{lang.Text{EN: "every member's key is in Consul, and nobody else's"}, checkKeys},
		layer{lang.Text{EN: "the manager lists every member as Healthy"}, checkMembers},
		layer{lang.Textf("%s is one overlay network on every engine", t.Network), checkNetwork},
		layer{check: checkAttaching},
		layer{lang.Text{EN: "every engine is registered with Consul"}, checkRegistrations},
		layer{lang.Text{EN: "every engine knows every other by gossip, and nothing stops their packets"}, checkGossip},
		layer{lang.Textf("every engine received the endpoint events of the containers on %s on other hosts", t.Network), checkNeighbours},
	)
}

// diagnosis is what was made of a survey so far.
type diagnosis struct {
	Options
	state    survey.State
	topology harness.Topology
	found    []*finding
	held     []string
	notAsked []string
	injected func() []harness.Fault // Options.Injected, which is called once
}

func newDiagnosis(s survey.State, o Options) *diagnosis {
	return &diagnosis{Options: o, state: s, topology: s.Topology, injected: sync.OnceValue(o.Injected)}
}

func (d *diagnosis) checkLayers() {
	for _, l := range layersOf(d.topology) {
		before := len(d.found)
		judged := l.check(d)
		d.found = mergeSame(d.found)
		if !l.right.Equal(lang.Text{}) {
			d.noteLayer(l.right, judged, len(d.found) == before)
		}
	}
}

// noteLayer tells of a layer that could not be judged, or in which nothing was found.
func (d *diagnosis) noteLayer(right lang.Text, judged, holds bool) {
	switch {
	case !judged:
		d.notAsked = append(d.notAsked, d.Lang.Say("%s: %s", right.In(d.Lang), whyNotAsked(d)))
	case holds:
		d.held = append(d.held, right.In(d.Lang))
	}
}

// whyNotAsked returns why a layer could not be judged.
func whyNotAsked(d *diagnosis) string {
	err := lacksAnswer(d.state)
	switch {
	case len(d.found) > 0:
		return d.Lang.Say("what was found is to be fixed first")
	case err != nil:
		return d.Lang.Error(survey.KindOf(err))
	}
	return d.Lang.Say("no answer in time")
}

func (d *diagnosis) makeResult() Result {
	r := Result{Findings: []harness.Finding{}, Held: d.held, NotAsked: d.notAsked, Patience: d.state.Patience}
	for _, f := range d.found {
		f.Explains = d.explained(f)
		d.findRevert(f)
	}
	rest := d.unexplained()
	for _, f := range d.found {
		// If every false claim has its cause, another one is none of theirs:
		// that of a tutorial which stopped half-way lacks all that would follow.
		if d.Failed == nil || len(rest) > 0 || len(f.Explains) > 0 {
			r.Findings = append(r.Findings, f.Finding)
		}
	}
	if len(rest) > 0 {
		r.Findings = append(r.Findings, d.noCause(rest))
	}
	return r
}
