//go:build lab

package images

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	dockerimage "github.com/docker/docker/api/types/image"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/pace"
	"labcheck/harness/prereq"
	"labcheck/sim/images/oci"
)

// TestLife makes everything from nothing, as a new user does, and goes on with
// what came of it.
func TestLife(t *testing.T) {
	m := newDebianMirror(t)
	l := newLab(t, Options{DebianMirror: m.url})
	for _, step := range []struct {
		name string
		do   func(*lab, *debianMirror)
	}{
		{"interrupted download", interruptedDownload},
		{"two at once", twoAtOnce},
		{"again", again},
		{"programs", func(l *lab, _ *debianMirror) { runPrograms(l) }},
		{"names", func(l *lab, _ *debianMirror) { lookUp(l) }},
		{"sshd", withSSHD},
		{"stale", stale},
		{"from the cache", fromCache},
		{"save and load", saveAndLoad},
		{"on the engine only", onEngineOnly},
		{"registry", func(l *lab, m *debianMirror) { throughRegistry(l, m, startRegistry(l.t)+"/some/path") }},
		{"docker-registry", func(l *lab, m *debianMirror) { throughRegistry(l, m, startDockerRegistry(l.t)) }},
		{"registry without them", registryWithoutThem},
		{"interrupted load", interruptedLoad},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(l, m) }) {
			break // what follows needs it
		}
	}
	l.t = t
}

// interruptedDownload leaves no image, and a part of the packages.
func interruptedDownload(l *lab, m *debianMirror) {
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(l.t.Context())
	first := l.with(Options{DebianMirror: m.url})
	first.onTold = func(e Event) {
		if strings.Contains(e.What, "/s") {
			cancel(interrupted)
		}
	}
	m.slow.Store(true)
	defer m.slow.Store(false)
	if err := first.Ensure(ctx); !errors.Is(err, interrupted) {
		l.t.Errorf("got %v, want the cause", err)
	}
	if there := l.ids(); len(there) > 0 {
		l.t.Errorf("there are %v", there)
	}
	if len(l.cached("*.part")) == 0 {
		l.t.Error("no download was interrupted")
	}
}

// twoAtOnce has two labchecks make the images of one cache, with what there is
// of the packages.
func twoAtOnce(l *lab, m *debianMirror) {
	whole := len(l.cached("*.deb"))
	var have int64
	for _, file := range l.cached("*") {
		info, err := os.Stat(file)
		if err != nil {
			l.t.Fatal(err)
		}
		have += info.Size()
	}
	m.take()
	packages, size := l.packages()
	if plan, err := l.Plan(l.t.Context()); err != nil || plan.Download != size-have {
		l.t.Errorf("%d bytes are planned, want %d: %v", plan.Download, size-have, err)
	}
	other := l.with(Options{DebianMirror: m.url})
	var both errgroup.Group
	begin := time.Now()
	both.Go(func() error { return l.Ensure(l.t.Context()) })
	both.Go(func() error { return other.Ensure(l.t.Context()) })
	if err := both.Wait(); err != nil {
		l.t.Fatal(err)
	}
	pace.Within(l.t, "to make all images", time.Since(begin), 2*time.Minute)
	asked, sent := m.take()
	if want := len(packages) - whole; len(asked) != want || sent != size-have {
		l.t.Errorf("%d packages and %d bytes were sent, want %d and %d", len(asked), sent, want, size-have)
	}
	for path, n := range asked {
		if n != 1 {
			l.t.Errorf("%s was asked for %d times", path, n)
		}
	}
	for _, what := range []string{"compiling", "waiting for"} {
		if l.wasTold(what) == other.wasTold(what) {
			l.t.Errorf("%s: both, or none", what)
		}
	}
	for n := range l.asComputed() {
		if n == SSHD {
			l.t.Error("there is an image for tests")
		}
	}
}

// asComputed wants all images of a lab to be there with the digests that they
// have everywhere.
func (l *lab) asComputed() map[Name]string {
	l.t.Helper()
	there := l.ids()
	for _, n := range names() {
		if there[n] == "" {
			l.t.Fatalf("%s is not there", n)
		}
		want := computedImages(l.t)[n]
		config, err := want.ConfigName()
		if err != nil {
			l.t.Fatal(err)
		}
		// Which of the two an engine names its images by depends on its store.
		if id := there[n]; id != config.String() && id != digestOf(l.t, want).String() {
			l.t.Errorf("%s is %s, want %s or %s", n, id, config, digestOf(l.t, want))
		}
	}
	return there
}

func again(l *lab, m *debianMirror) {
	before := l.ids()
	second := l.with(Options{DebianMirror: m.url})
	begin := time.Now()
	second.ensure()
	pace.Within(l.t, "to find that there is nothing to do", time.Since(begin), time.Second)
	if asked, _ := m.take(); len(asked) > 0 || second.wasTold("") {
		l.t.Errorf("asked for %v, told %v", asked, second.events)
	}
	if diff := cmp.Diff(before, l.ids()); diff != "" {
		l.t.Error(diff)
	}
	list, err := l.List(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	for at, i := range list {
		_, size, _ := knownImage(i.Name, runtime.GOARCH)
		if i.Name != names()[at] || i.Ref != l.ref(i.Name) || !i.Present || i.Stale || i.Size != size {
			l.t.Errorf("%+v, want %d bytes", i, size)
		}
	}
	if plan, err := l.Plan(l.t.Context()); err != nil || plan.Missing != nil {
		l.t.Errorf("the plan is %+v, %v", plan, err)
	}
}

// withSSHD makes the image for tests, which is listed if it is there.
func withSSHD(l *lab, m *debianMirror) {
	plan, err := l.Plan(l.t.Context(), SSHD)
	if diff := cmp.Diff([]Name{SSHD}, plan.Missing); err != nil || diff != "" || plan.Download == 0 {
		l.t.Errorf("%+v, %v\n%s", plan, err, diff)
	}
	l.ensure(SSHD)
	if _, sent := m.take(); sent != plan.Download {
		l.t.Errorf("%d bytes were sent, planned are %d", sent, plan.Download)
	}
	list, err := l.List(l.t.Context())
	if last := list[len(list)-1]; err != nil || last.Name != SSHD || !last.Present {
		l.t.Errorf("%+v, %v", list, err)
	}
	const script = `set -e
		mkdir -p /run/sshd
		ssh-keygen -q -t ed25519 -N '' -f /tmp/key
		/usr/sbin/sshd -T -f /dev/null -h /tmp/key
		sudo -l -U ops`
	if out := l.run(SSHD, "sh", "-c", script); !strings.Contains(out, "NOPASSWD: ALL") {
		l.t.Errorf("%q", out)
	}
}

// stale has names of recipes that this labcheck does not have, and names of the
// user's own.
func stale(l *lab, _ *debianMirror) {
	var old []string
	for _, name := range []string{"base:0123456789ab", "workload:000000000000"} {
		old = append(old, l.namespace+"/"+name)
	}
	own := []string{l.namespace + "/workload:mine", l.namespace + "/other:0123456789ab", l.namespace + "-mine:latest"}
	for _, to := range slices.Concat(old, own) {
		if err := l.engine.ImageTag(l.t.Context(), l.ref(Workload), to); err != nil {
			l.t.Fatal(err)
		}
	}
	defer func() {
		for _, ref := range own {
			if _, err := l.engine.ImageRemove(context.Background(), ref, dockerimage.RemoveOptions{}); err != nil {
				l.t.Errorf("the user's %s: %v", ref, err)
			}
		}
	}()
	list, err := l.List(l.t.Context())
	var got []string
	for _, i := range list {
		if i.Stale {
			got = append(got, i.Ref)
		}
	}
	if diff := cmp.Diff(old, got); err != nil || diff != "" {
		l.t.Errorf("stale: %v\n%s", err, diff)
	}
	used := l.namespace + "/node:0123456789ab"
	l.loadUnique(used)
	id := l.create(used, "none", "true")
	_, err = l.Remove(l.t.Context())
	if err == nil || !strings.Contains(err.Error(), used+" is in use by ") {
		l.t.Errorf("removed what is in use: %v", err)
	}
	l.discard(id)
	if diff := cmp.Diff([]string{used}, l.removeAll()); diff != "" {
		l.t.Error(diff)
	}
}

// loadUnique loads an image that has no other name: else an engine takes away
// the name of one that is in use.
func (l *lab) loadUnique(ref string) {
	l.t.Helper()
	unique := imageOf(l.t, "unique", runtime.GOARCH, layerOf(l.t, map[string]string{"unique": rand.Text()}))
	if err := l.loadImages(l.t.Context(), []namedImage{{oci.NamedImage{Image: unique, Refs: []string{ref}}, "unique"}}); err != nil {
		l.t.Fatal(err)
	}
}

// remove removes all, and returns what was there.
func (l *lab) removeAll() []string {
	l.t.Helper()
	removed, err := l.Remove(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	if left := l.ids(); len(left) > 0 {
		l.t.Errorf("left are %v", left)
	}
	return removed
}

// fromCache has the images removed and made again, for which nothing is
// downloaded, asked for or compiled. A cache that was cut off is made again.
func fromCache(l *lab, m *debianMirror) {
	l.ensure()
	before := l.ids()
	l.removeAll()
	m.take()
	r := l.with(Options{DebianMirror: m.url, Registry: startRegistry(l.t)})
	plan, err := r.Plan(l.t.Context())
	if err != nil || len(plan.Missing) != len(names()) || plan.Lacking != nil || plan.Download != 0 {
		l.t.Errorf("the plan is %+v, %v", plan, err)
	}
	if said := plan.In(lang.English); !strings.Contains(said, "from the cache") {
		l.t.Errorf("the plan is %q", said)
	}
	begin := time.Now()
	r.ensure()
	pace.Within(l.t, "to load the images again", time.Since(begin), 30*time.Second)
	asked, _ := m.take()
	if len(asked) > 0 || r.wasTold("compiling") || r.wasTold("asking") {
		l.t.Errorf("asked for %v, told %v", asked, r.events)
	}
	if diff := cmp.Diff(before, l.asComputed()); diff != "" {
		l.t.Error(diff)
	}
	l.removeAll()
	if err := os.Truncate(filepath.Join(l.dir, "images", "index.json"), 100); err != nil {
		l.t.Fatal(err)
	}
	r = l.with(Options{DebianMirror: m.url})
	r.ensure()
	if !r.wasTold("compiling") {
		l.t.Errorf("a cache that was cut off was trusted: %v", r.events)
	}
	if diff := cmp.Diff(before, l.asComputed()); diff != "" {
		l.t.Error(diff)
	}
}

func saveAndLoad(l *lab, m *debianMirror) {
	l.ensure()
	if asked, _ := m.take(); len(asked) > 0 {
		l.t.Errorf("downloaded again: %v", asked)
	}
	before, first := l.asComputed(), l.save()
	if !bytes.Equal(first, l.save()) {
		l.t.Error("saved twice, and other bytes")
	}
	l.removeAll()
	empty := l.with(Options{})
	empty.dir = l.t.TempDir()
	flipped := bytes.Clone(first)
	flipped[len(flipped)/2] ^= 1
	for name, content := range map[string][]byte{"half": first[:len(first)/2], "flipped": flipped} {
		if err := empty.Load(l.t.Context(), bytes.NewReader(content)); !errors.Is(err, ErrArchive) || len(l.ids()) > 0 {
			l.t.Errorf("%s: got %v, and there is %v", name, err, l.ids())
		}
	}
	begin := time.Now()
	if err := empty.Load(l.t.Context(), bytes.NewReader(first)); err != nil {
		l.t.Fatal(err)
	}
	l.t.Logf("loaded after %s", time.Since(begin))
	if diff := cmp.Diff(before, l.asComputed()); diff != "" {
		l.t.Error(diff)
	}
	if !bytes.Equal(first, empty.save()) || empty.wasTold("compiling") {
		l.t.Error("loaded and saved, and other bytes, or made again")
	}
	var one bytes.Buffer
	if err := l.Archive(l.t.Context(), Swarm, &one); err != nil {
		l.t.Fatal(err)
	}
	all, err := oci.ReadArchive(&one, l.t.TempDir())
	if err != nil || len(all) != len(InNode(Swarm)) || digestOf(l.t, all[0]) != digestOf(l.t, computedImages(l.t)[Swarm]) {
		l.t.Errorf("one image: %v, %v", all, err)
	}
}

// onEngineOnly saves and pushes images that are not in the cache: a registry has
// some of them, and the others are computed.
func onEngineOnly(l *lab, m *debianMirror) {
	want, full := l.save(), startRegistry(l.t)
	other := l.with(Options{DebianMirror: m.url})
	other.dir = l.t.TempDir()
	if !bytes.Equal(want, other.save()) || !other.wasTold("compiling") {
		l.t.Error("computed and saved, and other bytes")
	}
	push := l.with(Options{DebianMirror: m.url, Registry: full})
	push.dir = l.t.TempDir()
	if err := push.Push(l.t.Context()); err != nil || !push.wasTold("compiling") {
		l.t.Fatalf("%v, told %v", err, push.events)
	}
	m.take()
	pulled := l.with(Options{DebianMirror: m.url, Registry: full})
	pulled.dir = l.t.TempDir()
	if !bytes.Equal(want, pulled.save()) || pulled.wasTold("compiling") {
		l.t.Error("pulled and saved, and other bytes")
	}
	if asked, _ := m.take(); len(asked) > 0 {
		l.t.Errorf("asked for %v", asked)
	}
}

func (l *lab) save() []byte {
	l.t.Helper()
	var b bytes.Buffer
	if err := l.Save(l.t.Context(), &b); err != nil {
		l.t.Fatal(err)
	}
	return b.Bytes()
}

// throughRegistry pushes the images, removes them, and has them pulled.
func throughRegistry(l *lab, m *debianMirror, address string) {
	before := l.ids()
	r := l.with(Options{DebianMirror: m.url, Registry: address})
	if err := r.Push(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	own := l.namespace + "-mine:latest"
	if err := l.engine.ImageTag(l.t.Context(), l.ref(Node), own); err != nil {
		l.t.Fatal(err)
	}
	l.removeAll()
	r.dir = l.t.TempDir() // with nothing in the cache
	r.ensure()
	if asked, _ := m.take(); len(asked) > 0 {
		l.t.Errorf("the mirror was asked for %v", asked)
	}
	if diff := cmp.Diff(before, l.asComputed()); diff != "" {
		l.t.Error(diff)
	}
	found, err := l.engine.ImageInspect(l.t.Context(), own)
	if err != nil || found.ID != before[Node] {
		l.t.Errorf("the user's own name: %v", err)
	}
	if all := append(found.RepoTags, found.RepoDigests...); strings.Contains(strings.Join(all, " "), address) {
		l.t.Errorf("the registry's name is left: %v", all)
	}
	if _, err := l.engine.ImageRemove(l.t.Context(), own, dockerimage.RemoveOptions{}); err != nil {
		l.t.Error(err)
	}
}

// registryWithoutThem has images computed that a registry lacks.
func registryWithoutThem(l *lab, m *debianMirror) {
	before := l.ids()
	if err := l.remove(l.t.Context(), l.ref(Workload)); err != nil {
		l.t.Fatal(err)
	}
	r := l.with(Options{DebianMirror: m.url, Registry: startRegistry(l.t)})
	r.dir = l.t.TempDir()
	r.ensure()
	if !r.wasTold("the registry does not have it") {
		l.t.Errorf("told %v", r.events)
	}
	if diff := cmp.Diff(before, l.ids()); diff != "" {
		l.t.Error(diff)
	}
}

// interruptedLoad is made up for by the next labcheck.
func interruptedLoad(l *lab, m *debianMirror) {
	before := l.ids()
	l.removeAll()
	ctx, cancel := context.WithCancel(l.t.Context())
	first := l.with(Options{DebianMirror: m.url})
	first.onTold = func(e Event) {
		if e.Image == NodeWithConsul && strings.Contains(e.What, "loading") {
			cancel()
		}
	}
	if err := first.Ensure(ctx); !errors.Is(err, context.Canceled) {
		l.t.Errorf("got %v", err)
	}
	if there := l.ids(); there[Node] != "" || there[NodeWithConsul] != "" {
		l.t.Errorf("there are %v", there)
	}
	l.ensure()
	if diff := cmp.Diff(before, l.ids()); diff != "" {
		l.t.Error(diff)
	}
}

// startDockerRegistry runs Debian's docker-registry.
func startDockerRegistry(t *testing.T) (address string) {
	t.Helper()
	program := prereq.Program(t, "docker-registry", "apt-get install docker-registry")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	_ = listener.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	text := "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n" +
		"storage: {filesystem: {rootdirectory: " + dir + "}}\nhttp: {addr: " + address + "}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := exec.Command(program, "serve", config)
	if err := registry.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = registry.Process.Kill()
		_ = registry.Wait()
	})
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(10*time.Second))
	defer cancel()
	if err := harness.Until(ctx, 50*time.Millisecond, func(ctx context.Context) error {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			err = c.Close()
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return address
}

// TestDeadSources asks a registry and a mirror that can't answer.
func TestDeadSources(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connections are made, and nothing is ever said
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, c := range map[string]struct {
		options Options
		address string
	}{
		"closed registry": {Options{Registry: closed.Addr().String()}, closed.Addr().String()},
		"silent registry": {Options{Registry: silent.Addr().String()}, silent.Addr().String()},
		"closed mirror":   {Options{DebianMirror: "http://" + closed.Addr().String()}, closed.Addr().String()},
		"silent mirror":   {Options{DebianMirror: "http://" + silent.Addr().String()}, silent.Addr().String()},
	} {
		l := newLab(t, c.options)
		begin := time.Now()
		err := l.Ensure(t.Context())
		t.Logf("%s: %s: %v", name, time.Since(begin).Round(time.Millisecond), err)
		if err == nil || !strings.Contains(err.Error(), c.address) {
			t.Errorf("%s: the error does not name it: %v", name, err)
		}
		pace.Within(t, name, time.Since(begin), 12*time.Second)
	}
}
