// Package steps says what the sentences of the features do.
package steps

import (
	"context"
	"errors"
	"regexp"
	"time"

	"github.com/cucumber/godog"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
	"labcheck/harness/workload"
)

// sentence is a sentence of the features and what it does: a regular expression,
// whose translation has the same groups in the same order. The addresses in it
// are those of the page.
type sentence struct {
	expr string
	do   any // a function that takes the groups, and a doc string or table
}

// World is what the scenarios of one run share: a type for each subject of their
// sentences. One scenario runs at a time.
type World struct {
	scenario *scenario
	patterns []pattern // of all sentences
	reader   *reader
	engines  *engines
	faults   *faults
	joins    *joins
	replicas *replicas
}

// New makes a world on a cluster, which understands the sentences of one
// language and says in it what it finds. waiting is called, at most once a
// second, while a step waits for a condition that is not met yet.
func New(cluster *engine.Cluster, l lang.Language, waiting func(elapsed time.Duration, seen error)) *World {
	s := &scenario{cluster: cluster, lang: l, waiting: waiting, page: tutorial.Default()}
	s.load = workload.New(cluster, s.waitFor)
	containers, members := &containers{s}, &members{s}
	reader := &reader{scenario: s, containers: containers}
	faults := &faults{scenario: s, members: members}
	joins := &joins{scenario: s, containers: containers, members: members}
	replicas := &replicas{scenario: s, faults: faults}
	engines := &engines{scenario: s}
	w := &World{scenario: s, engines: engines, reader: reader, faults: faults, joins: joins, replicas: replicas}
	for _, subject := range []interface{ sentences() []sentence }{
		reader, containers, &discovery{s}, engines, members, &networks{s}, &workloads{scenario: s},
		faults, joins, replicas,
	} {
		for _, sentence := range subject.sentences() {
			w.patterns = append(w.patterns, pattern{sentence, regexp.MustCompile(l.Format(sentence.expr))})
		}
	}
	return w
}

// pattern is a sentence in the language of a world.
type pattern struct {
	sentence
	compiled *regexp.Regexp
}

// Expressions returns the sentences that a world understands in a language.
func Expressions(l lang.Language) (all []*regexp.Regexp) {
	for _, p := range New(nil, l, nil).patterns {
		all = append(all, p.compiled)
	}
	return all
}

// WithPage has the reader read another page than the default one.
func (w *World) WithPage(p *tutorial.Page) *World {
	if p != nil {
		w.scenario.page = p
	}
	return w
}

// Register tells godog, before each scenario, what the sentences do.
func (w *World) Register(sc *godog.ScenarioContext) {
	for _, p := range w.patterns {
		sc.Step(p.compiled, p.do)
	}
}

// WithFaults lets sentences inject faults into the cluster's hosts.
func (w *World) WithFaults(f harness.Faulter) *World {
	if f != nil {
		w.faults.hosts = f
		w.faults.expectTopology(w.scenario.topology())
	}
	return w
}

// LimitWaits has all waits of the run together take at most that long, beside
// one look that each has in any case.
func (w *World) LimitWaits(total time.Duration) { w.scenario.patience = &patience{left: total} }

// Begin says what the scenario that begins does. If it changes what it waits for itself,
// LimitWaits does not limit that. If it only looks, what engines say of themselves is kept
// for a few seconds, for the scenarios that follow.
func (w *World) Begin(changesCluster, onlyLooks bool) {
	if w.scenario.patience != nil {
		w.scenario.patience.inProgress = changesCluster
	}
	w.engines.keepAnswers(onlyLooks)
}

// TakeStep gives the commands that were run since it was last called, and the comparison
// that was made, or nil.
func (w *World) TakeStep() ([]harness.Result, *harness.Comparison) {
	return w.scenario.takeCommands(), w.reader.takeComparison()
}

// ClusterTopology gives the hosts that the claims are about.
func (w *World) ClusterTopology() harness.Topology { return w.scenario.topology() }

// Here writes a text of the page with the addresses of the cluster.
func (w *World) Here(text string) string { return w.scenario.here(text) }

// CleanUp reverts the faults that the scenario injected, removes what it started
// and, of runs that crashed, what ended by itself.
func (w *World) CleanUp(ctx context.Context) error {
	err := errors.Join(w.faults.revertAll(ctx), w.joins.restoreAll(ctx))
	w.replicas.restorePage()
	w.faults.trouble = trouble{}
	return errors.Join(err, w.scenario.load.Remove(ctx))
}
