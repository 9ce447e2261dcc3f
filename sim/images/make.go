package images

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/docker/go-units"
	v1 "github.com/google/go-containerregistry/pkg/v1"
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

// maker makes images, each at most once.
type maker struct {
	*Store
	arch     string
	packages *debian.Fetcher

	mu     sync.Mutex
	images map[Name]func() (*image, error)
	layers map[string]func() (*layer, error)
	// download waits until all packages are there.
	download func() error
}

// newMaker returns a maker of some images, and begins to download the packages
// that they are made of.
func (s *Store) newMaker(ctx context.Context, which []Name, arch string) (*maker, error) {
	packages, err := packagesOf(which, arch)
	if err != nil {
		return nil, err
	}
	fetcher, err := s.fetcher(ctx)
	if err != nil {
		return nil, err
	}
	m := &maker{
		Store: s, arch: arch, packages: fetcher,
		images: map[Name]func() (*image, error){}, layers: map[string]func() (*layer, error){},
	}
	m.download = sync.OnceValue(func() error { return m.fetch(ctx, packages) })
	go m.download() //nolint:errcheck // whoever needs a package gets the error
	return m, nil
}

// fetch downloads packages, and tells how far it has come.
func (m *maker) fetch(ctx context.Context, packages []debian.Package) error {
	missing := m.packages.Missing(packages)
	if len(missing) == 0 {
		return nil
	}
	t := &transfer{total: m.packages.Lacking(missing), began: time.Now(), tell: func(what string) { m.tell("", what, false) }}
	m.packages.Received = t.received
	if err := m.packages.Fetch(ctx, missing); err != nil {
		return err
	}
	m.tell("", t.String(), true)
	return nil
}

// transfer is how far a download has come.
type transfer struct {
	total int64
	began time.Time
	tell  func(string)

	mu   sync.Mutex
	got  int64
	told time.Time
}

// tellEvery is how often a download tells how far it has come.
const tellEvery = 200 * time.Millisecond

func (t *transfer) received(n int64) {
	t.mu.Lock()
	t.got += n
	due := time.Since(t.told) > tellEvery
	if due {
		t.told = time.Now()
	}
	t.mu.Unlock()
	if due {
		t.tell(t.String())
	}
}

// String is "34.2MB / 86.1MB, 11.2MB/s".
func (t *transfer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	rate := float64(t.got) / max(time.Since(t.began).Seconds(), 0.001)
	return fmt.Sprintf("%s / %s, %s/s", units.HumanSize(float64(t.got)), units.HumanSize(float64(t.total)), units.HumanSize(rate))
}

// image makes an image from its recipe.
func (m *maker) image(ctx context.Context, n Name) (*image, error) {
	m.mu.Lock()
	once, ok := m.images[n]
	if !ok {
		once = sync.OnceValues(func() (*image, error) { return m.makeImage(ctx, n) })
		m.images[n] = once
	}
	m.mu.Unlock()
	return once()
}

func (m *maker) makeImage(ctx context.Context, n Name) (*image, error) {
	r := recipes()[n]
	layers := make([]*layer, len(r.Layers))
	var group errgroup.Group
	for i, p := range r.Layers {
		group.Go(func() (err error) {
			layers[i], err = m.layer(ctx, p)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, lang.Errorf("make image %s: %w", n, err)
	}
	config, err := m.config(n, r.Config, layers)
	if err != nil {
		return nil, err
	}
	return newImage(config, layers)
}

// layer computes a layer; images that have it in common share it.
func (m *maker) layer(ctx context.Context, p part) (*layer, error) {
	key, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	once, ok := m.layers[string(key)]
	if !ok {
		once = sync.OnceValues(func() (*layer, error) { return m.compute(ctx, p) })
		m.layers[string(key)] = once
	}
	m.mu.Unlock()
	return once()
}

// config is the configuration of an image, as JSON.
func (m *maker) config(n Name, c v1.Config, layers []*layer) ([]byte, error) {
	hash, err := tag(n, m.arch)
	if err != nil {
		return nil, err
	}
	file := v1.ConfigFile{
		Architecture: m.arch, OS: "linux", Created: v1.Time{Time: epoch}, Config: c,
		RootFS: v1.RootFS{Type: "layers"},
	}
	var size int64
	for _, l := range layers {
		size += l.unpacked
		file.RootFS.DiffIDs = append(file.RootFS.DiffIDs, l.diffID)
		file.History = append(file.History, v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "labcheck images build"})
	}
	file.Config.Labels = map[string]string{labelImage: string(n), labelRecipe: hash, labelSize: strconv.FormatInt(size, 10)}
	return json.Marshal(file)
}
