package images

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/docker/docker/pkg/jsonmessage"
	"github.com/gofrs/flock"

	"labcheck/harness"
)

// Ensure gives the engine the images that it does not have, by way of the cache
// (obtain). Two labchecks that do so at once make the same images. What was
// downloaded and made stays in the cache, also if Ensure fails or ctx ends.
func (s *Store) Ensure(ctx context.Context, more ...Name) error {
	wanted := append(names(), more...)
	missing, err := s.missing(ctx, wanted)
	if err != nil || len(missing) == 0 {
		return err
	}
	s.began = time.Now()
	return s.withMaker(ctx, func(m *maker) error {
		// The labcheck that was waited for may have made them.
		missing, err := s.missing(ctx, wanted)
		if err != nil || len(missing) == 0 {
			return err
		}
		all, err := m.obtain(ctx, missing)
		if err != nil {
			return err
		}
		return m.giveToEngine(ctx, all)
	})
}

// lock waits until no other labcheck of this user makes images: the cache is
// shared.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	file, err := s.folder("lock")
	if err != nil {
		return nil, err
	}
	lock := flock.New(file)
	locked, err := lock.TryLock()
	if err == nil && !locked {
		s.say("", "waiting for another labcheck, which makes images", "別の labcheck がイメージを作成し終えるのを待機中")
		_, err = lock.TryLockContext(ctx, 200*time.Millisecond)
	}
	if err != nil {
		return nil, harness.Errorf("begin to make images: %w", "イメージ作成の開始: %w", err)
	}
	return func() { _ = lock.Close() }, nil
}

// giveToEngine has the engine load images of the cache, and makes sure that it
// has them then: engines of some ages tell of a failure only in what they answer.
func (m *maker) giveToEngine(ctx context.Context, all []named) error {
	for _, i := range all {
		m.say(i.name, "loading into the engine", "Engine に読み込み中")
	}
	if err := m.loadArchive(ctx, all); err != nil {
		return harness.Errorf("load images: %w", "イメージの読み込み: %w", err)
	}
	there, err := m.tagged(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		if ref := i.refs[0]; !there[ref].Present {
			return harness.Errorf("load images: the engine took %s and does not have it", "イメージの読み込み: Engine は %s を受け取ったが、持っていない", ref)
		}
		m.tell(i.name, m.opts.Lang.Say("ready", "完了"), true)
	}
	return nil
}

func (m *maker) loadArchive(ctx context.Context, all []named) error {
	from, to := io.Pipe()
	defer from.Close() // ends the writer, if the engine does not take all
	go func() { to.CloseWithError(m.cache.writeArchive(to, all)) }()
	answer, err := m.engine.ImageLoad(ctx, from)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return readMessages(answer.Body)
}

// readMessages reads what an engine answers while it loads images. The error is
// what it says went wrong.
func readMessages(r io.Reader) error {
	for d := json.NewDecoder(r); ; {
		var m jsonmessage.JSONMessage
		err := d.Decode(&m)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return harness.Errorf("read the engine's answer: %w", "Engine の応答の読み取り: %w", err)
		case m.Error != nil:
			return m.Error
		}
	}
}
