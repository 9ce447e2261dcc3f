package images

import (
	"context"

	"github.com/docker/go-units"

	"labcheck/harness"
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
	missing, err := s.missing(ctx, append(names(), more...))
	if err != nil || len(missing) == 0 {
		return Plan{}, err
	}
	arch, err := s.architecture(ctx)
	if err != nil {
		return Plan{}, err
	}
	images, err := s.openCache(arch)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Missing: missing, Lacking: images.lacking(missing), Registry: s.opts.Registry}
	packages, err := pinned(packagesOf(p.Lacking), arch)
	if err != nil {
		return Plan{}, err
	}
	dir, err := s.folder("packages")
	if err != nil {
		return Plan{}, err
	}
	fetcher := debian.NewFetcher(dir, nil)
	p.Download = fetcher.Lacking(fetcher.Missing(packages))
	for _, n := range missing {
		known, _ := knownImage(n, arch)
		p.Disk += known.size
	}
	return p, nil
}

// In is the plan as a clause, in a language.
func (p Plan) In(l harness.Lang) string {
	disk := units.HumanSize(float64(p.Disk))
	if len(p.Lacking) == 0 {
		return l.Say("loaded from the cache; %s on the engine", "キャッシュから読み込む。Engine 上で %s を使う", disk)
	}
	first := ""
	if p.Registry != "" {
		first = l.Say("pulled from %s, or else ", "%s からプルし、なければ ", p.Registry)
	}
	return first + l.Say("%s of Debian packages to download, Swarm to compile; about a minute, and %s on the engine",
		"Debian のパッケージ %s をダウンロードし、Swarm をコンパイルする。約 1 分かかり、Engine 上で %s を使う",
		units.HumanSize(float64(p.Download)), disk)
}
