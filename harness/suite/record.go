package suite

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cucumber/godog"

	"labcheck/harness"
)

// run is a run as it goes. godog calls its hooks, all from one goroutine.
type run struct {
	Options
	ctx    context.Context // the run's; steps get theirs from godog
	world  world
	hosts  harness.Topology // those that the claims are about
	chosen []Scenario
	done   []harness.Scenario

	now     *harness.Scenario // nil between scenarios
	source  Scenario          // of now
	stopped string            // the id of the @tutorial scenario that failed
	unasked bool              // a scenario ended at what could not be asked
	busy    error             // why others were not tried: another run has its turn
	feature time.Time         // when the first scenario of the feature began; zero if none did
	step    stepRun
}

// stepRun is the step that runs.
type stepRun struct {
	index  int
	start  time.Time
	cancel context.CancelFunc
	ctx    context.Context // what the next step starts from
}

// registerHooks tells godog, before each scenario, what to call. Sentences are registered
// only for a scenario that runs. Most of the others were not chosen, and to match their
// steps would take time.
func (r *run) registerHooks(sc *godog.ScenarioContext) {
	sc.Before(func(ctx context.Context, p *godog.Scenario) (context.Context, error) {
		if len(r.done) == len(r.chosen) || r.chosen[len(r.done)].pickle != p.Id || !r.beginScenario() {
			return ctx, godog.ErrSkip
		}
		r.world.Register(sc)
		return ctx, nil
	})
	sc.After(r.afterScenario)
	sc.StepContext().Before(r.beforeStep)
	sc.StepContext().After(r.afterStep)
}

// beginScenario begins the next chosen scenario. It returns false if that is skipped.
func (r *run) beginScenario() bool {
	r.source = r.chosen[len(r.done)]
	s := newEvidence(r.source)
	s.Start = time.Now()
	r.moveHere(&s)
	if s.Reason = r.whySkip(); s.Reason != "" {
		r.endScenario(&s)
		return false
	}
	r.now = &s
	if r.feature.IsZero() {
		r.feature = s.Start
	}
	r.world.Begin(r.source.BreaksHosts(), r.source.Has(TagVerify))
	r.sendEvent(Event{Kind: ScenarioStarted})
	return true
}

// newEvidence returns the evidence of a scenario that has not begun.
func newEvidence(s Scenario) harness.Scenario {
	e := harness.Scenario{
		ID: s.ID, Name: s.Name, Feature: s.Feature, File: s.File, Line: s.Line, Tags: s.Tags,
		Status: harness.Skipped,
	}
	for _, st := range s.Steps {
		e.Steps = append(e.Steps, harness.Step{Keyword: st.Keyword, Text: st.Text, Line: st.Line, Status: harness.Skipped})
	}
	return e
}

// moveHere has a scenario name the addresses of the cluster, not those of the page.
func (r *run) moveHere(s *harness.Scenario) {
	s.Name = r.world.Here(s.Name)
	for i := range s.Steps {
		s.Steps[i].Text = r.world.Here(s.Steps[i].Text)
	}
}

// whySkip returns the empty string where the scenario is to be run.
func (r *run) whySkip() string {
	if r.ctx.Err() != nil {
		return r.whyInterrupted()
	}
	missing := r.source.missingHost(r.hosts)
	switch {
	case r.source.Has(TagWorkload) && r.NoWorkload:
		return r.Lang.Say("it starts containers, and the cluster is not a lab: --allow workload")
	case r.source.Has(TagTutorial) && !r.hosts.IsTutorial():
		return r.Lang.Say("it types the page's commands, which are for the page's hosts")
	case missing != "":
		return r.Lang.Say("the cluster has no %s", missing)
	case r.stopped != "":
		return r.Lang.Say("the tutorial stopped at %s", r.stopped)
	case r.source.Has(TagTutorial) && !r.Fresh:
		return r.Lang.Say("it performs the tutorial, which needs a new lab")
	case r.source.Has(TagReplicas) && r.Faulter != nil && !r.Fresh:
		return r.Lang.Say("it builds a cluster with replicas, which needs a new lab")
	case r.source.BreaksHosts() && r.Faulter == nil:
		return r.Lang.Say("it injects faults, which is possible in a lab only")
	}
	return ""
}

func (r *run) whyInterrupted() string {
	if errors.Is(r.ctx.Err(), context.DeadlineExceeded) {
		return r.Lang.Say("interrupted: the time limit was reached")
	}
	return r.Lang.Say("interrupted")
}

func (r *run) beforeStep(ctx context.Context, st *godog.Step) (context.Context, error) {
	if r.now == nil {
		return ctx, godog.ErrSkip // before godog tells that it has no such sentence
	}
	r.step = stepRun{index: r.stepIndex(st), start: time.Now(), ctx: ctx}
	ctx, r.step.cancel = harness.WithLimit(ctx, stepTimeout)
	return ctx, nil
}

func (r *run) stepIndex(st *godog.Step) int {
	i := slices.IndexFunc(r.source.Steps, func(s Step) bool { return s.pickle == st.Id })
	if i < 0 {
		panic("a step that no feature has: " + st.Text)
	}
	return i
}

func (r *run) afterStep(
	ctx context.Context, _ *godog.Step, status godog.StepResultStatus, err error,
) (context.Context, error) {
	if r.now == nil {
		return ctx, nil
	}
	r.step.cancel()
	st := &r.now.Steps[r.step.index]
	st.Duration = time.Since(r.step.start)
	st.Commands, st.Comparison = r.world.TakeStep()
	switch {
	case status == godog.StepPassed:
		st.Status = harness.Passed
	case r.ctx.Err() == nil:
		r.recordFailure(st, err)
	default: // what the end of the run broke says nothing of the cluster
		st.Error = r.textOf(err)
	}
	return r.step.ctx, nil
}

// textOf returns an error in the run's language.
func (r *run) textOf(err error) string {
	if err == nil {
		return ""
	}
	return r.Lang.Error(err)
}

// recordFailure says what was expected and what was seen instead. Of what could not be
// asked nothing was seen: the claim is neither true nor false.
func (r *run) recordFailure(st *harness.Step, err error) {
	var (
		lost *harness.UnreachableError
		busy *harness.BusyError
	)
	st.Error = r.textOf(err)
	switch {
	case errors.As(err, &lost):
		r.unasked = true
		st.Status, r.now.Reason, r.now.Unreached = harness.Skipped, r.textOf(lost), lost
		return
	case errors.As(err, &busy):
		r.unasked, r.busy = true, busy
		st.Status, r.now.Reason = harness.Skipped, r.textOf(busy)
		return
	}
	st.Status, r.now.Status = harness.Failed, harness.Failed
	r.now.Expected, r.now.Seen = st.Text, st.Error
	var of *harness.HostsError
	if errors.As(err, &of) {
		r.now.Hosts = of.Hosts
	}
	var m *harness.Mismatch
	if errors.As(err, &m) {
		r.now.Expected, r.now.Seen, r.now.Links = m.Expected, m.Seen, m.Links
	}
}

// afterScenario comes with the scenario's last step, or with the one that failed.
func (r *run) afterScenario(ctx context.Context, _ *godog.Scenario, _ error) (context.Context, error) {
	if r.now == nil {
		return ctx, nil
	}
	s := r.now
	r.judgeScenario(s)
	r.cleanUp(ctx, s)
	s.Duration = time.Since(s.Start)
	r.now = nil
	r.endScenario(s)
	if s.Status == harness.Failed && s.Expected == r.cleanedUp() {
		return ctx, errors.New(s.Seen)
	}
	return ctx, nil
}

func (r *run) judgeScenario(s *harness.Scenario) {
	last := s.Steps[len(s.Steps)-1]
	switch {
	case s.Status == harness.Failed:
	case last.Status == harness.Passed:
		s.Status = harness.Passed
	case s.Reason != "": // it said so when it came to that
	default:
		s.Status, s.Reason = harness.Skipped, r.whyInterrupted()
	}
}

// cleanedUp returns what is expected after every scenario.
func (r *run) cleanedUp() string {
	return r.Lang.Say("what the scenario started is removed again")
}

// cleanUp removes what the scenario made, also when the run was interrupted.
func (r *run) cleanUp(ctx context.Context, s *harness.Scenario) {
	timeout := cleanupTimeout
	if r.source.BreaksHosts() {
		timeout = mendTimeout
	}
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), timeout)
	defer cancel()
	err := r.world.CleanUp(ctx)
	if err == nil {
		return
	}
	last := &s.Steps[len(s.Steps)-1]
	if last.Error == "" {
		last.Error = r.textOf(err)
	}
	if s.Status != harness.Failed {
		s.Status, s.Reason, last.Status = harness.Failed, "", harness.Failed
		s.Expected, s.Seen = r.cleanedUp(), r.textOf(err)
	}
}

// endScenario keeps a scenario that came to its end.
func (r *run) endScenario(s *harness.Scenario) {
	if s.Status == harness.Failed && r.source.Has(TagTutorial) {
		r.stopped = s.ID
	}
	r.done = append(r.done, *s)
	e := Event{
		Kind: ScenarioEnded, Number: len(r.done), Total: len(r.chosen),
		Scenario: *s, Elapsed: s.Duration,
	}
	r.Progress(e)
	if n := len(r.done); n == len(r.chosen) || r.chosen[n].Feature != s.Feature {
		r.endFeature(e)
	}
}

// endFeature tells that a feature ended; e is the event of its last scenario.
func (r *run) endFeature(e Event) {
	name := e.Scenario.Feature
	if r.featureEnded != nil && r.ctx.Err() == nil {
		r.featureEnded(r.ctx, name, len(r.done) == len(r.chosen))
	}
	began := r.feature
	if r.feature = (time.Time{}); began.IsZero() {
		return
	}
	e.Kind, e.Elapsed = FeatureEnded, time.Since(began)
	e.Counts = harness.Count(slices.DeleteFunc(slices.Clone(r.done), func(s harness.Scenario) bool { return s.Feature != name }))
	r.Progress(e)
}

func (r *run) sendEvent(e Event) {
	e.Number, e.Total, e.Scenario = len(r.done)+1, len(r.chosen), *r.now
	e.Scenario.Steps = slices.Clone(r.now.Steps)
	r.Progress(e)
}

// sendWaiting tells of a step which waits for what is not so yet.
func (r *run) sendWaiting(elapsed time.Duration, seen error) {
	if r.now != nil {
		r.sendEvent(Event{Kind: Waiting, Elapsed: elapsed, Seen: seen})
	}
}
