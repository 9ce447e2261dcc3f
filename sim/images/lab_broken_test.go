//go:build lab

package images

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/pace"
)

// quick is recipes that take seconds. The workload's is the given one.
func quick(t *testing.T, dockerfile string) fs.FS {
	const none = "ARG BASE\nFROM ${BASE}\nRUN true\n"
	return changed(t, map[string]string{
		"node/Dockerfile": none, "consul/Dockerfile": none,
		"swarm/Dockerfile":    "FROM scratch\nCOPY swarm /swarm\n",
		"workload/Dockerfile": dockerfile,
	})
}

// with has other recipes for the time of a test.
func (l *lab) with(recipes fs.FS) {
	before := l.recipes
	l.recipes = recipes
	l.t.Cleanup(func() { l.recipes = before })
}

func failingStep(l *lab) {
	l.with(quick(l.t, "ARG BASE\nFROM ${BASE} AS first\nRUN true\nFROM ${BASE}\nRUN echo so far so good; ls /nowhere\n"))
	err := l.Ensure(l.t.Context())
	var failed *BuildError
	if !errors.As(err, &failed) || failed.Image != Workload || !strings.Contains(failed.Step, "ls /nowhere") {
		l.t.Fatalf("got %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "non-zero code: 2\n    so far so good\n    ls: cannot access '/nowhere'") {
		l.t.Errorf("got %s", text)
	}
	l.nothingLeft()
	if l.ids()[Workload] != "" {
		l.t.Error("it has a name")
	}
}

const endless = "ARG BASE\nFROM ${BASE} AS first\nRUN true\nFROM ${BASE}\nRUN sleep 300\n"

func cancelled(l *lab) {
	l.with(quick(l.t, endless))
	ctx, cancel := context.WithCancel(l.t.Context())
	var at time.Time
	l.onTold = func(what string) {
		if strings.Contains(what, "RUN sleep 300") {
			at = time.Now()
			cancel()
		}
	}
	defer func() { l.onTold = func(string) {} }()
	if err := l.Ensure(ctx); !errors.Is(err, context.Canceled) {
		l.t.Errorf("got %v", err)
	}
	pace.Within(l.t, "to stop", time.Since(at), 5*time.Second)
	l.nothingLeft()
}

// TestCancelledTools ends while the base is made and Swarm compiles.
func TestCancelledTools(t *testing.T) {
	l := newLab(t, Options{})
	t.Setenv("GOCACHE", t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	var at time.Time
	l.onTold = func(what string) {
		if strings.Contains(what, "extracting archives") {
			at = time.Now()
			cancel()
		}
	}
	err := l.Ensure(ctx)
	if at.IsZero() && err == nil {
		t.Skip("the base was pulled: there was nothing to cut off")
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	pace.Within(t, "to stop", time.Since(at), 15*time.Second)
	l.nothingLeft()
	if left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); err != nil || len(left) > 0 {
		t.Errorf("the tools left %v, %v", left, err)
	}
}

// killed kills a labcheck that builds. The engine ends the build; what it has
// made by then is found by the next.
func killed(l *lab) {
	child := exec.Command(os.Args[0], "-test.run=^TestKilledChild$", "-test.v")
	child.Env = append(os.Environ(), "LABCHECK_TEST_NAMESPACE="+l.namespace, "LABCHECK_TEST_DIR="+l.dir)
	out, err := child.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		l.t.Fatal(err)
	}
	for s := bufio.NewScanner(out); s.Scan() && !strings.Contains(s.Text(), "RUN sleep 300"); {
		l.t.Log("child:", s.Text())
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	ctx, cancel := context.WithTimeout(l.t.Context(), pace.Limit(15*time.Second))
	defer cancel()
	b, err := l.builder(ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	id := b.id
	if err := b.close(); err != nil {
		l.t.Fatal(err)
	}
	if n := l.danglingOf(id); n == 0 {
		l.t.Error("the killed build left no image: this tests nothing")
	}
	if err := l.Sweep(ctx); err != nil {
		l.t.Error(err)
	}
	l.nothingLeft()
}

// TestKilledChild is the labcheck that killed kills.
func TestKilledChild(t *testing.T) {
	dir := os.Getenv("LABCHECK_TEST_DIR")
	if dir == "" {
		t.Skip("it is run by TestLife")
	}
	s := New(realEngine(t), Options{Progress: func(e Event) { _, _ = os.Stdout.WriteString(string(e.Image) + " " + e.What + "\n") }})
	s.namespace, s.dir, s.recipes = os.Getenv("LABCHECK_TEST_NAMESPACE"), dir, quick(t, endless)
	t.Error(s.Ensure(t.Context()))
}

// twoAtOnce builds the same with two labchecks of one user, and of two.
func twoAtOnce(l *lab) {
	for name, dir := range map[string]string{"one user": l.dir, "two users": l.t.TempDir()} {
		l.with(quick(l.t, "ARG BASE\nFROM ${BASE} AS files\nRUN sleep 1; echo "+name+" > /here\nFROM scratch\nCOPY --from=files /here /\n"))
		other := New(l.engine, Options{})
		other.namespace, other.recipes, other.dir = l.namespace, l.recipes, dir
		var both errgroup.Group
		both.Go(func() error { return l.Ensure(l.t.Context()) })
		both.Go(func() error { return other.Ensure(l.t.Context()) })
		if err := both.Wait(); err != nil {
			l.t.Errorf("%s: %v", name, err)
		}
		if there := l.ids(); len(there) != len(names()) {
			l.t.Errorf("%s: there are %v", name, there)
		}
		if n := l.danglingWith(labelRecipe + "=" + hashOf(l.ref(Workload))); n > 0 {
			l.t.Errorf("%s: %d images lost their name", name, n)
		}
		l.nothingLeft()
	}
}

// fromRegistry pulls the base and Swarm, on a machine that has no tools.
func fromRegistry(l *lab) {
	address := startRegistry(l.t)
	for from, to := range map[string]string{l.ref(base): bases()[0], l.ref(Swarm): swarmPublished} {
		l.push(from, address+"/"+to)
	}
	other := newLab(l.t, Options{Registry: address})
	other.recipes = quick(l.t, "ARG BASE\nFROM ${BASE}\nRUN true\n")
	l.t.Setenv("PATH", l.t.TempDir())
	other.takeEvents()
	if err := other.Ensure(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	events := strings.Join(other.takeEvents(), "\n")
	for _, want := range []string{"base: pulled", "swarm: pulled", "node: built"} {
		if !strings.Contains(events, want) {
			l.t.Errorf("not told: %s", want)
		}
	}
	if there := other.ids(); len(there) != len(names()) || there[Swarm] != l.ids()[Swarm] {
		l.t.Errorf("there are %v", there)
	}
	other.nothingLeft()
	left, err := l.engine.ImageList(l.t.Context(), image.ListOptions{})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, i := range left {
		if names := strings.Join(append(i.RepoTags, i.RepoDigests...), " "); strings.Contains(names, address) {
			l.t.Errorf("the name it was pulled by is left: %s", names)
		}
	}
}

// startRegistry runs Debian's docker-registry.
func startRegistry(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	_ = listener.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	text := "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: " + dir + "}}\nhttp: {addr: " + address + "}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := exec.Command("docker-registry", "serve", config)
	if err := registry.Start(); err != nil {
		t.Fatalf("apt-get install docker-registry: %v", err)
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

func (l *lab) push(from, to string) {
	l.t.Helper()
	if err := l.engine.ImageTag(l.t.Context(), from, to); err != nil {
		l.t.Fatal(err)
	}
	answer, err := l.engine.ImagePush(l.t.Context(), to, image.PushOptions{RegistryAuth: "e30="})
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Close()
	if err := readMessages(answer, func(message) {}); err != nil {
		l.t.Fatal(err)
	}
	found, err := l.engine.ImageInspect(l.t.Context(), to)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, name := range append(found.RepoDigests, to) {
		if _, err := l.engine.ImageRemove(l.t.Context(), name, image.RemoveOptions{}); err != nil {
			l.t.Fatal(err)
		}
	}
}

// TestDeadRegistry asks registries that can't answer.
func TestDeadRegistry(t *testing.T) {
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
	for name, c := range map[string]struct{ address, want string }{
		"closed": {closed.Addr().String(), "refused"},
		"silent": {silent.Addr().String(), "no answer within 3s"},
	} {
		l := newLab(t, Options{Registry: c.address})
		begin := time.Now()
		err := l.Ensure(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.address) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
		pace.Within(t, name, time.Since(begin), 3300*time.Millisecond)
	}
}

// TestDebootstrap makes a base where there is no mmdebstrap.
func TestDebootstrap(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("debootstrap needs root")
	}
	t.Setenv("PATH", pathWithout(t, "mmdebstrap", "go"))
	l := newLab(t, Options{})
	b, err := l.builder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = b.importRoot(t.Context(), l.ref(base))
	if err := errors.Join(err, b.close()); err != nil {
		t.Fatalf("apt-get install debootstrap: %v", err)
	}
	id := l.start(container.Config{Image: l.ref(base), Cmd: []string{"sh", "-c", "grep -q ^11 /etc/debian_version && apt-get --version"}}, "none")
	l.ended(id)
	l.discard(id)
}

// pathWithout is a PATH with all that this machine's has but some programs.
func pathWithout(t *testing.T, programs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, from := range filepath.SplitList(os.Getenv("PATH")) {
		all, _ := filepath.Glob(filepath.Join(from, "*"))
		for _, program := range all {
			if name := filepath.Base(program); !slices.Contains(programs, name) {
				_ = os.Symlink(program, filepath.Join(dir, name)) // the first of a name counts
			}
		}
	}
	return dir
}
