package workload

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/internal/enginetest"
	"labcheck/harness/pace"
	"labcheck/harness/tutorial"
)

// performed returns the workload of a cluster on which the tutorial was done.
func performed(t *testing.T) (*Workload, *enginetest.Cluster) {
	t.Helper()
	f := enginetest.New(harness.Tutorial()).Performed()
	t.Cleanup(f.Close)
	c, err := engine.Open(f.Topology, f.Nodes())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return New(c, func(ctx context.Context, probe func(context.Context) error) error {
		return harness.Until(ctx, 50*time.Millisecond, probe)
	}), f
}

// TestTurn: two runs do not start containers at once, and a run that crashed
// does not keep its turn.
func TestTurn(t *testing.T) {
	t.Parallel()
	w, f := performed(t)
	f.Hosts["manager"].Add(enginetest.Container{
		Name: turnName, Image: Image, Args: []string{"sleep", "70"}, State: "created", Labels: map[string]string{Label: "other"},
	})
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var busy *harness.BusyError
	if err := w.TakeTurn(short); !errors.As(err, &busy) || busy.Run != "other" {
		t.Errorf("%v", err)
	}
	w.turn = false
	time.AfterFunc(300*time.Millisecond, func() { f.Change(func() { f.Hosts["manager"].Uptime = 71 * time.Second }) })
	if err := w.TakeTurn(t.Context()); err != nil {
		t.Error(err)
	}
	got := f.Hosts["manager"].Containers[2]
	if got.Labels[Label] != w.run || got.State != "created" || got.Args[1] != "60" {
		t.Errorf("%+v", got)
	}
	if err := w.TakeTurn(t.Context()); err != nil || len(f.Hosts["manager"].Containers) != 3 {
		t.Errorf("a turn is taken once: %v", err)
	}
}

// TestIsOver: a turn is over once no container of its run's can be left.
func TestIsOver(t *testing.T) {
	made := engine.Container{Created: time.Now(), Args: []string{"sleep", "70"}}
	for after, want := range map[time.Duration]bool{0: false, 69 * time.Second: false, 71 * time.Second: true} {
		for _, args := range [][]string{{"sleep", "70"}, {"70"}} {
			made.Args = args
			if got := isOver(made, made.Created.Add(after)); got != want {
				t.Errorf("%q after %s: %v", args, after, got)
			}
		}
	}
	if isOver(engine.Container{}, time.Now()) {
		t.Error("a turn that is not labcheck's is ended")
	}
	if isOver(made, time.Time{}) {
		t.Error("an engine without a clock ends all turns")
	}
}

// TestRemove removes what the run started and what crashed runs left, and
// nothing else.
func TestRemove(t *testing.T) {
	w, f := performed(t)
	ctx := t.Context()
	ours := map[string]string{Label: w.run}
	others := map[string]string{Label: "other"}
	if err := w.Remove(ctx); err != nil || len(f.Calls()) != 0 {
		t.Errorf("nothing was started: %q, %v", f.Calls(), err)
	}
	if err := errors.Join(append(w.StartOnEach(ctx, "mynet"), w.TakeTurn(ctx))...); err != nil {
		t.Fatal(err)
	}
	store := f.Hosts["store"]
	f.Change(func() {
		store.Add(enginetest.Container{Name: "mine too", Image: Image, Labels: ours})
		store.Add(enginetest.Container{Name: "theirs", Image: Image, Labels: others})
		store.Add(enginetest.Container{Name: "theirs of old", Image: Image, Labels: others, State: "exited"})
		store.Add(enginetest.Container{Name: "a person's", Image: Image, State: "exited"})
	})
	if err := w.Remove(ctx); err != nil {
		t.Fatal(err)
	}
	left := map[string][]string{}
	for name, h := range f.Hosts {
		for _, c := range h.Containers {
			if c.Image == Image {
				left[name] = append(left[name], c.Name)
			}
		}
	}
	if diff := cmp.Diff(map[string][]string{"store": {"theirs", "a person's"}}, left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	calls := f.Calls()
	if last := calls[len(calls)-1]; !strings.HasPrefix(last, "manager: DELETE") || len(w.Started()) != 0 || w.turn {
		t.Errorf("the turn ends last: %s", last)
	}
	if err := w.TakeTurn(ctx); err != nil {
		t.Fatal(err)
	}
	f.Change(func() { f.Hosts["worker01"].Off = true })
	if err := w.Remove(ctx); !errors.Is(err, engine.ErrRefused) {
		t.Errorf("with one that is off: %v", err)
	}
}

func TestIgnoreGone(t *testing.T) {
	other := errors.New("no room")
	for err, want := range map[error]error{engine.ErrNotFound: nil, engine.ErrExists: nil, other: other, nil: nil} {
		if got := ignoreGone(err); !errors.Is(got, want) {
			t.Errorf("%v: %v", err, got)
		}
	}
}

// TestAwaitTold waits for engines to be told, and only of what they are told of.
func TestAwaitTold(t *testing.T) {
	var all []string // the addresses that a container may get
	for i := range 256 {
		all = append(all, fmt.Sprintf("10.0.0.%d", i))
	}
	w, f := performed(t)
	if err := errors.Join(w.StartOnEach(t.Context(), "mynet")...); err != nil {
		t.Fatal(err)
	}
	f.Change(func() { f.Hosts["manager"].Untold = all })
	start := time.Now()
	told := time.AfterFunc(500*time.Millisecond, func() { f.Change(func() { f.Hosts["manager"].Untold = nil }) })
	defer told.Stop()
	if err := w.AwaitTold(t.Context()); err != nil || time.Since(start) < 500*time.Millisecond {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
	for _, c := range w.Started() {
		if len(c.Addrs) != 1 {
			t.Errorf("%+v", c)
		}
	}
	f.Change(func() { // engines are told nothing of bridges
		for _, h := range f.Hosts {
			for i := range h.Networks {
				h.Networks[i].Driver = "bridge"
			}
			h.Untold = all
		}
	})
	start = time.Now()
	if err := w.AwaitTold(t.Context()); err != nil {
		t.Error(err)
	}
	pace.Within(t, "waiting for nothing", time.Since(start), 2*time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.AwaitTold(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// TestPingAll wants the ways that do not carry, each with its ends.
func TestPingAll(t *testing.T) {
	w, f := performed(t)
	if err := errors.Join(w.StartOnEach(t.Context(), "mynet")...); err != nil {
		t.Fatal(err)
	}
	f.Exec = func(from string, _ *enginetest.Container, argv []string) (string, string, int) {
		answer := slices.DeleteFunc(slices.Clone(argv[6:]), func(to string) bool { return from == "store" && strings.HasSuffix(to, "-worker01") })
		return strings.Join(answer, "\n"), "no route", 0
	}
	lost, ran, err := w.PingAll(t.Context(), ByName())
	if err != nil || len(lost) != 1 || lost[0].From.Host != "store" || lost[0].To.Host != "worker01" || lost[0].Said != "no route" {
		t.Errorf("%+v, %v", lost, err)
	}
	if len(ran) != 5 || !slices.Equal(ran[0].Argv[:3], []string{"docker", "exec", w.Started()[0].Name}) {
		t.Errorf("%+v", ran)
	}
	f.Change(func() { f.Hosts["store"].Off = true })
	if _, _, err := w.PingAll(t.Context(), ByName()); !errors.Is(err, engine.ErrRefused) {
		t.Errorf("with one that is off: %v", err)
	}
}

// TestPingScript runs the script with a ping that loses what it is told to.
func TestPingScript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const ping = `#!/bin/sh
for target; do :; done
count=$(cat "$DIR/$target" 2>/dev/null || echo 0)
echo $((count + 1)) >"$DIR/$target"
case $target in
labcheck-test-late) [ "$count" -gt 0 ] && exit; echo "bad address" >&2; exit 1 ;;
labcheck-test-lost) echo "no answer" >&2; exit 1 ;;
labcheck-test-again) [ "$count" -gt 0 ] ;;
esac
`
	if err := os.WriteFile(filepath.Join(dir, "ping"), []byte(ping), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		left, _ := filepath.Glob("/tmp/labcheck-test-*")
		for _, name := range left {
			_ = os.Remove(name)
		}
	})
	run := func(again string, targets ...string) (lines []string, stderr string, took time.Duration) {
		start := time.Now()
		c := exec.CommandContext(t.Context(), "sh", append([]string{"-c", pingScript, "sh", "-c 1", again}, targets...)...)
		c.Env = append(os.Environ(), "DIR="+dir, "PATH="+dir+":"+os.Getenv("PATH"))
		var errs strings.Builder
		c.Stderr = &errs
		out, err := c.Output()
		if err != nil {
			t.Error(err)
		}
		lines = strings.Split(strings.TrimSpace(string(out)), "\n")
		slices.Sort(lines)
		return lines, errs.String(), time.Since(start)
	}
	lines, stderr, took := run("2", "labcheck-test-prompt", "labcheck-test-late", "labcheck-test-again", "labcheck-test-lost")
	want := []string{"labcheck-test-again (packets lost before: 1)", "labcheck-test-late", "labcheck-test-prompt"}
	if diff := cmp.Diff(want, lines); diff != "" || !strings.Contains(stderr, "no answer") || took < tutorial.ActTime {
		t.Errorf("after %s: %s\n%s", took, stderr, diff)
	}
	if lines, _, _ := run("0", "labcheck-test-lost"); lines[0] != "" {
		t.Errorf("what is lost has answered: %q", lines)
	}
}

// TestSample: every container sends to some and is sent to, and the ways are few.
func TestSample(t *testing.T) {
	all := make([]*Container, 100)
	for i := range all {
		all[i] = &Container{}
	}
	got := map[*Container]int{}
	sample := ByName().Sample()
	for i, c := range all {
		for _, to := range sample.peersOf(i, all) {
			if to == c {
				t.Errorf("container %d sends to itself", i)
			}
			got[to]++
		}
	}
	if len(got) != len(all) || sample.CountWays(len(all)) != 700 || ByName().CountWays(5) != 20 {
		t.Errorf("%d are sent to, %d ways of 100, %d of all 5", len(got), sample.CountWays(len(all)), ByName().CountWays(5))
	}
}

// TestTimeOfMany: the page's five hosts get no more time, and each further host does.
func TestTimeOfMany(t *testing.T) {
	for hosts, want := range map[int]time.Duration{2: 0, 5: 0, 6: 8 * time.Second, 100: 760 * time.Second} {
		topology, err := harness.Numbered(hosts, netip.MustParsePrefix("192.168.33.0/24"))
		if err != nil {
			t.Fatal(err)
		}
		if got := TimeOfMany(topology); got != want {
			t.Errorf("%d hosts: %s, want %s", hosts, got, want)
		}
	}
}
