package survey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/internal/enginetest"
	"labcheck/harness/lang"
	"labcheck/harness/prereq"
)

// performed is a cluster on which the tutorial was done, and whose hosts tell of
// themselves.
func performed(t *testing.T) (*engine.Cluster, *enginetest.Cluster) {
	t.Helper()
	return performedOn(t, harness.Tutorial())
}

func performedOn(t *testing.T, topology harness.Topology) (*engine.Cluster, *enginetest.Cluster) {
	t.Helper()
	f := enginetest.New(topology).Performed()
	t.Cleanup(f.Close)
	for _, h := range f.Hosts {
		out := fmt.Sprintf("== link\n2: eth0: <UP> mtu 1500\n== addr\n2: eth0 inet %s/24\n== engine\nState: S\n== silent\n", h.Addr)
		h.Run = func(_ context.Context, argv []string) (harness.Result, error) {
			return harness.Result{Argv: argv, Stdout: out}, nil
		}
	}
	c, err := engine.Open(f.Topology, f.Nodes())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, f
}

// TestRecorded wants a State to be the same once it was written and read back, and
// each error to be of its kind still.
func TestRecorded(t *testing.T) {
	t.Parallel()
	on, f := performed(t)
	f.Hosts["store"].Off = true
	f.Hosts["worker01"].Silent = true
	all := func(engine.Container) bool { return true }
	before := Look(t.Context(), on, Options{Relevant: all, Images: []string{"none"}})
	before.LeaderError.Err = engine.ErrNoLeader
	before.On("frontend01").DialError.Err = &harness.UnreachableError{
		Node: "frontend01", Service: "a:1", Layer: harness.LayerTLS, What: lang.Textf("no %s", "trust"), Err: engine.ErrTLS,
	}
	written, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	var after State
	if err := json.Unmarshal(written, &after); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(after)
	if diff := cmp.Diff(string(written), string(again)); err != nil || diff != "" {
		t.Error(diff, err)
	}
	un := Unreached(after.On("frontend01").DialError.Err)
	if un == nil || !un.IsSame(Unreached(before.On("frontend01").DialError.Err)) || un.What.String() != "no trust" {
		t.Errorf("%+v", un)
	}
	if !errors.Is(after.LeaderError.Err, engine.ErrNoLeader) || !IsRefused(after.On("store").DialError.Err) {
		t.Errorf("%v, %v", after.LeaderError, after.On("store").DialError)
	}
	if h := after.On("worker01"); !errors.Is(h.InfoError.Err, engine.ErrTimeout) || !h.Hangs() {
		t.Errorf("%+v", h)
	}
	manager := after.On("manager")
	if !manager.Answers() || len(manager.Containers) != 2 || len(manager.Networks) != 1 || manager.Networks[0].Name != before.Topology.Network || !reflect.DeepEqual(manager.MissingImages, []string{"none"}) || len(after.Entries) == 0 {
		t.Errorf("%+v", manager)
	}
}

// TestUnansweringHost: while a host is asked why its engine does not answer, the other
// hosts are asked as well.
func TestUnansweringHost(t *testing.T) {
	t.Parallel()
	on, f := performed(t)
	f.Hosts["worker01"].Silent = true
	other := make(chan struct{})
	answers := f.Hosts["store"].Run
	f.Hosts["store"].Run = func(ctx context.Context, argv []string) (harness.Result, error) {
		if OnlyLooks(argv) {
			close(other)
		}
		return answers(ctx, argv)
	}
	f.Hosts["worker01"].Run = func(ctx context.Context, argv []string) (harness.Result, error) {
		if !OnlyLooks(argv) {
			return answers(ctx, argv)
		}
		select {
		case <-other:
			return answers(ctx, argv)
		case <-ctx.Done():
			return harness.Result{}, ctx.Err()
		}
	}
	none := func(engine.Container) bool { return false }
	if s := Look(t.Context(), on, Options{Relevant: none}); !s.On("worker01").Hangs() || s.On("worker01").Probe.Partial {
		t.Errorf("store is asked after worker01 only: %+v", s.On("worker01"))
	}
}

// TestSuspects: of many hosts, commands ask those that show a fault and those that a false
// claim is about.
func TestSuspects(t *testing.T) {
	t.Parallel()
	topology, err := harness.Numbered(mostForAllProbes+1, netip.MustParsePrefix("192.168.33.0/24"))
	if err != nil {
		t.Fatal(err)
	}
	on, f := performedOn(t, topology)
	hosts := topology.Hosts()
	off, alone, failed, lost, unregistered := hosts[3].Name, hosts[5].Name, hosts[7].Name, hosts[9].Name, hosts[11].Name
	f.Hosts[off].Off = true
	f.Keys = func(held map[string]string) { delete(held, "docker/nodes/"+hosts[11].Engine().String()) }
	for _, h := range f.Hosts {
		h.Unknown = []string{off, lost}
	}
	f.Hosts[alone].Unknown = []string{off, lost, failed}
	none := func(engine.Container) bool { return false }
	s := Look(t.Context(), on, Options{Relevant: none, Suspects: []string{failed}})
	for i, h := range s.Hosts {
		want := i > 0 && !slices.Contains([]string{off, alone, failed, lost, unregistered}, h.Name)
		if h.Probe.Skipped != want || want == (h.Probe.Engine != "") {
			t.Errorf("%s: %+v", h.Name, h.Probe)
		}
	}
}

// TestDials: what each host has to reach.
func TestDials(t *testing.T) {
	topology := harness.Tutorial()
	for i, want := range []int{1 + 4*3, 1 + 4*2} { // the manager, the first member
		from := topology.Hosts()[i]
		all := dialsOf(topology, from)
		if len(all) != want || all[0] != "tcp 192.168.33.11 8500" || slices.ContainsFunc(all[1:], func(d string) bool { return strings.Contains(d, " "+from.Addr.String()+" ") }) {
			t.Errorf("%s: %q", from.Name, all)
		}
	}
}

// TestDialler runs what a host runs, against ports that answer and that do not.
func TestDialler(t *testing.T) {
	t.Parallel()
	perl := prereq.Program(t, "perl", "apt-get install perl-base")
	tcp, err1 := net.Listen("tcp", "127.0.0.1:0")
	closed, err2 := net.Listen("tcp", "127.0.0.1:0")
	udp, err3 := net.ListenPacket("udp", "127.0.0.1:0")
	silent, err4 := net.ListenPacket("udp", "127.0.0.1:0")
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	for _, c := range []io.Closer{tcp, udp, silent} {
		t.Cleanup(func() { c.Close() })
	}
	closed.Close()
	said := make(chan string, 1)
	go func() {
		b := make([]byte, 100)
		n, from, err := udp.ReadFrom(b)
		if err != nil {
			said <- err.Error()
			return
		}
		_, _ = udp.WriteTo([]byte("x"), from)
		said <- string(b[:n])
	}()
	words := func(proto string, a net.Addr) []string {
		host, port, _ := net.SplitHostPort(a.String())
		return []string{proto, host, port}
	}
	argv := slices.Concat([]string{"-e", dialler, "6869"}, words("tcp", tcp.Addr()), words("tcp", closed.Addr()), words("udp", udp.LocalAddr()), words("udp", silent.LocalAddr()))
	start := time.Now()
	out, err := exec.Command(perl, argv...).CombinedOutput()
	if took := time.Since(start); err != nil || took > 10*time.Second {
		t.Errorf("after %s: %v", took, err)
	}
	got := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(got)
	want := []string{"no answer from " + strings.Join(words("tcp", closed.Addr()), " "), "no answer from " + strings.Join(words("udp", silent.LocalAddr()), " ")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := <-said; s != "hi" {
		t.Errorf("the datagram was %q", s)
	}
}

// TestAsk: a host that answers a part of what it is asked is believed that much.
func TestAsk(t *testing.T) {
	on, f := performed(t)
	store := f.Topology.Members[3]
	var argv []string
	answers := func(out string, err error, o Options) Probe {
		f.Change(func() {
			f.Hosts["store"].Run = func(_ context.Context, asked []string) (harness.Result, error) {
				argv = asked
				return harness.Result{Stdout: out}, err
			}
		})
		return ProbeHost(t.Context(), on, store, o)
	}
	failed := errors.New("exit code 1")
	for _, outOfBand := range []bool{false, true} {
		p := answers("== forward\n1\n", failed, Options{OutOfBand: outOfBand})
		if p.Failed.Err != nil || p.Unasked.Err != nil || p.Forward != "1" || p.Partial {
			t.Errorf("%+v", p)
		}
	}
	if p := answers("", failed, Options{OutOfBand: true}); p.Failed.Err != nil || !errors.Is(p.Unasked.Err, failed) {
		t.Errorf("%+v", p)
	}
	if p := answers("", failed, Options{}); !errors.Is(p.Failed.Err, failed) {
		t.Errorf("%+v", p)
	}
	if !OnlyLooks(argv) || len(argv) != len(asks)+1+3*9 || !strings.HasPrefix(argv[len(asks)], "00") {
		t.Errorf("%q", argv)
	}
	f.Change(func() {
		f.Hosts["store"].Run = func(ctx context.Context, _ []string) (harness.Result, error) {
			<-ctx.Done()
			return harness.Result{Stdout: "== forward\n1\n"}, ctx.Err()
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if p := ProbeHost(t.Context(), on, store, Options{}); !p.Partial || p.Forward != "1" {
			t.Errorf("cut off: %+v", p)
		}
	})
}

// TestContainersOf: what can't be listed is not nothing. The logs are those of
// containers that stopped, once or for good.
func TestContainersOf(t *testing.T) {
	on, f := performed(t)
	all := func(engine.Container) bool { return true }
	manager := f.Hosts["manager"]
	manager.Find("consul").Log, manager.Find("manage").Log = "fine", "panic"
	for restarts, want := range []string{"", "panic"} {
		f.Change(func() { manager.Find("manage").Restarts = restarts })
		found, err := containersOf(t.Context(), on.Engine("manager"), all)
		if err != nil || len(found) != 2 || found[0].Log != "" || found[1].Log != want {
			t.Errorf("%+v, %v", found, err)
		}
		if !Publishes(found[0].Container, 8500) || Publishes(found[0].Container, 2375) {
			t.Errorf("%+v", found[0].Ports)
		}
	}
	f.Change(func() { manager.Find("manage").State, manager.Find("manage").Restarts = "exited", 0 })
	if found, err := containersOf(t.Context(), on.Engine("manager"), all); err != nil || found[1].Log != "panic" {
		t.Errorf("%+v, %v", found, err)
	}
	f.Change(func() { f.Hosts["store"].Off = true })
	if _, err := containersOf(t.Context(), on.Engine("store"), all); !errors.Is(err, engine.ErrRefused) {
		t.Error(err)
	}
}

// TestIsSettling: a manager that lists too few, or a member as Pending, may be about
// to list more.
func TestIsSettling(t *testing.T) {
	of := harness.Tutorial()
	for want, members := range map[bool][]engine.Member{
		true:  {{Status: "Healthy"}, {Status: "Healthy"}, {Status: "Healthy"}},
		false: {{Status: "Healthy"}, {Status: "Healthy"}, {Status: "Unhealthy"}, {Status: "Healthy"}},
	} {
		if got := isSettling(of, members); got != want {
			t.Errorf("%v: %v", members, got)
		}
	}
}

// TestSettling: a Look waits for members that a manager lists as Pending at first.
func TestSettling(t *testing.T) {
	on, f := performed(t)
	isFirst := true
	f.Status = func(all [][2]string) [][2]string {
		for i, line := range all {
			if isFirst && strings.Contains(line[0], "Status") {
				all[i][1] = "Pending"
			}
		}
		isFirst = false
		return all
	}
	s := Look(t.Context(), on, Options{Relevant: func(engine.Container) bool { return false }})
	if isSettling(s.Topology, s.Swarm.Members) {
		t.Errorf("%+v", s.Swarm.Members)
	}
}

// TestLimits: how long answers are waited for grows with the hosts, with patience and,
// for commands, with the way to a host.
func TestLimits(t *testing.T) {
	away := &harness.UnreachableError{Node: "store", Layer: harness.LayerFirewall}
	for want, of := range map[time.Duration]struct {
		hosts     int
		outOfBand bool
		err       error
	}{
		2 * time.Second:                      {hosts: 5},
		2*time.Second + 100*time.Millisecond: {hosts: 7},
		2*time.Second + wayIn:                {hosts: 5, outOfBand: true},
		2*time.Second + wayToLost:            {hosts: 5, outOfBand: true, err: away},
	} {
		l := &look{state: State{Options: Options{OutOfBand: of.outOfBand}, Patience: 2, Hosts: make([]*Host, of.hosts)}}
		if got := l.onHost(&Host{DialError: Failure{of.err}}, time.Second); got != want {
			t.Errorf("%+v: %s, want %s", of, got, want)
		}
	}
}

// TestWayIn: who is reached out of band has the time to find the way to a host.
func TestWayIn(t *testing.T) {
	on, f := performed(t)
	f.Hosts["store"].Run = func(ctx context.Context, _ []string) (harness.Result, error) {
		select {
		case <-ctx.Done():
			return harness.Result{}, ctx.Err()
		case <-time.After(probeTime + 2*wayToLost):
			return harness.Result{Stdout: "== user\n0\n== silent\n"}, nil
		}
	}
	store := on.Topology().Members[3]
	synctest.Test(t, func(t *testing.T) {
		for _, outOfBand := range []bool{true, false} {
			if p := ProbeHost(t.Context(), on, store, Options{OutOfBand: outOfBand}); p.Told != outOfBand {
				t.Errorf("out of band %v: %+v", outOfBand, p)
			}
		}
		l := &look{cluster: on, state: newState(on.Topology(), Options{OutOfBand: true})}
		lost := l.state.On("store")
		lost.DialError.Err = &harness.UnreachableError{Node: "store", Layer: harness.LayerFirewall}
		if l.askHost(t.Context(), lost); !errors.Is(lost.Probe.Unasked.Err, errNoWay) {
			t.Errorf("one that nobody answers for: %+v", lost.Probe)
		}
	})
}

// TestOnlyLooks: of all commands the diagnosis's own is known to change nothing.
func TestOnlyLooks(t *testing.T) {
	on, f := performed(t)
	asked := make(chan []string, 1)
	f.Hosts["store"].Run = func(_ context.Context, argv []string) (harness.Result, error) {
		asked <- argv
		return harness.Result{}, nil
	}
	ProbeHost(t.Context(), on, on.Topology().Members[3], Options{OutOfBand: true})
	argv := <-asked
	if !OnlyLooks(argv) {
		t.Errorf("%q", argv)
	}
	for i := range asks {
		other := slices.Clone(argv)
		other[i] += " "
		if OnlyLooks(other) || OnlyLooks(argv[:i]) {
			t.Errorf("with another argument %d it is known, too", i)
		}
	}
}

// TestPatience has engines answer soon, late, and not at all.
func TestPatience(t *testing.T) {
	for name, c := range map[string]struct {
		took  []time.Duration // of the engines that answer
		total time.Duration
		want  float64
	}{
		"idle":         {[]time.Duration{promptly / 2, promptly / 3}, harness.DefaultTimeout, 1},
		"one is slow":  {[]time.Duration{promptly / 2, 10 * promptly}, harness.DefaultTimeout, 1},
		"all are slow": {[]time.Duration{2 * promptly, 3 * promptly}, harness.DefaultTimeout, 2},
		"at the most":  {[]time.Duration{100 * promptly}, harness.DefaultTimeout, mostPatience},
		"--timeout":    {[]time.Duration{100 * promptly}, 3 * harness.DefaultTimeout, 3 * mostPatience},
		"none answers": {nil, harness.DefaultTimeout, 1},
	} {
		s := State{Hosts: []*Host{{InfoError: Failure{engine.ErrTimeout}}}}
		for _, took := range c.took {
			s.Hosts = append(s.Hosts, &Host{InfoTook: took})
		}
		ctx, cancel := harness.WithTotal(t.Context(), c.total, nil)
		defer cancel()
		if s.setPatience(ctx); s.Patience != c.want {
			t.Errorf("%s: %v times as long, not %v", name, s.Patience, c.want)
		}
	}
}

// slowEngine is a node whose engine answers each request late.
type slowEngine struct {
	harness.Node
	delay *time.Duration
}

func (n slowEngine) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	if port == harness.Tutorial().Manager.Engine().Port() {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(*n.delay):
		}
	}
	return n.Node.Dial(ctx, port)
}

// TestGlanceOfSlowEngines wants a Glance to wait for all that each of many engines tells,
// although all together they take longer than those of the page may.
func TestGlanceOfSlowEngines(t *testing.T) {
	topology, err := harness.Numbered(40, netip.MustParsePrefix("192.168.33.0/24"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		f := enginetest.New(topology).Performed()
		defer f.Close()
		var delay time.Duration
		nodes := f.Nodes()
		for i, n := range nodes {
			nodes[i] = slowEngine{n, &delay}
		}
		c, err := engine.Open(f.Topology, nodes)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, h := range topology.Hosts() {
			// A client holds a lock while it learns the version, and synctest's time stands
			// still for those that wait for a lock.
			if _, err := c.Engine(h.Name).Networks(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		delay = 600 * time.Millisecond
		began := time.Now()
		s := Glance(t.Context(), c, Options{Relevant: func(engine.Container) bool { return true }})
		if took := time.Since(began); took <= GlanceTime {
			t.Errorf("the engines answered in %v, so that nothing was waited for", took)
		}
		for _, h := range s.Hosts {
			if err := errors.Join(h.InfoError.Err, h.ContainersError.Err, h.NetworksError.Err); err != nil {
				t.Errorf("%s: %v", h.Name, err)
			}
		}
	})
}
