//go:build lab

package sim

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/pace"
	"labcheck/harness/subnettest"
)

func open(t *testing.T, o Options) *Lab {
	t.Helper()
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Down(context.Background()); err != nil {
			t.Error(err)
		}
		l.Close()
	})
	return l
}

func up(t *testing.T, o Options) (*Lab, []harness.Node) {
	t.Helper()
	l := open(t, o)
	nodes, err := l.Up(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l, nodes
}

// testOptions are for a lab on a free subnet. What an interrupted run has left of
// the lab is removed.
func testOptions(t *testing.T, lab string) Options {
	t.Helper()
	o := Options{Lab: lab, Subnet: subnettest.ForLab(t, lab)}
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Down(t.Context()), l.Close()); err != nil {
		t.Fatal(err)
	}
	return o
}

// everything is what the engine has of labs whose names begin like this, and of no
// lab; but what other labs do meanwhile is not our affair.
func everything(t *testing.T, lab string) []string {
	t.Helper()
	link, err := connect(context.Background(), newSelection("", os.Getenv), netip.Prefix{})
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	engine := link.client
	ctx := context.Background()
	var all []string
	containers, err1 := engine.ContainerList(ctx, container.ListOptions{All: true})
	for _, c := range containers {
		if !foreign(c.Labels, lab) {
			all = append(all, "container "+c.ID)
		}
	}
	volumes, err2 := engine.VolumeList(ctx, volume.ListOptions{})
	for _, v := range volumes.Volumes {
		if !foreign(v.Labels, lab) {
			all = append(all, "volume "+v.Name)
		}
	}
	networks, err3 := engine.NetworkList(ctx, network.ListOptions{})
	for _, n := range networks {
		if !foreign(n.Labels, lab) {
			all = append(all, "network "+n.ID)
		}
	}
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// foreign says whether something belongs to a lab whose name begins otherwise.
func foreign(labels map[string]string, lab string) bool {
	of := labels[LabelLab]
	return of != "" && !strings.HasPrefix(of, lab)
}

func sh(t *testing.T, n harness.Node, command string) string {
	t.Helper()
	r, err := n.Exec(t.Context(), "sh", "-c", command)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(r.Stdout)
}

func ping(t *testing.T, n harness.Node) error {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DialContext: dialer(n), DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://node/_ping", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func TestLab(t *testing.T) {
	o := testOptions(t, "test-lab")
	before := everything(t, o.Lab)
	l, nodes := up(t, o)
	t.Run("hosts", func(t *testing.T) { testHosts(t, l, nodes) })
	t.Run("rights", func(t *testing.T) { testRights(t, l) })
	t.Run("dial", func(t *testing.T) { testDial(t, nodes) })
	t.Run("relay", func(t *testing.T) { testRelay(t, *nodes[0].(*node)) })
	t.Run("up again", func(t *testing.T) { testUpAgain(t, l) })
	t.Run("ended", func(t *testing.T) { testEndedHasLog(t, nodes[4].(*node)) })
	t.Run("restart", func(t *testing.T) { testRestart(t, l, nodes) })
	t.Run("collect", func(t *testing.T) { testCollect(t, l) })
	t.Run("subnet taken", func(t *testing.T) { testSubnetTaken(t, o) })
	t.Run("elsewhere", func(t *testing.T) { testElsewhere(t, o) })
	if err := l.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, everything(t, o.Lab)); diff != "" {
		t.Errorf("the lab left something behind (-before +after):\n%s", diff)
	}
	if err := l.Down(t.Context()); err != nil {
		t.Errorf("down where there is nothing: %v", err)
	}
}

// testHosts compares what each host says of itself with the tutorial's figures.
func testHosts(t *testing.T, l *Lab, nodes []harness.Node) {
	var got []harness.Host
	for _, n := range nodes {
		said := strings.Fields(sh(t, n, `docker info --format '{{.Name}} {{.NCPU}} {{.MemTotal}}'; hostname -i`))
		if len(said) != 4 {
			t.Fatalf("%s said %q", n.Name(), said)
		}
		if said[0] != n.Name() || said[3] != n.Addr().String() {
			t.Errorf("%s at %s calls itself %s at %s", n.Name(), n.Addr(), said[0], said[3])
		}
		got = append(got, harness.Host{
			Name: said[0], Addr: netip.MustParseAddr(said[3]), CPUs: atoi(t, said[1]), Memory: int64(atoi(t, said[2])),
		})
	}
	sameAddr := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	if diff := cmp.Diff(l.Topology().Hosts(), got, sameAddr); diff != "" {
		t.Errorf("hosts (-topology +found):\n%s", diff)
	}
}

func testRights(t *testing.T, l *Lab) {
	found, err := l.objects.nodeContainers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range found {
		i, err := l.objects.engine().ContainerInspect(t.Context(), c.id)
		if err != nil {
			t.Fatal(err)
		}
		if i.HostConfig.Privileged {
			t.Errorf("%s is privileged", name)
		}
		if len(i.NetworkSettings.Ports) != 0 {
			t.Errorf("%s publishes ports on this machine: %v", name, i.NetworkSettings.Ports)
		}
	}
}

// testDial holds both ways to reach a node to the same behaviour.
func testDial(t *testing.T, nodes []harness.Node) {
	for _, mode := range []DialMode{DialDirect, DialExec} {
		n := *nodes[1].(*node)
		n.mode = mode
		if err := ping(t, &n); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		if _, err := n.Dial(t.Context(), 9); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: port 9: %v, want ECONNREFUSED", mode, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := n.Dial(ctx, harness.EnginePort); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: %v, want context.Canceled", mode, err)
		}
	}
}

func testUpAgain(t *testing.T, l *Lab) {
	before := everything(t, l.Lab())
	if _, err := l.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, everything(t, l.Lab())); diff != "" {
		t.Errorf("a second up changed something (-before +after):\n%s", diff)
	}
}

// testEndedHasLog ends a host: the error has the end of its engine's log.
func testEndedHasLog(t *testing.T, n *node) {
	if err := n.setOff(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	err := n.awaitEngine(t.Context(), Options{})
	if err == nil || !strings.Contains(err.Error(), "the node's container ended with exit code 137\nlast lines of "+n.name+": level=") {
		t.Errorf("it says: %v", err)
	}
}

// testRestart stops a host; up starts it again with its address and its state.
func testRestart(t *testing.T, l *Lab, nodes []harness.Node) {
	n := nodes[2].(*node)
	made := sh(t, n, "docker create labcheck/workload")
	if err := l.objects.engine().ContainerKill(t.Context(), n.id, "KILL"); err != nil {
		t.Fatal(err)
	}
	if err := l.objects.engine().ContainerPause(t.Context(), nodes[3].(*node).id); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := sh(t, n, "docker ps --all --quiet --no-trunc"); got != made {
		t.Errorf("containers after the restart: %s, before: %s", got, made)
	}
	if got := sh(t, n, "hostname -i"); got != n.addr.String() {
		t.Errorf("address after the restart: %s, before: %s", got, n.addr)
	}
	sh(t, n, "docker rm "+made)
}

func testCollect(t *testing.T, l *Lab) {
	dir := t.TempDir()
	if err := l.Collect(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for _, h := range l.Topology().Hosts() {
		log, err := os.ReadFile(filepath.Join(dir, h.Name, "engine.log"))
		if err != nil || !strings.Contains(string(log), "API listen on") {
			t.Errorf("engine.log of %s has no word of its start: %v", h.Name, err)
		}
		info, err := os.ReadFile(filepath.Join(dir, h.Name, "info.txt"))
		if err != nil || !strings.Contains(string(info), "Name: "+h.Name) {
			t.Errorf("info.txt of %s: %v", h.Name, err)
		}
	}
}

func testSubnetTaken(t *testing.T, o Options) {
	o.Lab += "-second"
	l := open(t, o)
	_, err := l.Up(t.Context())
	wantUsedBy(t, err, "lab test-lab uses it")
}

// wantUsedBy wants an error that names what has a lab's subnet.
func wantUsedBy(t *testing.T, err error, want string) {
	t.Helper()
	var taken *SubnetError
	if !errors.As(err, &taken) || !strings.HasSuffix(taken.Error(), ": "+want) {
		t.Errorf("%v, want a subnet error: %s", err, want)
	}
}

func testElsewhere(t *testing.T, o Options) {
	stands := o.Subnet
	o.Subnet = subnettest.Free(t)
	_, err := Open(t.Context(), o)
	wantUsedBy(t, err, "lab test-lab is running on "+stands.String())
	o.Subnet = netip.Prefix{}
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := l.Topology().Subnet; got != stands {
		t.Errorf("the lab was found on %s, not where it stands", got)
	}
}

// A lab that another labcheck made on another subnet, since this one looked
// where it stands, is not taken for this one's.
func TestMadeMeanwhile(t *testing.T) {
	o := testOptions(t, "test-meanwhile")
	stands := o.Subnet
	first := open(t, o)
	o.Subnet = subnettest.Free(t)
	second := open(t, o)
	if err := makeBridge(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	_, err := second.Up(t.Context())
	wantUsedBy(t, err, "lab test-meanwhile is running on "+stands.String())
	wantUsedBy(t, makeBridge(t.Context(), second), "lab test-meanwhile is being made by another labcheck")
	if _, err := first.objects.findBridge(t.Context()); err != nil {
		t.Errorf("the first one's network: %v", err)
	}
}

// makeBridge makes a lab's bridge and nothing else.
func makeBridge(ctx context.Context, l *Lab) error {
	_, err := subnetRequest{l}.makeBridge(ctx)
	return err
}

// Two that make the same lab at the same moment: one does, the other says so
// and takes nothing away. Two that remove it both find it gone.
func TestSameLabTwice(t *testing.T) {
	o := testOptions(t, "test-twice")
	o.Hosts = 2
	before := everything(t, o.Lab)
	labs := [2]*Lab{open(t, o), open(t, o)}
	errs := both(labs, func(l *Lab) error {
		_, err := l.Up(t.Context())
		return err
	})
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("one must win: %v; %v", errs[0], errs[1])
	}
	wantUsedBy(t, errors.Join(errs[0], errs[1]), "lab test-twice is being made by another labcheck")
	nodes, err := labs[0].Nodes(t.Context())
	if err != nil || len(nodes) != o.Hosts {
		t.Fatalf("the winner's lab has %d nodes, %v", len(nodes), err)
	}
	for _, n := range nodes {
		if err := ping(t, n); err != nil {
			t.Errorf("%s: %v", n.Name(), err)
		}
	}
	for i, err := range both(labs, func(l *Lab) error { return l.Down(t.Context()) }) {
		if err != nil {
			t.Errorf("labcheck %d that removes it: %v", i+1, err)
		}
	}
	if diff := cmp.Diff(before, everything(t, o.Lab)); diff != "" {
		t.Errorf("both removed the lab, and left (-before +after):\n%s", diff)
	}
}

// both has two labchecks do something at the same moment.
func both(labs [2]*Lab, do func(*Lab) error) (errs [2]error) {
	var group sync.WaitGroup
	for i, l := range labs {
		group.Go(func() { errs[i] = do(l) })
	}
	group.Wait()
	return errs
}

// TestUnlabelledDisk: the disk of a host that an engine made before it was killed, and could
// give no labels, is removed with its run or its lab; nobody else's is.
func TestUnlabelledDisk(t *testing.T) {
	l := open(t, testOptions(t, "test-disk"))
	engine := l.objects.engine()
	const ofAnotherRun, ofAnotherLab = "test-disk_store_ABCDEFGHIJK7", "test-disk-2_store_ABCDEFGHIJK7"
	const ofNobody = "test-disk_store_mine"
	ofThisRun := l.objects.diskName("store")
	all := []string{ofThisRun, ofAnotherRun, ofAnotherLab, ofNobody}
	for _, name := range all {
		if _, err := engine.VolumeCreate(t.Context(), volume.CreateOptions{Name: name}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = engine.VolumeRemove(context.Background(), name, true) }) // most are gone
	}
	wantLeft := func(want ...string) {
		t.Helper()
		left := slices.DeleteFunc(slices.Clone(all), func(name string) bool {
			_, err := engine.VolumeInspect(t.Context(), name)
			return errdefs.IsNotFound(err)
		})
		if diff := cmp.Diff(want, left); diff != "" {
			t.Errorf("volumes that are left (-want +got):\n%s", diff)
		}
	}
	wantLeft(all...)
	if err := l.objects.removeRun(t.Context()); err != nil {
		t.Error(err)
	}
	wantLeft(ofAnotherRun, ofAnotherLab, ofNobody)
	if err := l.Down(t.Context()); err != nil {
		t.Error(err)
	}
	wantLeft(ofAnotherLab, ofNobody)
}

// A command that is killed leaves nothing behind, at whatever moment.
func TestKilled(t *testing.T) {
	o := testOptions(t, "test-killed")
	for _, moment := range []string{"network made", "node started", "engine answers", "lab stands"} {
		t.Run(moment, func(t *testing.T) {
			before := everything(t, o.Lab)
			killAt(t, o, moment)
			awaitNothingLeft(t, o.Lab, before)
		})
	}
}

// awaitNothingLeft wants the engine to have what it had before a command that was
// killed.
func awaitNothingLeft(t *testing.T, lab string, before []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(10*time.Second))
	defer cancel()
	err := harness.Until(ctx, 200*time.Millisecond, func(context.Context) error {
		if diff := cmp.Diff(before, everything(t, lab)); diff != "" {
			return errors.New(diff)
		}
		return nil
	})
	if err != nil {
		t.Errorf("10 s after SIGKILL (-before +after): %v", err)
	}
}

func killAt(t *testing.T, o Options, moment string, env ...string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "up", o.Lab, o.Subnet.String())
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reached := false
	for lines := bufio.NewScanner(out); !reached && lines.Scan(); {
		reached = strings.Contains(lines.Text(), moment)
	}
	if !reached {
		t.Errorf("the command ended before %q", moment)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the killed command ended well")
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func dialer(n harness.Node) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) { return n.Dial(ctx, harness.EnginePort) }
}
