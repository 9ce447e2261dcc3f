package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim"
)

// wholeLab is the context of what takes long on a lab. It ends when somebody
// removes the lab or ends a host, or when the engine does not answer any more:
// what is done from then on would fail, slowly, and what is checked not be false.
type wholeLab struct {
	context.Context
	cancel context.CancelCauseFunc
	lab    *sim.Lab // nil: nodes that exist are not looked for
	lang   lang.Language
	work   work
	ended  []string // hosts that did not run when it began
	breaks bool     // the work itself ends hosts
}

const (
	// lookPause is how long a lab that is being checked is not looked for.
	lookPause = time.Second
	// awayLooks is in how many looks in a row a host must be seen ended: one
	// that restarts comes back.
	awayLooks = 5
	// lookTimeout is how long the engine may take to say which hosts run.
	lookTimeout = 5 * time.Second
	// silence is how long it may say nothing at all: one that is updated keeps
	// its containers, where it is set to.
	silence = 15 * time.Second
)

// work is what is being done with a lab, and how to come back to it where a host
// ended.
type work struct {
	during lang.Text
	again  func(flags string) lang.Text
}

var (
	checking = work{
		lang.Text{EN: "while it was being checked"},
		func(flags string) lang.Text {
			return lang.Textf("labcheck up%s, where the lab still stands, and check again", flags)
		},
	}
	performing = work{
		lang.Text{EN: "while the tutorial was performed on it"},
		func(flags string) lang.Text { return lang.Verbatim("labcheck up" + flags) },
	}
)

// watchLab begins to look whether the lab is still there. Work that breaks hosts
// on purpose is not told of hosts that ended.
func (s *session) watchLab(ctx context.Context, doing work, breaks bool) (*wholeLab, error) {
	w := &wholeLab{lab: s.lab, lang: s.lang, work: doing, breaks: breaks}
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
	answered := time.Now()
	for away := 0; ; {
		select {
		case <-w.Done():
			return
		case <-time.After(lookPause):
		}
		err := w.lost(w)
		var silent *silentError
		switch {
		case errors.As(err, &silent):
			if time.Since(answered) >= harness.Limit(w, silence) {
				w.cancel(err)
			}
			continue
		case errors.As(err, new(*goneError)):
			away = awayLooks
		case err != nil:
			away++
		default:
			away = 0
		}
		answered = time.Now()
		if away >= awayLooks {
			w.cancel(err)
		}
	}
}

func (w *wholeLab) stop() { w.cancel(nil) }

// goneError is that a lab was removed under what was being done with it.
type goneError struct {
	lab    string
	during lang.Text
}

func (e *goneError) Error() string { return e.In(lang.English) }

// In is the text in a language.
func (e *goneError) In(l lang.Language) string {
	return l.Say("lab %[1]s was removed %[2]s", e.lab, e.during.In(l))
}

// silentError is an engine that answered before.
type silentError struct{ err error }

func (e *silentError) Error() string { return e.In(lang.English) }

// In is the text in a language.
func (e *silentError) In(l lang.Language) string {
	return l.Say("the Docker engine does not answer any more: %s", l.Error(e.err))
}

func (e *silentError) Unwrap() error { return e.err }

// lost is an error where hosts, or all of the lab, went away since the work
// began. A host that somebody had stopped before is the check's to judge.
func (w *wholeLab) lost(ctx context.Context) error {
	if w.lab == nil {
		return nil
	}
	ctx, cancel := harness.WithLimit(ctx, lookTimeout)
	defer cancel()
	ended, err := w.lab.Ended(ctx)
	switch {
	case errors.Is(err, harness.ErrNoNodes):
		return &goneError{w.lab.Lab(), w.work.during}
	case err != nil:
		return &silentError{err}
	}
	ended = slices.DeleteFunc(ended, func(name string) bool { return slices.Contains(w.ended, name) })
	if len(ended) == 0 || w.breaks {
		return nil
	}
	return &hintError{
		lang.Errorf("%[1]s of lab %[2]s ended %[3]s", strings.Join(ended, ", "), w.lab.Lab(), w.work.during),
		w.work.again(labFlag(w.lab)).In(w.lang),
	}
}
