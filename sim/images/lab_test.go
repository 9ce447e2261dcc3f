//go:build lab

package images

import (
	"context"
	"crypto/rand"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/client"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"labcheck/sim/images/debian"
	"labcheck/sim/images/oci"
)

// lab is images of a namespace of the test's own on the real engine, so that
// the images that a user has are neither used nor removed.
type lab struct {
	*Store
	t      *testing.T
	mu     sync.Mutex
	events []string // what was told, as "image: what"
	onTold func(Event)
}

// newLab has no images, and a cache that is empty; both go with the test.
func newLab(t *testing.T, o Options) *lab {
	t.Helper()
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, onTold: func(Event) {}}
	o.Progress = l.told
	l.Store = New(engine, o)
	l.namespace, l.dir, l.archives = "labcheck-test-"+strings.ToLower(rand.Text()[:8]), t.TempDir(), nil
	t.Cleanup(func() {
		if _, err := l.Remove(context.Background()); err != nil {
			t.Error(err)
		}
		_ = engine.Close()
	})
	return l
}

// with is another labcheck for the same images and cache.
func (l *lab) with(o Options) *lab {
	other := &lab{t: l.t, onTold: func(Event) {}}
	o.Progress = other.told
	other.Store = New(l.engine, o)
	other.namespace, other.dir = l.namespace, l.dir
	return other
}

func (l *lab) told(e Event) {
	l.t.Logf("%6.1f s  %-16s %s", e.Elapsed.Seconds(), e.Image, e.What)
	l.mu.Lock()
	l.events = append(l.events, string(e.Image)+": "+e.What)
	l.mu.Unlock()
	l.onTold(e)
}

// wasTold says whether any event has a text.
func (l *lab) wasTold(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.events, func(e string) bool { return strings.Contains(e, text) })
}

func (l *lab) ensure(more ...Name) {
	l.t.Helper()
	if err := l.Ensure(l.t.Context(), more...); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) ref(n Name) string {
	l.t.Helper()
	ref, err := l.Ref(l.t.Context(), n)
	if err != nil {
		l.t.Fatal(err)
	}
	return ref
}

// ids are the images that are there, by name.
func (l *lab) ids() map[Name]string {
	l.t.Helper()
	all := map[Name]string{}
	for n := range recipes() {
		found, err := l.engine.ImageInspect(l.t.Context(), l.ref(n))
		if err == nil {
			all[n] = found.ID
		} else if !cerrdefs.IsNotFound(err) {
			l.t.Fatal(err)
		}
	}
	return all
}

// computed are all images of this machine's architecture, and fill the user's
// cache with packages: once is enough for all tests.
var computed = sync.OnceValues(func() (map[Name]v1.Image, error) {
	s := New(nil, Options{})
	s.arch = runtime.GOARCH
	byName := map[Name]v1.Image{}
	return byName, s.withMaker(context.Background(), func(m *maker) error {
		m.cache = cache{oci.OpenLayout(testLayout), runtime.GOARCH}
		all, err := m.fillCache(context.Background(), append(names(), SSHD))
		for _, i := range all {
			byName[i.name] = i.Image
		}
		return err
	})
})

func computedImages(t *testing.T) map[Name]v1.Image {
	t.Helper()
	all, err := computed()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// debianMirror serves the packages of the user's cache as a mirror does.
type debianMirror struct {
	url   string
	mu    sync.Mutex
	asked map[string]int // how often, by path
	sent  int64          // bytes
	slow  atomic.Bool    // a download takes seconds, so that it can be interrupted
	busy  sync.WaitGroup // requests that are answered
}

func newDebianMirror(t *testing.T) *debianMirror {
	t.Helper()
	computedImages(t) // they fill the cache
	packages, err := New(nil, Options{}).inCache("packages")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, p := range lockedPackages() {
		files["/"+p.Path] = filepath.Join(packages, p.SHA256+".deb")
	}
	m := &debianMirror{asked: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		m.asked[r.URL.Path]++
		m.busy.Add(1)
		m.mu.Unlock()
		defer m.busy.Done()
		http.ServeFile(&countingWriter{w, m}, r, files[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

// take returns what was asked for, and the bytes that were sent, since the last
// call. It waits for the answers to those who have gone.
func (m *debianMirror) take() (asked map[string]int, sent int64) {
	m.busy.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	asked, sent = m.asked, m.sent
	m.asked, m.sent = map[string]int{}, 0
	return asked, sent
}

type countingWriter struct {
	http.ResponseWriter
	m *debianMirror
}

func (c *countingWriter) Write(p []byte) (int, error) {
	if c.m.slow.Load() {
		time.Sleep(10 * time.Millisecond)
	}
	c.m.mu.Lock()
	c.m.sent += int64(len(p))
	c.m.mu.Unlock()
	return c.ResponseWriter.Write(p)
}

// packages are those of a lab's images, and their bytes.
func (l *lab) packages() ([]debian.Package, int64) {
	l.t.Helper()
	all, err := pinned(packagesOf(names()), runtime.GOARCH)
	if err != nil {
		l.t.Fatal(err)
	}
	var size int64
	for _, p := range all {
		size += p.Size
	}
	return all, size
}

// cached are the names of the files in the cache's folder of packages.
func (l *lab) cached(pattern string) []string {
	l.t.Helper()
	found, err := filepath.Glob(filepath.Join(l.dir, "packages", pattern))
	if err != nil {
		l.t.Fatal(err)
	}
	return found
}

// startRegistry runs a registry in this process, and returns its address.
func startRegistry(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
