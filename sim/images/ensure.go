package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/docker/go-units"

	"labcheck/harness/lang"
	"labcheck/sim/images/debian"
	"labcheck/sim/images/oci"
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
	cache, errImages := s.openCache(arch)
	dir, errPackages := s.inCache("packages")
	if err := errors.Join(errImages, errPackages); err != nil {
		return Plan{}, err
	}
	lacking := cache.lacking(missing)
	packages, err := pinned(packagesOf(lacking), arch)
	fetcher := debian.NewFetcher(dir, nil)
	p := Plan{missing, lacking, fetcher.Lacking(fetcher.Missing(packages)), 0, s.opts.Registry}
	for _, n := range missing {
		_, size, _ := knownImage(n, arch)
		p.Disk += size
	}
	return p, err
}

// In returns the plan as a clause, in a language.
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
// (Store.obtainImages). Two labchecks that do so at once make the same images. What was
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
		all, err := m.fillCache(ctx, missing)
		if err != nil {
			return err
		}
		return s.loadImages(ctx, all)
	})
}

// Digests computes all images for an architecture, without an engine, and
// returns the lines of digests.lock: architecture, image, tag, digest, and bytes
// of its files.
func Digests(ctx context.Context, arch string, o Options) (lines []string, err error) {
	s := New(nil, o)
	s.arch = arch
	dir, err := os.MkdirTemp("", "labcheck-digests-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system removes it
	err = s.withMaker(ctx, func(m *maker) error {
		m.cache = cache{oci.OpenLayout(dir), arch} // empty, so that all are computed
		all, err := m.fillCache(ctx, names())
		for _, i := range all {
			config, errConfig := i.ConfigFile()
			blobs, errBlobs := oci.Blobs(i)
			if err := errors.Join(errConfig, errBlobs); err != nil {
				return err
			}
			labels := config.Config.Labels
			lines = append(lines, fmt.Sprintf("%s %s %s %s %s", arch, i.name, labels[labelRecipe], blobs[0].Digest, labels[labelSize]))
		}
		return err
	})
	return lines, err
}
