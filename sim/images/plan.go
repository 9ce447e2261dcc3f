package images

import (
	"context"

	"labcheck/harness/lang"

	"github.com/docker/go-units"
)

// Plan is what Ensure would do.
type Plan struct {
	Missing  []Name // images that are not on the engine
	Download int64  // bytes of packages that are not in the cache
	Disk     int64  // bytes that the images take on the engine, at most
	Registry string // asked first; may be empty
}

// Plan says what Ensure would do. It asks the engine and the cache only.
func (s *Store) Plan(ctx context.Context, more ...Name) (Plan, error) {
	missing, err := s.missing(ctx, append(names(), more...))
	if err != nil || len(missing) == 0 {
		return Plan{}, err
	}
	arch, err := s.architecture(ctx)
	if err != nil {
		return Plan{}, err
	}
	packages, err := packagesOf(missing, arch)
	if err != nil {
		return Plan{}, err
	}
	fetcher, err := s.fetcher(ctx)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Missing: missing, Download: fetcher.Lacking(fetcher.Missing(packages)), Registry: s.opts.Registry}
	for _, n := range missing {
		known, _ := knownImage(n, arch)
		p.Disk += known.size
	}
	return p, nil
}

// In is the plan as a clause, in a language.
func (p Plan) In(l lang.Language) string {
	first := ""
	if p.Registry != "" {
		first = l.Say("pulled from %s, or else ", p.Registry)
	}
	return first + l.Say("%s of Debian packages to download, Swarm to compile; about a minute, and %s on the engine",
		units.HumanSize(float64(p.Download)), units.HumanSize(float64(p.Disk)))
}
