// Package diagnose finds out why a cluster is not as the tutorial promises: it
// asks layer by layer, each only where those below it hold, and names the cause
// once, however many claims are false because of it.
package diagnose

import (
	"context"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// Options say what a diagnosis is about.
type Options struct {
	Lang lang.Language
	// Failed are the scenarios that failed. Findings are then the causes of those,
	// and what none explains is a finding of its own, with the code unexplained.
	// Where it is nil they explain those of Claims that rest on what is broken.
	Failed []harness.Scenario
	// Claims are the scenarios of the features. The @needs tags of a scenario, here
	// and in Failed, say what its claim rests on.
	Claims []harness.Scenario
	// OutOfBand says that commands reach hosts by another way than their engines
	// are asked, as by ssh: that none can be run says nothing of the host then. A
	// lab's does not run where none can be.
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
	// Patience is how many times longer than where machines are idle answers were
	// waited for, 1 to 4.
	Patience float64       `json:"patience"`
	Duration time.Duration `json:"duration_ns"`
}

// Run looks for what is wrong with a cluster. It always comes to an end within
// some 5 s, and an answer that does not come is part of what it finds. Where a
// command on a host hangs it takes some 5 s more, and as many where hosts are
// reached out of band and not all let in. Where all engines are slow, their
// machine being busy, it waits up to four times as long.
func Run(ctx context.Context, c *engine.Cluster, o Options) Result {
	start := time.Now()
	d := &diagnosis{Options: o, topology: c.Topology(), facts: newFacts(c, o.OutOfBand)}
	d.facts.askHosts(ctx)
	d.hosts()
	d.facts.askServices(ctx)
	d.consul()
	d.hung()
	d.settings()
	d.manager()
	d.replicas()
	d.joins()
	d.members()
	d.network()
	d.gossip()
	if o.Workload && len(d.found) == 0 {
		d.traffic(ctx, c)
	}
	r := d.result()
	r.Patience, r.Duration = d.facts.patience, time.Since(start)
	return r
}

// diagnosis is what was asked and what was made of it so far.
type diagnosis struct {
	Options
	topology harness.Topology
	facts    *facts
	found    []*finding
	held     []string
	notAsked []string
}

// asked notes that a layer was asked, or was not, and whether it is right.
func (d *diagnosis) asked(before int, could bool, format string, args ...any) {
	what := d.Lang.Say(format, args...)
	switch {
	case !could:
		d.notAsked = append(d.notAsked, what)
	case len(d.found) == before:
		d.held = append(d.held, what)
	}
}

func (d *diagnosis) result() Result {
	r := Result{Findings: []harness.Finding{}, Held: d.held, NotAsked: d.notAsked}
	for _, f := range d.found {
		f.Explains = d.explained(f)
	}
	rest := d.unexplained()
	for _, f := range d.found {
		// Where every false claim has its cause, another one is none of theirs:
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
