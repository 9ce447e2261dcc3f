package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/sim"
)

// wholeLab is the context of a check. It ends when somebody removes the lab or
// ends a host: what is checked from then on would fail, slowly, and not be
// false.
type wholeLab struct {
	context.Context
	cancel context.CancelCauseFunc
	lab    *sim.Lab
	ended  []string // hosts that did not run when the check began
}

const (
	// lookPause is how long a lab that is being checked is not looked for.
	lookPause = time.Second
	// awayLooks is in how many looks in a row a host must be seen ended: one
	// that restarts comes back.
	awayLooks = 5
)

// watchLab begins to look whether the lab is still there.
func (s *session) watchLab(ctx context.Context) (*wholeLab, error) {
	ended, err := s.lab.Ended(ctx)
	if err != nil {
		return nil, err
	}
	w := &wholeLab{lab: s.lab, ended: ended}
	w.Context, w.cancel = context.WithCancelCause(ctx)
	go w.watch()
	return w, nil
}

func (w *wholeLab) watch() {
	for away := 0; ; {
		select {
		case <-w.Done():
			return
		case <-time.After(lookPause):
		}
		err := w.lost(w)
		switch {
		case errors.As(err, new(*goneError)):
			away = awayLooks
		case errors.As(err, new(*hintError)):
			away++
		default:
			away = 0
		}
		if away >= awayLooks {
			w.cancel(err)
		}
	}
}

func (w *wholeLab) stop() { w.cancel(nil) }

// goneError is that a lab was removed under a check.
type goneError struct{ lab string }

func (e *goneError) Error() string {
	return fmt.Sprintf("lab %s was removed while it was being checked", e.lab)
}

// lost is an error where hosts, or all of the lab, went away since the check
// began. A host that somebody had stopped before is the check's to judge.
func (w *wholeLab) lost(ctx context.Context) error {
	ended, err := w.lab.Ended(ctx)
	if errors.Is(err, harness.ErrNoNodes) {
		return &goneError{w.lab.Lab()}
	}
	ended = slices.DeleteFunc(ended, func(name string) bool { return slices.Contains(w.ended, name) })
	if err != nil || len(ended) == 0 {
		return err
	}
	return &hintError{
		fmt.Errorf("%s of lab %s ended while it was being checked", strings.Join(ended, ", "), w.lab.Lab()),
		"labcheck up" + labFlag(w.lab) + ", where the lab still stands, and check again",
	}
}
