//go:build lab

package images

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/pace"
)

// lab is images of a namespace of the test's own on the real engine, so that
// the images that a user has are neither used nor removed.
type lab struct {
	*Store
	t  *testing.T
	mu sync.Mutex
	// events are what was told, as "image: what".
	events []string
	onTold func(string)
}

func realEngine(t *testing.T) *client.Client {
	t.Helper()
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	return engine
}

// newLab has no images; what it will have is removed with the test.
func newLab(t *testing.T, o Options) *lab {
	l := &lab{t: t, onTold: func(string) {}}
	o.Progress = l.told
	l.Store = New(realEngine(t), o)
	l.namespace = "labcheck-test-" + strings.ToLower(rand.Text()[:8])
	l.dir = t.TempDir()
	t.Cleanup(func() {
		if _, err := l.Remove(context.Background()); err != nil {
			t.Error(err)
		}
		l.nothingLeft()
	})
	return l
}

func (l *lab) told(e Event) {
	l.t.Logf("%6.1f s  %-8s %s", e.Elapsed.Seconds(), e.Image, e.What)
	l.mu.Lock()
	l.events = append(l.events, string(e.Image)+": "+e.What)
	l.mu.Unlock()
	l.onTold(e.What)
}

// takeEvents are the events since the last call.
func (l *lab) takeEvents() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	events := l.events
	l.events = nil
	return events
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
	for _, n := range names() {
		found, err := l.engine.ImageInspect(l.t.Context(), l.ref(n))
		if err == nil {
			all[n] = found.ID
		} else if !isNotFound(err) {
			l.t.Fatal(err)
		}
	}
	return all
}

// nothingLeft fails where a build has left a container or a nameless image.
func (l *lab) nothingLeft() {
	l.t.Helper()
	id, err := os.ReadFile(filepath.Join(l.dir, "build.lock"))
	if err != nil {
		return // nothing was built
	}
	mine := filters.Arg("label", labelBuilder+"="+string(id))
	if n := l.danglingOf(string(id)); n > 0 {
		l.t.Errorf("%d images are left", n)
	}
	running, err := l.engine.ContainerList(context.Background(), container.ListOptions{All: true, Filters: filters.NewArgs(mine)})
	if err != nil || len(running) > 0 {
		l.t.Errorf("containers are left: %v, %v", running, err)
	}
	files, err := filepath.Glob(filepath.Join(l.dir, "*"))
	if err != nil || len(files) != 1 {
		l.t.Errorf("files are left: %v, %v", files, err)
	}
}

// danglingOf is how many nameless images a builder has left.
func (l *lab) danglingOf(id string) int {
	l.t.Helper()
	return l.danglingWith(labelBuilder + "=" + id)
}

func (l *lab) danglingWith(label string) int {
	l.t.Helper()
	left, err := l.engine.ImageList(context.Background(), image.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", label), filters.Arg("dangling", "true"),
	)})
	if err != nil {
		l.t.Fatal(err)
	}
	return len(left)
}

// ensure makes what is missing and returns the images that were built.
func (l *lab) ensure() []string {
	l.t.Helper()
	l.takeEvents()
	if err := l.Ensure(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	l.nothingLeft()
	var built []string
	for _, e := range l.takeEvents() {
		if name, ok := strings.CutSuffix(e, ": built"); ok {
			built = append(built, name)
		}
	}
	slices.Sort(built)
	return built
}

// TestLife builds everything from nothing, as a new user does, and goes on
// with what came of it: that takes minutes, and once is enough. By day what was
// compiled once is not compiled again.
func TestLife(t *testing.T) {
	l := newLab(t, Options{})
	if pace.Thorough() {
		t.Setenv("GOCACHE", t.TempDir())
	}
	idle := isIdle()
	begin := time.Now()
	l.onTold = func(what string) {
		if strings.Contains(what, "installing essential packages") {
			onlyItsOwn(t)
		}
	}
	if diff := cmp.Diff([]string{"consul", "node", "swarm", "workload"}, l.ensure()); diff != "" {
		t.Fatal(diff)
	}
	took := time.Since(begin)
	l.onTold = func(string) {}
	t.Logf("cold build: %s", took)
	if idle {
		pace.Within(t, "the cold build", took, 3*time.Minute) // README's words
	}
	step := func(name string, do func(*lab)) {
		t.Run(name, func(t *testing.T) { l.t = t; do(l) })
		l.t = t
	}
	step("second build", secondBuild)
	step("swarm", runSwarm)
	step("workload", runWorkload)
	step("consul", runConsul)
	step("failing step", failingStep)
	step("cancelled", cancelled)
	step("killed", killed)
	step("two at once", twoAtOnce)
	step("registry", fromRegistry)
	step("changed recipe", changedRecipe)
	step("save and load", saveAndLoad)
}

// onlyItsOwn waits until the tool that makes the base has mounted something, which
// nobody else may see: it goes with the tool also when that is killed.
func onlyItsOwn(t *testing.T) {
	ours := []byte(filepath.Join(os.TempDir(), "labcheck-"))
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(5*time.Second))
	defer cancel()
	err := harness.Until(ctx, 10*time.Millisecond, func(context.Context) error {
		all, err := filepath.Glob("/proc/[0-9]*/mountinfo")
		for _, file := range all {
			mounts, _ := os.ReadFile(file) // its process may just have ended
			if bytes.Contains(mounts, ours) {
				return nil
			}
		}
		return errors.Join(errors.New("no process has mounted anything"), err)
	})
	if err != nil {
		t.Error(err)
	}
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err != nil || bytes.Contains(mounts, ours) {
		t.Errorf("the tool mounts for everybody: %s, %v", mounts, err)
	}
}

// isIdle says whether nothing else is at work here, so that times mean
// something: the load of the last minute, where the system tells it.
func isIdle() bool {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return false
	}
	var load float64
	_, err = fmt.Sscan(string(content), &load)
	return err == nil && load < 1
}

func secondBuild(l *lab) {
	before, begin := l.ids(), time.Now()
	if built := l.ensure(); built != nil {
		l.t.Errorf("built again: %v", built)
	}
	pace.Within(l.t, "to find that there is nothing to do", time.Since(begin), time.Second)
	if diff := cmp.Diff(before, l.ids()); diff != "" {
		l.t.Error(diff)
	}
}

func changedRecipe(l *lab) {
	before := l.ids()
	original := l.recipes
	dockerfile, err := fs.ReadFile(original, "swarm/Dockerfile")
	if err != nil {
		l.t.Fatal(err)
	}
	l.recipes = changed(l.t, map[string]string{"swarm/Dockerfile": string(dockerfile) + "LABEL changed=yes\n"})
	if diff := cmp.Diff([]string{"swarm"}, l.ensure()); diff != "" {
		l.t.Error(diff)
	}
	after := l.ids()
	if after[Swarm] == before[Swarm] {
		l.t.Error("the changed image is the same")
	}
	after[Swarm] = before[Swarm]
	if diff := cmp.Diff(before, after); diff != "" {
		l.t.Errorf("others changed:\n%s", diff)
	}
	list, err := l.List(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	l.recipes = original
	old := l.ref(Swarm)
	var stale []string
	for _, i := range list {
		if i.Stale {
			stale = append(stale, i.Ref)
		}
		if !i.Present || i.Size == 0 || time.Since(i.Created) > time.Hour {
			l.t.Errorf("%+v", i)
		}
	}
	if !slices.Contains(stale, old) || slices.ContainsFunc(names(), func(n Name) bool { return n != Swarm && slices.Contains(stale, l.ref(n)) }) {
		l.t.Errorf("stale are %v, want %s", stale, old)
	}
}

func saveAndLoad(l *lab) {
	before := l.ids()
	first := l.save()
	if again := l.save(); !bytes.Equal(first, again) {
		l.t.Error("saved twice, and other bytes")
	}
	l.removeInUse()
	if _, err := l.Remove(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	if left := l.ids(); len(left) > 0 {
		l.t.Fatalf("removed, and there is %v", left)
	}
	l.refuseDamaged(first)
	begin := time.Now()
	if err := l.Load(l.t.Context(), bytes.NewReader(first)); err != nil {
		l.t.Fatal(err)
	}
	l.t.Logf("load: %s", time.Since(begin))
	if diff := cmp.Diff(before, l.ids()); diff != "" {
		l.t.Error(diff)
	}
	if built := l.ensure(); built != nil {
		l.t.Errorf("loaded, and built again: %v", built)
	}
	if again := l.save(); !bytes.Equal(first, again) {
		l.t.Error("loaded and saved, and other bytes")
	}
}

func (l *lab) removeInUse() {
	l.t.Helper()
	used := l.ref(Workload)
	id := l.start(container.Config{Image: used}, "bridge")
	defer l.discard(id)
	removed, err := l.Remove(l.t.Context())
	if err == nil || !strings.Contains(err.Error(), used+" is in use by "+l.nameOf(id)) {
		l.t.Errorf("removed what is in use: %v", err)
	}
	if slices.Contains(removed, used) || !slices.Contains(removed, l.ref(base)) || !slices.Contains(removed, l.ref(Node)) {
		l.t.Errorf("removed %v", removed)
	}
	if left := l.ids(); len(left) != 1 || left[Workload] == "" {
		l.t.Errorf("left are %v", left)
	}
}

func (l *lab) save() []byte {
	l.t.Helper()
	var b bytes.Buffer
	begin := time.Now()
	if err := l.Save(l.t.Context(), &b); err != nil {
		l.t.Fatal(err)
	}
	l.t.Logf("save: %d bytes in %s", b.Len(), time.Since(begin))
	l.nothingLeft()
	return b.Bytes()
}

func (l *lab) refuseDamaged(pack []byte) {
	l.t.Helper()
	flipped := bytes.Clone(pack)
	flipped[len(flipped)/2] ^= 1
	other := New(l.engine, Options{})
	other.namespace, other.recipes = l.namespace, changed(l.t, map[string]string{"node/another": ""})
	for name, err := range map[string]error{
		"half":             l.Load(l.t.Context(), bytes.NewReader(pack[:len(pack)/2])),
		"the end cut off":  l.Load(l.t.Context(), bytes.NewReader(pack[:len(pack)-1])),
		"a bit flipped":    l.Load(l.t.Context(), bytes.NewReader(flipped)),
		"another labcheck": other.Load(l.t.Context(), bytes.NewReader(pack)),
	} {
		if !errors.Is(err, ErrPack) {
			l.t.Errorf("%s: got %v, want ErrPack", name, err)
		}
	}
	if left := l.ids(); len(left) > 0 {
		l.t.Errorf("refused, and there is %v", left)
	}
}
