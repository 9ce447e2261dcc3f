package main

import (
	"context"
	"errors"
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
	lab    *sim.Lab // nil: nodes that exist are not looked for
	lang   harness.Lang
	ended  []string // hosts that did not run when the check began
	breaks bool     // the check itself ends hosts
}

const (
	// lookPause is how long a lab that is being checked is not looked for.
	lookPause = time.Second
	// awayLooks is in how many looks in a row a host must be seen ended: one
	// that restarts comes back.
	awayLooks = 5
)

// watchLab begins to look whether the lab is still there. A check that breaks
// hosts on purpose is not told of hosts that ended.
func (s *session) watchLab(ctx context.Context, breaks bool) (*wholeLab, error) {
	w := &wholeLab{lab: s.lab, lang: s.lang, breaks: breaks}
	w.Context, w.cancel = context.WithCancelCause(ctx)
	if s.lab == nil {
		return w, nil
	}
	var err error
	if w.ended, err = s.lab.Ended(ctx); err != nil {
		w.stop()
		return nil, err
	}
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

func (e *goneError) Error() string { return e.In(harness.English) }

// In is the text in a language.
func (e *goneError) In(l harness.Lang) string {
	return l.Say("lab %s was removed while it was being checked", "検査中にラボ %s が取り除かれた", e.lab)
}

// lost is an error where hosts, or all of the lab, went away since the check
// began. A host that somebody had stopped before is the check's to judge.
func (w *wholeLab) lost(ctx context.Context) error {
	if w.lab == nil {
		return nil
	}
	ended, err := w.lab.Ended(ctx)
	if errors.Is(err, harness.ErrNoNodes) {
		return &goneError{w.lab.Lab()}
	}
	ended = slices.DeleteFunc(ended, func(name string) bool { return slices.Contains(w.ended, name) })
	if err != nil || len(ended) == 0 || w.breaks {
		return err
	}
	return &hintError{
		harness.Errorf("%s of lab %s ended while it was being checked", "検査中に %s(ラボ %s)が終了した", strings.Join(ended, ", "), w.lab.Lab()),
		w.lang.Say("labcheck up%s, where the lab still stands, and check again", "ラボがまだあれば labcheck up%s を実行し、検査し直す", labFlag(w.lab)),
	}
}
