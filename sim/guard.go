package sim

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

const (
	// guardPause is the time between two looks of a Guard.
	guardPause = time.Second
	// endedPause is the time between two looks after something failed.
	endedPause = 100 * time.Millisecond
	// awayLooks is in how many looks in a row a host must be seen ended: one
	// that restarts comes back.
	awayLooks = 5
	// lookTimeout is how long the engine may take to say which hosts run.
	lookTimeout = 5 * time.Second
	// silenceTimeout is how long it may say nothing at all: one that is updated
	// keeps its containers, if it is set to.
	silenceTimeout = 15 * time.Second
	// endedTimeout is how long an engine may list a host as one that runs after
	// its processes ended.
	endedTimeout = 3 * time.Second
)

// Activity is something that takes long on a lab.
type Activity struct {
	// During completes the sentence "lab x was removed": "while it was checked".
	During lang.Text
	// Again returns what to do if a host ended; flags are those of the lab.
	Again func(flags string) lang.Text
	// BreaksHosts says that the activity itself ends hosts.
	BreaksHosts bool
}

// Guard is the context of an activity. It ends when somebody removes the lab or
// ends a host, or when the engine does not answer any more: what is done from then
// on would fail slowly, and a claim that is checked would not be false.
type Guard struct {
	context.Context
	cancel   context.CancelCauseFunc
	lab      *Lab // nil: the target is no lab, and is not looked at
	activity Activity
	ended    []string // hosts that did not run when the activity began
}

// NewGuard begins to look whether a lab is still there, until Stop is called. If
// lab is nil, the guard ends with ctx alone.
func NewGuard(ctx context.Context, lab *Lab, a Activity) (*Guard, error) {
	g := &Guard{lab: lab, activity: a}
	g.Context, g.cancel = context.WithCancelCause(ctx)
	if lab == nil {
		return g, nil
	}
	var err error
	if g.ended, err = lab.Ended(ctx); err != nil {
		g.Stop()
		return nil, err
	}
	go g.watch()
	return g, nil
}

// Stop ends the guard.
func (g *Guard) Stop() { g.cancel(nil) }

func (g *Guard) watch() {
	answered := time.Now()
	for away := 0; ; {
		select {
		case <-g.Done():
			return
		case <-time.After(guardPause):
		}
		state, err := g.look(g)
		if state == labSilent {
			if time.Since(answered) >= harness.Limit(g, silenceTimeout) {
				g.cancel(err)
			}
			continue
		}
		answered = time.Now()
		away++
		if state == labWhole {
			away = 0
		}
		if away >= awayLooks || state == labGone {
			g.cancel(err)
		}
	}
}

// Lost returns an error if hosts, or all of the lab, went away since the activity
// began. A host that was stopped before is not among them.
func (g *Guard) Lost(ctx context.Context) error {
	_, err := g.look(ctx)
	return err
}

// Explain returns why the activity failed with err: what went away meanwhile, or else
// err itself. The connections of a host end before the engine says that the host did,
// so Explain waits for that, unless the activity was interrupted.
func (g *Guard) Explain(err error) error {
	if err == nil || g.lab == nil {
		return err
	}
	limit, cancel := harness.WithLimit(g, endedTimeout)
	defer cancel()
	var lost error
	_ = harness.Until(limit, endedPause, func(context.Context) error {
		if lost = g.Lost(context.WithoutCancel(g)); lost != nil {
			return nil
		}
		return err
	})
	return cmp.Or(lost, err)
}

// labState is what a look finds.
type labState int

const (
	labWhole  labState = iota
	labEnded           // hosts ended
	labGone            // it was removed
	labSilent          // the engine does not answer
)

func (g *Guard) look(ctx context.Context) (labState, error) {
	if g.lab == nil {
		return labWhole, nil
	}
	ctx, cancel := harness.WithLimit(ctx, lookTimeout)
	defer cancel()
	ended, err := g.lab.Ended(ctx)
	switch {
	case errors.Is(err, harness.ErrNoNodes):
		return labGone, lang.Errorf("lab %[1]s was removed %[2]s", g.lab.Lab(), g.activity.During)
	case err != nil:
		return labSilent, harness.WithHint(
			lang.Errorf("the Docker engine does not answer any more: %w", err), lang.Verbatim("labcheck doctor"))
	}
	ended = slices.DeleteFunc(ended, func(name string) bool { return slices.Contains(g.ended, name) })
	if len(ended) == 0 || g.activity.BreaksHosts {
		return labWhole, nil
	}
	return labEnded, harness.WithHint(
		lang.Errorf("%[1]s of lab %[2]s ended %[3]s", strings.Join(ended, ", "), g.lab.Lab(), g.activity.During),
		g.activity.Again(Flags(g.lab)),
	)
}

// Flags returns the flags that name a lab on a command line, with a space before
// each; it is empty for the default one.
func Flags(l *Lab) string {
	flags := ""
	if l.Lab() != DefaultLab {
		flags = " --lab " + l.Lab()
	}
	if l.opts.Context != "" {
		flags += " --context " + l.opts.Context
	}
	for _, engine := range l.opts.Engines {
		flags += " " + engineFlag + " " + engine
	}
	return flags
}
