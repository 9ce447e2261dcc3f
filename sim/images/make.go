package images

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/go-units"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/sim/images/debian"
)

// The labels of every image of ours.
const (
	labelImage  = "labcheck.image"  // its name
	labelRecipe = "labcheck.recipe" // its tag
	labelSize   = "labcheck.size"   // bytes of its files: engines count in different ways
)

// maker fills the cache with images. Who has one has the lock.
type maker struct {
	*Store
	arch     string
	cache    *cache
	packages *debian.Fetcher // is there after download
	download func() error    // waits for it
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
	err = use(&maker{Store: s, arch: arch, cache: openCache(dir, arch)})
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// obtain returns images of the cache. Those that are lacking are pulled from the
// registry, if one is named and has them, and the others are computed.
func (m *maker) obtain(ctx context.Context, which []Name) ([]named, error) {
	if m.opts.Registry != "" {
		for _, n := range which {
			if err := m.pull(ctx, n); err != nil {
				return nil, err
			}
		}
	}
	err := m.compute(ctx, m.cache.lacking(which))
	return m.cached(which), err
}

// cached are images of the cache, under their names on the engine.
func (m *maker) cached(which []Name) (all []named) {
	for _, n := range which {
		all = append(all, named{m.cache.find(n), n, []string{m.ref(n, m.arch)}})
	}
	return all
}

// compute makes images and puts them into the cache: first all that store no
// others.
func (m *maker) compute(ctx context.Context, which []Name) error {
	packages, err := pinned(packagesOf(which), m.arch)
	if err != nil {
		return err
	}
	m.download = sync.OnceValue(func() error { return m.fetch(ctx, packages) })
	layers := map[string]*layer{}
	for _, storing := range []bool{false, true} {
		if err := m.computeLayers(ctx, which, storing, layers); err != nil {
			return err
		}
		for _, n := range which {
			if (storedIn(n) != nil) != storing {
				continue
			}
			var own []*layer
			for _, p := range recipes()[n].Layers {
				own = append(own, layers[p.key()])
			}
			i, err := assemble(n, m.arch, recipes()[n].Config, own)
			if err != nil {
				return err
			}
			if err := m.cache.put(n, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// computeLayers makes the layers of images at once: those that store images, or
// the others. Images that have one in common share it.
func (m *maker) computeLayers(ctx context.Context, of []Name, storing bool, layers map[string]*layer) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, n := range of {
		for _, p := range recipes()[n].Layers {
			if layers[p.key()] != nil || (p.Stored != nil) != storing {
				continue
			}
			l := &layer{}
			layers[p.key()] = l
			group.Go(func() error {
				made, err := m.computeLayer(ctx, p)
				if err != nil {
					return harness.Errorf("make image %s: %w", "イメージ %s の作成: %w", n, err)
				}
				*l = *made
				return nil
			})
		}
	}
	return group.Wait()
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

// assemble makes an image of layers, with the labels of ours.
func assemble(n Name, arch string, c v1.Config, layers []*layer) (v1.Image, error) {
	created := v1.Time{Time: epoch}
	var size int64
	var all []mutate.Addendum
	for _, l := range layers {
		size += l.unpacked
		all = append(all, mutate.Addendum{Layer: l, History: v1.History{Created: created, CreatedBy: "labcheck images build"}})
	}
	c.Labels = map[string]string{labelImage: string(n), labelRecipe: tag(n, arch), labelSize: strconv.FormatInt(size, 10)}
	typed := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	base, err := mutate.ConfigFile(typed, &v1.ConfigFile{
		Architecture: arch, OS: "linux", Created: created, Config: c, RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(base, all...)
}
