// Package images computes the images that a lab's hosts run, from Debian
// packages that packages.lock pins and from Swarm's source: the hosts
// themselves, and what the tutorial runs on them. README.md says what is in
// each and why.
package images

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/docker/docker/client"
	"github.com/gofrs/flock"

	"labcheck/harness/lang"
	"labcheck/sim/images/debian"
)

// Name says which image it is.
type Name string

// The images.
const (
	Node           Name = "node"             // a host: an engine with --cluster-store and a docker CLI
	NodeWithConsul Name = "node-with-consul" // the same, with Consul in its engine's store
	Consul         Name = "consul"           // progrium/consul
	Swarm          Name = "swarm"            // swarm 1.2.9
	Workload       Name = "workload"         // what is run on a finished cluster
	SSHD           Name = "sshd"             // a host with sshd, for tests; made only if it is asked for
)

// names returns the images of a lab.
func names() []Name { return []Name{Node, NodeWithConsul, Consul, Swarm, Workload} }

// InNode returns the names by which an image is known inside a node. A node image
// has none.
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
	// Registry has finished images, as in host:port or host/path. If it is empty
	// none is asked.
	Registry string
	// DebianMirror is the URL of a Debian mirror that is asked first.
	DebianMirror string
	// Lang is the language of what Progress is told.
	Lang lang.Language
	// Progress is told what is being done, from several goroutines at once. May
	// be nil.
	Progress func(Event)
}

// Event tells how far an image, or the download of packages, has come.
type Event struct {
	Image   Name          // empty for packages
	What    string        // "compiling", "34 of 86 MB, 11.2 MB/s", …
	Elapsed time.Duration // since Ensure was called
	Done    bool          // it is there now
}

// Store is the images on one engine.
type Store struct {
	engine    client.APIClient
	opts      Options
	namespace string          // what is before the slash in the images' names
	dir       string          // the cache; empty is labcheck's folder in the user's
	archives  []debian.Source // of old packages

	mu    sync.Mutex
	arch  string // of the engine, as Go spells it; empty until it was asked
	began time.Time
}

// New returns the images on an engine. It does nothing yet.
func New(engine client.APIClient, o Options) *Store {
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	return &Store{engine: engine, opts: o, namespace: "labcheck", archives: debian.Archives(), began: time.Now()}
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
		return "", lang.Errorf("ask the engine for its architecture: %w", err)
	}
	if version.Os != "linux" || version.Arch == "" {
		return "", lang.Errorf("the engine runs %s/%s containers; linux is needed", version.Os, version.Arch)
	}
	s.arch = version.Arch
	return s.arch, nil
}

// inCache returns a file or folder of the cache, which all labchecks of a user share:
// downloaded packages, compiled programs, images, and the lock.
func (s *Store) inCache(name string) (string, error) {
	dir := s.dir
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", lang.Errorf("no place for downloads: set XDG_CACHE_HOME or HOME: %w", err)
		}
		dir = filepath.Join(user, "labcheck")
	}
	return filepath.Join(dir, name), os.MkdirAll(dir, 0o755)
}

// lock waits until no other labcheck of this user makes images: the cache is
// shared.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	file, err := s.inCache("lock")
	if err != nil {
		return nil, err
	}
	lock := flock.New(file)
	locked, err := lock.TryLock()
	if err == nil && !locked {
		s.say("", "waiting for another labcheck, which makes images")
		_, err = lock.TryLockContext(ctx, 200*time.Millisecond)
	}
	if err != nil {
		return nil, lang.Errorf("begin to make images: %w", err)
	}
	return func() { _ = lock.Close() }, nil
}

// RemoveCache removes what was downloaded, compiled and made.
func (s *Store) RemoveCache(ctx context.Context) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	var errs []error
	for _, name := range []string{"packages", "swarm", "images"} {
		dir, err := s.inCache(name)
		if err == nil {
			err = os.RemoveAll(dir)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// inOrder returns the keys of a map.
func inOrder[K cmp.Ordered, V any](all map[K]V) []K { return slices.Sorted(maps.Keys(all)) }

func (s *Store) tell(n Name, what string, done bool) {
	s.opts.Progress(Event{Image: n, What: what, Elapsed: time.Since(s.began), Done: done})
}

// say tells what is being done with an image, in the language.
func (s *Store) say(n Name, format string, args ...any) {
	s.tell(n, s.opts.Lang.Say(format, args...), false)
}
