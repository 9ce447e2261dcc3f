package suite

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/cucumber/godog"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/steps"
	"labcheck/harness/tutorial"
)

// ErrNothingChecked is what Run returns where every scenario was skipped.
var ErrNothingChecked = lang.Errorf("nothing was checked: every scenario was skipped")

// stepTimeout ends a step which has no shorter deadline of its own.
const stepTimeout = 2 * time.Minute

// cleanupTimeout is how long a scenario's containers may take to go.
const cleanupTimeout = 20 * time.Second

// mendTimeout is the same where hosts must be mended first: to start Consul
// again alone may take 40 s.
const mendTimeout = 90 * time.Second

// Options say what to run, and on what.
type Options struct {
	Features fs.FS
	// Lang is the language of the scenarios, a folder of Features, and of all
	// that is said of them.
	Lang lang.Language
	// Tags is an expression in Cucumber's form or in godog's; all scenarios where it is empty.
	Tags    string
	Cluster *engine.Cluster
	// Page is the one that the scenarios are of; the tutorial's default page if it
	// is nil.
	Page *tutorial.Page
	// Faulter breaks the hosts of a lab for the scenarios that are tagged so; where it is
	// nil they are skipped.
	Faulter harness.Faulter
	// Fresh says that the cluster is a lab with no tutorial step done. On any
	// other, what performs the tutorial is skipped.
	Fresh bool
	// NoWorkload says that no containers may be started: what does that is skipped.
	NoWorkload bool
	// Patience is how long the run may wait, in all, for what is not so yet;
	// where it is nil, as long as the scenarios say.
	Patience *time.Duration
	// Progress may be nil.
	Progress func(Event)
	// featureEnded is called after a feature's last scenario, unless the run was
	// interrupted; isLast says that no scenario follows. It may be nil.
	featureEnded func(ctx context.Context, feature string, isLast bool)
}

// Run runs the chosen scenarios one after another and returns what came of
// each of them, in their order, also with an error: that of the tags, ErrNothingChecked,
// or the cause of ctx's end. A false claim is not an error.
func Run(ctx context.Context, o Options) ([]harness.Scenario, error) {
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	r := &run{Options: o}
	w := steps.New(o.Cluster, o.Lang, r.sendWaiting).WithPage(o.Page).WithFaults(o.Faulter)
	if o.Patience != nil {
		w.LimitWaits(*o.Patience)
	}
	return r.runChosen(ctx, w)
}

// world is what the scenarios share: steps.World, and another one in tests.
type world interface {
	Register(*godog.ScenarioContext)
	// Begin says of the scenario that begins whether it changes what it waits for, and
	// whether it changes nothing.
	Begin(changesCluster, onlyLooks bool)
	// TakeStep gives the commands that were run since it was last called, and the
	// comparison that was made, or nil.
	TakeStep() ([]harness.Result, *harness.Comparison)
	// CleanUp removes what the scenario made.
	CleanUp(context.Context) error
	// ClusterTopology gives the hosts that the claims are about.
	ClusterTopology() harness.Topology
	// Here writes a text of the page with the addresses of the cluster.
	Here(text string) string
}

func (r *run) runChosen(ctx context.Context, w world) ([]harness.Scenario, error) {
	r.ctx, r.world, r.hosts = ctx, w, w.ClusterTopology()
	edition, err := openEdition(r.Features, r.Lang)
	if err == nil && !edition.own && !r.hosts.IsTutorial() {
		edition, err = edition.adaptTo(r.hosts)
	}
	if err != nil {
		return nil, err
	}
	every, err := edition.load()
	if err != nil {
		return nil, err
	}
	if r.chosen, err = chooseScenarios(every, r.Tags); err != nil {
		return nil, err
	}
	o := edition.options()
	o.Strict, o.NoColors, o.Concurrency = true, true, 1
	o.Format, o.Output, o.DefaultContext = "progress", io.Discard, ctx
	code := godog.TestSuite{Name: "labcheck", ScenarioInitializer: r.registerHooks, Options: o}.Run()
	return r.done, r.checkCounts(code)
}

// checkCounts doubts: what was recorded must be what godog ran.
func (r *run) checkCounts(code int) error {
	counts := harness.Count(r.done)
	switch {
	case len(r.done) != len(r.chosen):
		return fmt.Errorf("%d scenarios were chosen and %d ran (godog: exit code %d)", len(r.chosen), len(r.done), code)
	case r.ctx.Err() != nil:
		return context.Cause(r.ctx)
	case (code == 0) != (counts.Failed == 0 && !r.unasked):
		return fmt.Errorf("%d scenarios failed, but godog's exit code is %d", counts.Failed, code)
	case r.busy == nil && counts.Passed+counts.Failed == 0:
		return ErrNothingChecked
	}
	return r.busy
}
