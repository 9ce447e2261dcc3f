package images

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/go-units"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"labcheck/harness/lang"
	"labcheck/sim/images/debian"
	"labcheck/sim/images/oci"
)

// maker fills the cache with images. Who has one has the lock.
type maker struct {
	*Store
	arch     string
	cache    cache
	packages *debian.Fetcher       // is there after download
	download func() error          // waits for it
	layers   map[string]*oci.Layer // by part: images that have one in common share it
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
	there, err := s.openCache(arch)
	if err != nil {
		return err
	}
	m := &maker{Store: s, arch: arch, cache: there, layers: map[string]*oci.Layer{}}
	err = use(m)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// obtainImages returns images of the cache. Those that are lacking are pulled from the
// registry, if one is named and has them, or else computed.
func (s *Store) obtainImages(ctx context.Context, which []Name) (all []namedImage, err error) {
	err = s.withMaker(ctx, func(m *maker) (err error) {
		all, err = m.fillCache(ctx, which)
		return err
	})
	return all, err
}

// fillCache puts images into the cache that are lacking there, and returns them all.
func (m *maker) fillCache(ctx context.Context, which []Name) ([]namedImage, error) {
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

// namedImage is an image with its names in an archive, and which it is.
type namedImage struct {
	oci.NamedImage
	name Name
}

// cached returns images of the cache, under their names on the engine.
func (m *maker) cached(which []Name) (all []namedImage) {
	for _, n := range which {
		all = append(all, namedImage{oci.NamedImage{Image: m.cache.find(n), Refs: []string{m.ref(n, m.arch)}}, n})
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
			l := &oci.Layer{}
			m.layers[p.key()] = l
			group.Go(func() error {
				made, err := m.computeLayer(ctx, p)
				if err != nil {
					return lang.Errorf("make image %s: %w", n, err)
				}
				*l = *made
				return nil
			})
		}
	}
	return group.Wait()
}

// computeImage puts an image into the cache whose layers were made.
func (m *maker) computeImage(n Name) error {
	var layers []*oci.Layer
	for _, p := range recipes()[n].Layers {
		layers = append(layers, m.layers[p.key()])
	}
	i, err := newImage(n, m.arch, layers)
	if err != nil {
		return err
	}
	return m.cache.put(n, i)
}

// The labels of every image of ours.
const (
	labelImage  = "labcheck.image"  // its name
	labelRecipe = "labcheck.recipe" // its tag
	labelSize   = "labcheck.size"   // bytes of its files: engines count in different ways
)

// newImage returns an image of layers, with the labels of ours.
func newImage(n Name, arch string, layers []*oci.Layer) (v1.Image, error) {
	var size int64
	for _, l := range layers {
		size += l.FileSize
	}
	c := recipes()[n].Config
	c.Labels = map[string]string{labelImage: string(n), labelRecipe: tag(n, arch), labelSize: strconv.FormatInt(size, 10)}
	return oci.NewImage(arch, c, layers...)
}

// pull puts an image into the cache that is not there, by the digest that this
// labcheck knows it to have, if the registry has it.
func (m *maker) pull(ctx context.Context, n Name) error {
	digest, _, ok := knownImage(n, m.arch)
	if !ok || m.cache.find(n) != nil {
		return nil
	}
	ref, err := oci.AtRegistry(m.opts.Registry, m.namespace+"/"+string(n)+"@"+digest)
	if err != nil {
		return err
	}
	m.say(n, "asking the registry")
	found, err := oci.Pull(ctx, ref, m.arch)
	if oci.IsMissing(err) {
		m.say(n, "the registry does not have it")
		return nil
	}
	if err != nil {
		return lang.Errorf("ask registry %s for %s: %w", m.opts.Registry, ref, err)
	}
	m.say(n, "pulling")
	if err := m.cache.put(n, found); err != nil {
		return lang.Errorf("pull %s: %w", ref, err)
	}
	m.say(n, "pulled")
	return nil
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
