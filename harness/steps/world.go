// Package steps says what the sentences of the features do.
package steps

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/cucumber/godog"
	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// World is what the scenarios of one run share: the cluster, the reader's
// terminal, and what the current scenario started. One scenario runs at a time.
type World struct {
	cluster *engine.Cluster
	lang    lang.Language
	waiting func(elapsed time.Duration, seen error)
	run     string // labels what this run starts

	patience *patience // nil: as long as the sentences say

	terminal *tutorial.Terminal
	last     harness.Result // what was typed last, and the answer
	page     *tutorial.Page
	beside   beside
	load     *workload
	hosts    harness.Faulter // nil where hosts can't be broken
	faulter  harness.Faulter // the same, and the containers on them
	trouble  trouble

	mu       sync.Mutex
	commands []harness.Result
}

// New makes a world on a cluster, which understands the sentences of one
// language and says in it what it finds. waiting is called, at most once a
// second, while a step waits for what is not so yet.
func New(cluster *engine.Cluster, l lang.Language, waiting func(elapsed time.Duration, seen error)) *World {
	return &World{
		cluster: cluster, lang: l, waiting: waiting, page: tutorial.Default(),
		run: strings.ToLower(rand.Text()[:12]), load: &workload{},
	}
}

// WithPage has the reader read another page than the default one.
func (w *World) WithPage(p *tutorial.Page) *World {
	if p != nil {
		w.page = p
	}
	return w
}

// Register tells godog what the sentences do.
func (w *World) Register(sc *godog.ScenarioContext) {
	for _, s := range w.sentences() {
		sc.Step(w.lang.Format(s.expr), s.do)
	}
}

// TakeCommands gives the commands that were run since it was last called.
func (w *World) TakeCommands() []harness.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := w.commands
	w.commands = nil
	return taken
}

func (w *World) record(r harness.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.commands = append(w.commands, r)
}

func (w *World) topology() harness.Topology { return w.cluster.Topology() }

// here writes a text of the features, which has the page's addresses, with
// those that the hosts have in this topology.
func (w *World) here(text string) string { return tutorial.Here(w.topology(), text) }

// await waits for a probe to succeed until ctx is done.
func (w *World) await(ctx context.Context, probe func(context.Context) error) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	start := time.Now()
	told := start
	return harness.Until(ctx, 200*time.Millisecond, func(ctx context.Context) error {
		err := probe(ctx)
		if errors.As(err, new(*harness.UnreachableError)) {
			giveUp(err) // what can't be asked does not come about by waiting
		}
		if err != nil && time.Since(told) >= time.Second {
			told = time.Now()
			w.waiting(time.Since(start), err)
		}
		return err
	})
}

// each does something with several hosts at once and collects what came of it
// in their order. It ends with the first error.
func each[T any](ctx context.Context, hosts []harness.Host, do func(context.Context, harness.Host) (T, error)) ([]T, error) {
	all := make([]T, len(hosts))
	g, ctx := errgroup.WithContext(ctx)
	for i, h := range hosts {
		g.Go(func() error {
			var err error
			all[i], err = do(ctx, h)
			return err
		})
	}
	return all, g.Wait()
}
