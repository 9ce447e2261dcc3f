package images

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"time"

	"labcheck/harness/lang"

	"github.com/docker/docker/pkg/jsonmessage"
	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"
)

// Ensure makes the images that are not on the engine: it pulls them from the
// registry, if one is named and has them, and computes the others. Two
// labchecks that do so at once make the same images. What was downloaded stays
// in the cache, also if Ensure fails or ctx ends.
func (s *Store) Ensure(ctx context.Context, more ...Name) error {
	wanted := append(names(), more...)
	missing, err := s.missing(ctx, wanted)
	if err != nil || len(missing) == 0 {
		return err
	}
	s.began = time.Now()
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	// The labcheck that was waited for may have made them.
	if missing, err = s.missing(ctx, wanted); err != nil || len(missing) == 0 {
		return err
	}
	err = s.make(ctx, missing)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// lock waits until no other labcheck of this user makes images: downloads and
// compiled programs are shared.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	dir, err := s.cache()
	if err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	locked, err := lock.TryLock()
	if err == nil && !locked {
		s.say("", "waiting for another labcheck, which makes images")
		_, err = lock.TryLockContext(ctx, 200*time.Millisecond)
	}
	if err != nil {
		return nil, lang.Errorf("begin to make images: %w", err)
	}
	return func() { _ = lock.Close() }, nil
}

// loads are the images that are given to the engine together: those of a line
// have layers in common.
func loads() [][]Name { return [][]Name{{Node, NodeWithConsul, SSHD}, {Consul}, {Swarm}, {Workload}} }

// make pulls or computes images, and gives them to the engine.
func (s *Store) make(ctx context.Context, missing []Name) error {
	arch, err := s.architecture(ctx)
	if err != nil {
		return err
	}
	pulled, err := s.pullAll(ctx, missing, arch)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	m, err := s.newMaker(ctx, slices.DeleteFunc(slices.Clone(missing), func(n Name) bool { return pulled[n] != nil }), arch)
	if err != nil {
		return err
	}
	for _, together := range loads() {
		together = slices.DeleteFunc(together, func(n Name) bool { return !slices.Contains(missing, n) })
		group.Go(func() error { return m.load(ctx, together, pulled) })
	}
	return group.Wait()
}

// pullAll pulls what of images the registry has.
func (s *Store) pullAll(ctx context.Context, missing []Name, arch string) (map[Name]*image, error) {
	pulled := map[Name]*image{}
	if s.opts.Registry == "" {
		return pulled, nil
	}
	for _, n := range missing {
		i, err := s.pull(ctx, n, arch)
		if err != nil {
			return nil, err
		}
		pulled[n] = i
	}
	return pulled, nil
}

// load gives images to the engine, of which those are computed that were not
// pulled.
func (m *maker) load(ctx context.Context, which []Name, pulled map[Name]*image) error {
	var all []named
	for _, n := range which {
		i := pulled[n]
		if i == nil {
			var err error
			if i, err = m.image(ctx, n); err != nil {
				return err
			}
		}
		ref, err := m.Ref(ctx, n)
		if err != nil {
			return err
		}
		all = append(all, named{i, []string{ref}})
		m.say(n, "loading into the engine")
	}
	if err := m.loadArchive(ctx, all); err != nil {
		return err
	}
	for _, n := range which {
		m.tell(n, m.opts.Lang.Say("ready"), true)
	}
	return nil
}

// loadArchive gives the engine images, and makes sure that it has them then:
// engines of some ages tell of a failure only in what they answer.
func (s *Store) loadArchive(ctx context.Context, all []named) error {
	if len(all) == 0 {
		return nil
	}
	from, to := io.Pipe()
	go func() { to.CloseWithError(writeArchive(to, all)) }()
	answer, err := s.engine.ImageLoad(ctx, from)
	_ = from.Close() // ends the writer, if the engine did not take all
	if err != nil {
		return lang.Errorf("load images: %w", err)
	}
	defer answer.Body.Close()
	if err := readMessages(answer.Body); err != nil {
		return lang.Errorf("load images: %w", err)
	}
	for _, i := range all {
		for _, ref := range i.names {
			if there, err := s.has(ctx, ref); err != nil {
				return err
			} else if !there {
				return lang.Errorf("load images: the engine took %s and does not have it", ref)
			}
		}
	}
	return nil
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
			return lang.Errorf("read the engine's answer: %w", err)
		case m.Error != nil:
			return m.Error
		}
	}
}
