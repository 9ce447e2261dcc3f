package images

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

	"labcheck/harness/lang"
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
	incoming string            // a folder for an archive that is being read
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
	m := &maker{
		Store: s, arch: arch, cache: openCache(dir, arch), incoming: filepath.Join(dir, "incoming"),
		layers: map[string]*layer{},
	}
	defer os.RemoveAll(m.incoming)                   //nolint:errcheck // the next one removes it
	if err := os.RemoveAll(m.incoming); err != nil { // of one that was killed
		return err
	}
	err = use(m)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// withImages has a function use images of the cache. Those that are lacking are
// pulled from the registry, if one is named and has them, or else computed.
func (s *Store) withImages(ctx context.Context, which []Name, use func(*maker, []named) error) error {
	return s.withMaker(ctx, func(m *maker) error {
		if err := m.obtain(ctx, which); err != nil {
			return err
		}
		return use(m, m.cached(which))
	})
}

// obtain puts images into the cache that are lacking there.
func (m *maker) obtain(ctx context.Context, which []Name) error {
	if m.opts.Registry != "" {
		for _, n := range which {
			if err := m.pull(ctx, n); err != nil {
				return err
			}
		}
	}
	lacking := m.cache.lacking(which)
	for _, storing := range []bool{false, true} { // first what others store
		some := slices.DeleteFunc(slices.Clone(lacking), func(n Name) bool { return (storedIn(n) != nil) != storing })
		if err := m.computeLayers(ctx, lacking, storing); err != nil {
			return err
		}
		for _, n := range some {
			if err := m.computeImage(n); err != nil {
				return err
			}
		}
	}
	return nil
}

// cached are images of the cache, under their names on the engine.
func (m *maker) cached(which []Name) (all []named) {
	for _, n := range which {
		all = append(all, named{m.cache.find(n), n, []string{m.ref(n, m.arch)}})
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
