package images

import (
	"context"
	"io"
	"path/filepath"
	"time"

	"github.com/docker/docker/pkg/jsonmessage"
	"github.com/docker/go-units"
	"github.com/gofrs/flock"

	"labcheck/harness/lang"
	"labcheck/sim/images/debian"
)

// Plan is what Ensure would do.
type Plan struct {
	Missing  []Name // images that are not on the engine
	Lacking  []Name // images that are not in the cache either
	Download int64  // bytes of packages that are not in the cache
	Disk     int64  // bytes that the images take on the engine, at most
	Registry string // asked first; may be empty
}

// Plan says what Ensure would do. It asks the engine and the cache only.
func (s *Store) Plan(ctx context.Context, more ...Name) (Plan, error) {
	missing, err := s.Missing(ctx, append(names(), more...)...)
	if err != nil || len(missing) == 0 {
		return Plan{}, err
	}
	arch, err := s.architecture(ctx)
	if err != nil {
		return Plan{}, err
	}
	dir, err := s.inCache("")
	if err != nil {
		return Plan{}, err
	}
	lacking := openCache(filepath.Join(dir, "images"), arch).lacking(missing)
	packages, err := pinned(packagesOf(lacking), arch)
	fetcher := debian.NewFetcher(filepath.Join(dir, "packages"), nil)
	p := Plan{missing, lacking, fetcher.Lacking(fetcher.Missing(packages)), 0, s.opts.Registry}
	for _, n := range missing {
		_, size, _ := knownImage(n, arch)
		p.Disk += size
	}
	return p, err
}

// In is the plan as a clause, in a language.
func (p Plan) In(l lang.Language) string {
	disk := units.HumanSize(float64(p.Disk))
	if len(p.Lacking) == 0 {
		return l.Say("loaded from the cache; %s on the engine", disk)
	}
	first := ""
	if p.Registry != "" {
		first = l.Say("pulled from %s, or else ", p.Registry)
	}
	return first + l.Say("%s of Debian packages to download, Swarm to compile; about a minute, and %s on the engine",
		units.HumanSize(float64(p.Download)), disk)
}

// Ensure gives the engine the images that it does not have, by way of the cache
// (obtain). Two labchecks that do so at once make the same images. What was
// downloaded and made stays in the cache, also if Ensure fails or ctx ends.
func (s *Store) Ensure(ctx context.Context, more ...Name) error {
	wanted := append(names(), more...)
	missing, err := s.Missing(ctx, wanted...)
	if err != nil || len(missing) == 0 {
		return err
	}
	s.began = time.Now()
	return s.withMaker(ctx, func(m *maker) error {
		// The labcheck that was waited for may have made them.
		missing, err := s.Missing(ctx, wanted...)
		if err != nil || len(missing) == 0 {
			return err
		}
		if err := m.obtain(ctx, missing); err != nil {
			return err
		}
		return m.giveToEngine(ctx, m.cached(missing))
	})
}

// lock waits until no other labcheck of this user makes images: the cache is
// shared.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	file, err := s.inCache("lock")
	if err != nil {
		return nil, err
	}
	lock := flock.New(file)
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

// giveToEngine has the engine load images of the cache, and makes sure that it
// has them then: engines of some ages tell of a failure only in what they answer.
func (m *maker) giveToEngine(ctx context.Context, all []named) error {
	for _, i := range all {
		m.say(i.name, "loading into the engine")
	}
	if err := m.loadArchive(ctx, all); err != nil {
		return lang.Errorf("load images: %w", err)
	}
	there, err := m.tagged(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		if ref := i.refs[0]; !there[ref].Present {
			return lang.Errorf("load images: the engine took %s and does not have it", ref)
		}
		m.tell(i.name, m.opts.Lang.Say("ready"), true)
	}
	return nil
}

func (m *maker) loadArchive(ctx context.Context, all []named) error {
	a, err := m.cache.openArchive(all)
	if err != nil {
		return err
	}
	defer a.close()
	from, to := io.Pipe()
	go func() { to.CloseWithError(a.write(to)) }()
	answer, err := m.engine.ImageLoad(ctx, from)
	_ = from.Close() // ends the writer, if the engine did not take all
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return jsonmessage.DisplayJSONMessagesStream(answer.Body, io.Discard, 0, false, nil)
}
