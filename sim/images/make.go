package images

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/go-units"
	"golang.org/x/sync/errgroup"

	"labcheck/harness/lang"
	"labcheck/sim/images/debian"
)

// maker fills the cache with images. Who has one has the lock.
type maker struct {
	*Store
	arch     string
	cache    *cache
	packages *debian.Fetcher   // is there after download
	download func() error      // waits for it
	layers   map[string]*layer // by part: images that have one in common share it
}

// withMaker has a function use the cache while no other labcheck does.
func (s *Store) withMaker(ctx context.Context, use func(*maker) error) error {
	arch, err := s.architecture(ctx)
	if err != nil {
		return err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	dir, err := s.inCache("images")
	if err != nil {
		return err
	}
	m := &maker{Store: s, arch: arch, cache: openCache(dir, arch), layers: map[string]*layer{}}
	err = use(m)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// obtain returns images of the cache. Those that are lacking are pulled from the
// registry, if one is named and has them, or else computed.
func (s *Store) obtain(ctx context.Context, which []Name) (all []taggedImage, err error) {
	err = s.withMaker(ctx, func(m *maker) (err error) {
		all, err = m.fill(ctx, which)
		return err
	})
	return all, err
}

// fill puts images into the cache that are lacking there, and returns them all.
func (m *maker) fill(ctx context.Context, which []Name) ([]taggedImage, error) {
	if m.opts.Registry != "" {
		for _, n := range which {
			if err := m.pull(ctx, n); err != nil {
				return nil, err
			}
		}
	}
	lacking := m.cache.lacking(which)
	for _, storing := range []bool{false, true} { // first what others store
		some := slices.DeleteFunc(slices.Clone(lacking), func(n Name) bool { return (storedIn(n) != nil) != storing })
		if err := m.computeLayers(ctx, lacking, storing); err != nil {
			return nil, err
		}
		for _, n := range some {
			if err := m.computeImage(n); err != nil {
				return nil, err
			}
		}
	}
	return m.cached(which), nil
}

// cached returns images of the cache, under their names on the engine.
func (m *maker) cached(which []Name) (all []taggedImage) {
	for _, n := range which {
		all = append(all, taggedImage{m.cache.find(n), n, []string{m.ref(n, m.arch)}})
	}
	return all
}

// computeLayers makes the layers of images, all at once: those in which images
// are stored, or the others.
func (m *maker) computeLayers(ctx context.Context, of []Name, storing bool) error {
	packages, err := pinned(packagesOf(of), m.arch)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	m.download = sync.OnceValue(func() error { return m.fetch(ctx, packages) })
	for _, n := range of {
		for _, p := range recipes()[n].Layers {
			if m.layers[p.key()] != nil || (p.Stored != nil) != storing {
				continue
			}
			l := &layer{}
			m.layers[p.key()] = l
			group.Go(func() error {
				if err := m.computeLayer(ctx, p, l); err != nil {
					return lang.Errorf("make image %s: %w", n, err)
				}
				return nil
			})
		}
	}
	return group.Wait()
}

// computeImage puts an image into the cache whose layers were made.
func (m *maker) computeImage(n Name) error {
	var layers []*layer
	for _, p := range recipes()[n].Layers {
		layers = append(layers, m.layers[p.key()])
	}
	i, err := assemble(n, m.arch, recipes()[n].Config, layers)
	if err != nil {
		return err
	}
	return m.cache.put(n, i)
}

// tellEvery is how often a download tells how far it has come.
const tellEvery = 200 * time.Millisecond

// fetch downloads packages, and tells how far it has come: "34.2MB / 86.1MB,
// 11.2MB/s".
func (m *maker) fetch(ctx context.Context, packages []debian.Package) error {
	if len(packages) == 0 {
		return nil
	}
	dir, err := m.inCache("packages")
	if err != nil {
		return err
	}
	m.packages = debian.NewFetcher(dir, debian.Sources(ctx, m.opts.DebianMirror, m.archives))
	missing := m.packages.Missing(packages)
	if len(missing) == 0 {
		return nil
	}
	total, began := units.HumanSize(float64(m.packages.Lacking(missing))), time.Now()
	var got, told atomic.Int64
	tell := func(done bool) {
		now := float64(got.Load())
		m.tell("", fmt.Sprintf("%s / %s, %s/s", units.HumanSize(now), total, units.HumanSize(now/time.Since(began).Seconds())), done)
	}
	m.packages.Received = func(n int64) {
		got.Add(n)
		if due := int64(time.Since(began) / tellEvery); told.Swap(due) != due {
			tell(false)
		}
	}
	if err := m.packages.Fetch(ctx, missing); err != nil {
		return err
	}
	tell(true)
	return nil
}
