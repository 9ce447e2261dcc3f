// Package images makes the images that a lab's hosts run: the hosts
// themselves, and what the tutorial runs on them. README.md says what is in
// each and why.
package images

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/docker/docker/client"

	"labcheck/harness"
)

// Name says which image it is; it is also the directory of its recipe.
type Name string

// The images.
const (
	Node     Name = "node"     // a host: an engine with --cluster-store and a docker CLI
	Consul   Name = "consul"   // progrium/consul
	Swarm    Name = "swarm"    // swarm 1.2.9
	Workload Name = "workload" // what is run on a finished cluster
)

// base is what Node, Consul and Workload are built from. It has no recipe.
const base Name = "base"

// suite is the Debian release that all is made of: the last whose docker.io
// has --cluster-store and whose engine speaks to Consul.
const suite = "bullseye"

//go:embed consul node swarm workload
var recipes embed.FS

func names() []Name { return []Name{Node, Consul, Swarm, Workload} }

// InNode are the names by which an image is known inside a node, and which
// Archive gives it. A node image has none.
func InNode(n Name) []string {
	switch n {
	case Consul:
		return []string{"progrium/consul:latest"}
	case Swarm:
		return []string{"swarm:latest", "swarm:1.2.9"}
	case Workload:
		return []string{"labcheck/workload:latest"}
	}
	return nil
}

// Options say where images come from and who is told about it.
type Options struct {
	// Registry is put before the names of images that are pulled, as in
	// host:port or host/path; empty is the engine's own default.
	Registry string
	// DebianMirror is the URL of a Debian mirror; empty leaves it to the tools'
	// and the base image's defaults.
	DebianMirror string
	// Lang is the language of what Progress is told.
	Lang harness.Lang
	// Progress is told what is being done, from several goroutines at once. May
	// be nil.
	Progress func(Event)
}

// Event tells how far an image has come.
type Event struct {
	Image   Name
	What    string        // "building", "step 2/5: RUN …", "built", "pulled", …
	Elapsed time.Duration // since Ensure was called
	Done    bool          // it is there now
}

// Store is the images on one engine.
type Store struct {
	engine    client.APIClient
	opts      Options
	recipes   fs.FS
	namespace string // what is before the slash in the images' names
	dir       string // for the lock and for temporary files; empty is the user's cache

	mu   sync.Mutex
	arch string // of the engine, as Go spells it; empty until it was asked
}

// New is the images on that engine. It does nothing yet.
func New(engine client.APIClient, o Options) *Store {
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	return &Store{engine: engine, opts: o, recipes: recipes, namespace: "labcheck"}
}

// Ref is the full name of an image: labcheck/node:HASH. The hash is of what it
// is made from, so that a name that is there need not be built.
func (s *Store) Ref(ctx context.Context, n Name) (string, error) {
	arch, err := s.architecture(ctx)
	if err != nil {
		return "", err
	}
	hash, err := recipeHash(s.recipes, n, arch)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s/%s:%s", s.namespace, n, hash), nil
}

// architecture asks the engine once: it may be another one than this machine's.
func (s *Store) architecture(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.arch != "" {
		return s.arch, nil
	}
	version, err := s.engine.ServerVersion(ctx)
	if err != nil {
		return "", harness.Errorf("ask the engine for its architecture: %w", "Engine のアーキテクチャの問い合わせ: %w", err)
	}
	if version.Os != "linux" || version.Arch == "" {
		return "", harness.Errorf("the engine runs %s/%s containers; linux is needed", "Engine が動かすのは %s/%s のコンテナだが、linux が必要である", version.Os, version.Arch)
	}
	s.arch = version.Arch
	return s.arch, nil
}

// Missing are the images that Ensure would have to make.
func (s *Store) Missing(ctx context.Context) ([]Name, error) {
	var missing []Name
	for _, n := range names() {
		ref, err := s.Ref(ctx, n)
		if err != nil {
			return nil, err
		}
		there, err := s.has(ctx, ref)
		if err != nil {
			return nil, err
		}
		if !there {
			missing = append(missing, n)
		}
	}
	return missing, nil
}

func (s *Store) has(ctx context.Context, ref string) (bool, error) {
	_, err := s.engine.ImageInspect(ctx, ref)
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, harness.Errorf("look for image %s: %w", "イメージ %s の検索: %w", ref, err)
	}
	return true, nil
}

// workDir is where the lock and temporary files are. It is the same for every
// labcheck of this user, so that one finds what another, killed, has left.
func (s *Store) workDir() (string, error) {
	dir := s.dir
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", errors.Join(errNoCache, err)
		}
		dir = filepath.Join(cache, "labcheck")
	}
	return dir, os.MkdirAll(dir, 0o755)
}

var errNoCache = harness.Errorf("no place for temporary files: set XDG_CACHE_HOME or HOME", "一時ファイルの置き場所がない: XDG_CACHE_HOME か HOME を設定する")
