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

	// Each of these does its work at most once.
	download func() error
	images   map[Name]func() (v1.Image, error)
	layers   map[string]func() (*layer, error) // images that have one in common share it
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
	images, err := s.openCache(arch)
	if err != nil {
		return err
	}
	err = use(&maker{Store: s, arch: arch, cache: images})
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// obtain returns images of the cache, under their names on the engine. Those
// that are lacking are pulled from the registry, if one is named and has them,
// and the others are computed.
func (m *maker) obtain(ctx context.Context, which []Name) ([]named, error) {
	if m.opts.Registry != "" {
		for _, n := range which {
			if err := m.pull(ctx, n); err != nil {
				return nil, err
			}
		}
	}
	packages, err := pinned(packagesOf(m.cache.lacking(which)), m.arch)
	if err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	m.prepare(ctx, packages)
	group.Go(m.download)
	for _, n := range which {
		group.Go(func() error {
			_, err := m.images[n]()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return m.made(which)
}

// prepare says how to make each thing.
func (m *maker) prepare(ctx context.Context, packages []debian.Package) {
	m.download = sync.OnceValue(func() error { return m.fetch(ctx, packages) })
	m.images, m.layers = map[Name]func() (v1.Image, error){}, map[string]func() (*layer, error){}
	for n, r := range recipes() {
		m.images[n] = sync.OnceValues(func() (v1.Image, error) { return m.makeImage(ctx, n) })
		for _, p := range r.Layers {
			m.layers[fmt.Sprint(p)] = sync.OnceValues(func() (*layer, error) { return m.computeLayer(ctx, p) })
		}
	}
}

// made returns images as soon as they are there.
func (m *maker) made(which []Name) ([]named, error) {
	var all []named
	for _, n := range which {
		i, err := m.images[n]()
		if err != nil {
			return nil, err
		}
		ref, err := m.refFor(n, m.arch)
		if err != nil {
			return nil, err
		}
		all = append(all, named{i, n, []string{ref}})
	}
	return all, nil
}

// tellEvery is how often a download tells how far it has come.
const tellEvery = 200 * time.Millisecond

// fetch downloads packages, and tells how far it has come: "34.2MB / 86.1MB,
// 11.2MB/s".
func (m *maker) fetch(ctx context.Context, packages []debian.Package) error {
	if len(packages) == 0 {
		return nil
	}
	dir, err := m.folder("packages")
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

// makeImage makes an image from its recipe, if it is not in the cache.
func (m *maker) makeImage(ctx context.Context, n Name) (v1.Image, error) {
	if i := m.cache.find(n); i != nil {
		return i, nil
	}
	r := recipes()[n]
	layers := make([]*layer, len(r.Layers))
	var group errgroup.Group
	for at, p := range r.Layers {
		group.Go(func() (err error) {
			layers[at], err = m.layers[fmt.Sprint(p)]()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, harness.Errorf("make image %s: %w", "イメージ %s の作成: %w", n, err)
	}
	i, err := assemble(n, m.arch, r.Config, layers)
	if err != nil {
		return nil, err
	}
	return m.cache.put(n, i)
}

// assemble makes an image of layers.
func assemble(n Name, arch string, c v1.Config, layers []*layer) (v1.Image, error) {
	hash, err := tag(n, arch)
	if err != nil {
		return nil, err
	}
	created := v1.Time{Time: epoch}
	var size int64
	var all []mutate.Addendum
	for _, l := range layers {
		size += l.unpacked
		all = append(all, mutate.Addendum{Layer: l, History: v1.History{Created: created, CreatedBy: "labcheck images build"}})
	}
	c.Labels = map[string]string{labelImage: string(n), labelRecipe: hash, labelSize: strconv.FormatInt(size, 10)}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	base, err = mutate.ConfigFile(base, &v1.ConfigFile{
		Architecture: arch, OS: "linux", Created: created, Config: c, RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(base, all...)
}
