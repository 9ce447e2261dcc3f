package diagnose

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/internal/enginetest"
	"labcheck/harness/pace"
	"labcheck/harness/workload"
)

// performed is a cluster on which the tutorial was done, and whose hosts tell of
// themselves.
func performed(t *testing.T) (*engine.Cluster, *enginetest.Cluster) {
	t.Helper()
	f := enginetest.New(harness.Tutorial()).Performed()
	t.Cleanup(f.Close)
	for _, h := range f.Hosts {
		h.Run = tells(h, "")
	}
	c, err := engine.Open(f.Topology, f.Nodes())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, f
}

// tells has a host answer the script, with more at its end.
func tells(h *enginetest.Host, more string) func(context.Context, []string) (harness.Result, error) {
	out := fmt.Sprintf("== link\n2: eth0: <UP> mtu 1500\n== addr\n2: eth0 inet %s/24\n== forward\n1\n== engine\nState: S\n== silent\n%s", h.Addr, more)
	return func(_ context.Context, argv []string) (harness.Result, error) {
		return harness.Result{Argv: argv, Stdout: out}, nil
	}
}

// runInBubble runs a subtest on a clock of its own, which does not wait.
func runInBubble(t *testing.T, name string, do func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, do) })
}

// runBesides runs a subtest beside others, on the real clock: while an engine is
// silent from the start, Docker's client holds a mutex, for which a bubble's clock
// stops.
func runBesides(t *testing.T, name string, do func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		do(t)
	})
}

func found(r Result) string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, strings.TrimSpace(f.Code+" "+f.Node))
	}
	return strings.Join(all, ", ")
}

// TestRun asks a cluster, broken here and there.
func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(*enginetest.Cluster)
		want   string
	}{
		"healthy": {func(*enginetest.Cluster) {}, ""},
		"off":     {func(f *enginetest.Cluster) { f.Hosts["store"].Off = true }, "engine-ended store"},
		"off, and says why": {func(f *enginetest.Cluster) {
			f.Hosts["store"].Off = true
			f.Hosts["store"].EngineLog = "level=info x\nfailed to start daemon: discovery advertise parsing failed\n"
		}, "engine-bad-advertise store"},
		"off and mute": {func(f *enginetest.Cluster) { f.Hosts["store"].Off, f.Hosts["store"].Run = true, nil }, "host-down store"},
		"frozen, and connected to by commands": {func(f *enginetest.Cluster) {
			f.Hosts["store"].Off = true
			f.Hosts["store"].Run = func(context.Context, []string) (harness.Result, error) {
				return harness.Result{}, fmt.Errorf("run sh on store: %w", harness.ErrFrozen)
			}
		}, "host-frozen store"},
		"no leader": {func(f *enginetest.Cluster) { f.NoLeader = true }, "consul-no-leader manager"},
		"no join":   {func(f *enginetest.Cluster) { f.Hosts["store"].Containers = nil }, "join-missing store"},
		"no image": {func(f *enginetest.Cluster) {
			f.Hosts["store"].Containers, f.Hosts["store"].Images = nil, []string{"progrium/consul"}
		}, "join-no-image store"},
		"does not say whether it has the image": {func(f *enginetest.Cluster) {
			f.Hosts["store"].Containers, f.Hosts["store"].Images = nil, []string{"progrium/consul"}
			f.Hosts["store"].Late = enginetest.Late{Port: harness.EnginePort, Path: "/images/swarm/json", Left: 1}
		}, "join-missing store"},
		"no Consul's image": {func(f *enginetest.Cluster) {
			f.Hosts["manager"].Containers, f.Hosts["manager"].Images = f.Hosts["manager"].Containers[1:], []string{"swarm"}
		}, "consul-no-image manager"},
		"fatal": {func(f *enginetest.Cluster) {
			b := f.Hosts["store"].Find("join")
			b.Restarts, b.Log = 2, "level=info a\nlevel=fatal b\n"
		}, "join-restarting store"},
		"no key": {func(f *enginetest.Cluster) {
			f.Keys = func(m map[string]string) { delete(m, swarmNodes+"192.168.33.250:2375") }
		}, "key-missing store"},
		"unhealthy": {func(f *enginetest.Cluster) {
			f.Status = func(s [][2]string) [][2]string { s[6][1] = "Unhealthy"; return s }
		}, "member-unhealthy frontend01"},
		"no manager": {func(f *enginetest.Cluster) { f.Hosts["manager"].Find("manage").State = "exited" }, "manager-stopped manager"},
		"two networks": {func(f *enginetest.Cluster) {
			n := f.Hosts["store"].Networks[1]
			n.ID, n.Driver = strings.Repeat("e", 64), "bridge"
			f.Hosts["store"].Networks = append(f.Hosts["store"].Networks, n)
		}, "network-twice store"},
		"other networks": {func(f *enginetest.Cluster) {
			f.Hosts["store"].Networks = append(f.Hosts["store"].Networks, enginetest.Network{ID: strings.Repeat("e", 64), Name: "mine", Driver: "bridge"})
		}, ""},
		"split": {func(f *enginetest.Cluster) { f.Hosts["store"].Unknown = []string{"manager"} }, "gossip-split"},
		"out of reach": {func(f *enginetest.Cluster) {
			f.Hosts["store"].Run = tells(f.Hosts["store"], "no answer from tcp 192.168.33.11 8500")
		}, "consul-unreachable store"},
		"not told of": {func(f *enginetest.Cluster) {
			for name, addr := range map[string]string{"store": "10.0.0.2/24", "worker01": "10.0.0.3/24"} {
				f.Hosts[name].Networks[1].Containers = map[string]string{"in " + name: addr}
			}
			f.Hosts["worker01"].Run = tells(f.Hosts["worker01"], "== neighbour\n10.0.0.2 dev vx")
		}, "neighbours-lost store"},
	} {
		runInBubble(t, name, func(t *testing.T) {
			on, f := performed(t)
			c.breaks(f)
			r := Run(t.Context(), on, Options{})
			if got := found(r); got != c.want || (len(r.NotAsked) == 0) != (c.want == "") && c.want == "" {
				t.Errorf("found %q, not %q; not asked: %q", got, c.want, r.NotAsked)
			}
			if calls := f.Calls(); len(calls) > 0 {
				t.Errorf("changed: %q", calls)
			}
		})
	}
}

// TestRunHangs: an engine that says nothing is given up in time, and one that
// was silent for a moment is asked again.
func TestRunHangs(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(*enginetest.Cluster)
		want   string
	}{
		"for good": {func(f *enginetest.Cluster) { f.Hosts["store"].Silent = true }, "engine-hangs store"},
		"for Consul": {func(f *enginetest.Cluster) {
			f.Hosts["store"].Silent, f.Hosts["manager"].Find("consul").State = true, "exited"
		}, "consul-stopped manager"},
		"for a moment": {silenceOnce, ""},
	} {
		runBesides(t, name, func(t *testing.T) {
			on, f := performed(t)
			f.Change(func() { c.breaks(f) })
			r := Run(t.Context(), on, Options{})
			if got := found(r); got != c.want || r.Duration <= 0 || r.Duration > 10*time.Second {
				t.Errorf("found %q after %s, not %q", got, r.Duration, c.want)
			}
		})
	}
}

// silenceOnce has the engine of store not answer the first request.
func silenceOnce(f *enginetest.Cluster) {
	var asked atomic.Int32
	f.Hosts["store"].Answer[harness.EnginePort] = func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			<-r.Context().Done()
		}
		f.Change(func() { delete(f.Hosts["store"].Answer, harness.EnginePort) })
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"ID": "x", "Name": "store", "ServerVersion": "20.10.5", "ClusterStore": "consul://192.168.33.11:8500", "ClusterAdvertise": "192.168.33.250:2375"}`)
	}
}

// TestStarted: what has just been started is asked again until it listens, for a
// moment; what does not run, or has another port, is not waited for.
func TestStarted(t *testing.T) {
	const always = 1000
	for name, c := range map[string]struct {
		port    uint16
		refuses int
		breaks  func(*enginetest.Container)
		want    string
	}{
		"Consul":                {harness.ConsulPort, 4, nil, ""},
		"Consul, for good":      {harness.ConsulPort, always, nil, "consul-silent manager"},
		"the manager":           {harness.SwarmPort, 4, nil, ""},
		"the manager, for good": {harness.SwarmPort, always, nil, "manager-silent manager"},
		"a manager that ended":  {harness.SwarmPort, always, func(m *enginetest.Container) { m.State = "exited" }, "manager-stopped manager"},
		"on another port":       {harness.SwarmPort, always, func(m *enginetest.Container) { m.Ports[0].Host = 3376 }, "manager-wrong-port manager"},
	} {
		runInBubble(t, name, func(t *testing.T) {
			on, f := performed(t)
			m := f.Hosts["manager"]
			m.Starting = map[uint16]int{c.port: c.refuses}
			if c.breaks != nil {
				c.breaks(m.Find("manage"))
			}
			if got := found(Run(t.Context(), on, Options{})); got != c.want {
				t.Errorf("found %q, not %q", got, c.want)
			}
			if asked := c.refuses - m.Starting[c.port]; (asked > 2) != (c.breaks == nil) {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

// TestSilentForAMoment: what was silent is asked once more before it is called
// silent, or said to be not asked.
func TestSilentForAMoment(t *testing.T) {
	const always = 1000
	for name, c := range map[string]struct {
		host     string
		late     enginetest.Late
		want     string
		notAsked string
		hangs    string
	}{
		"Consul":                {"manager", enginetest.Late{Port: harness.ConsulPort, Path: "/leader", Left: 1}, "", "", ""},
		"Consul, for good":      {"manager", enginetest.Late{Port: harness.ConsulPort, Path: "/leader", Left: always}, "consul-silent manager", "every host reaches Consul", ""},
		"engines wait for it":   {"manager", enginetest.Late{Port: harness.ConsulPort, Path: "/leader", Left: always}, "consul-silent manager", "every host reaches Consul", "store"},
		"Consul's keys":         {"manager", enginetest.Late{Port: harness.ConsulPort, Path: "/kv/docker/", Left: 1}, "", "", ""},
		"the manager":           {"manager", enginetest.Late{Port: harness.SwarmPort, Path: "/info", Left: 1}, "", "", ""},
		"the manager, for good": {"manager", enginetest.Late{Port: harness.SwarmPort, Path: "/info", Left: always}, "manager-silent manager", "the manager lists every member as Healthy", ""},
		"an engine's networks":  {"store", enginetest.Late{Port: harness.EnginePort, Path: "/networks", Left: 1}, "", "", ""},
		"networks, for good":    {"store", enginetest.Late{Port: harness.EnginePort, Path: "/networks", Left: always}, "", "store: its engine's networks: no answer in time; mynet is one overlay network on every engine", ""},
		"an engine's gossip":    {"store", enginetest.Late{Port: harness.GossipPort, Left: 1}, "", "", ""},
		"an engine's list":      {"store", enginetest.Late{Port: harness.EnginePort, Path: "/containers/json", Left: 1}, "", "", ""},
	} {
		run := runInBubble
		if c.hangs != "" {
			run = runBesides
		}
		run(t, name, func(t *testing.T) {
			on, f := performed(t)
			f.Hosts[c.host].Late = c.late
			times := min(2, c.late.Left)
			if c.hangs != "" {
				f.Hosts[c.hangs].Silent = true
				times = 1
			}
			r := Run(t.Context(), on, Options{})
			notAsked := strings.Join(r.NotAsked, "; ")
			if got := found(r); got != c.want || !strings.HasPrefix(notAsked, c.notAsked) || (notAsked == "") != (c.notAsked == "") {
				t.Errorf("found %q, not %q; not asked: %q", got, c.want, notAsked)
			}
			f.Change(func() {
				if asked := c.late.Left - f.Hosts[c.host].Late.Left; asked != times {
					t.Errorf("asked %d times", asked)
				}
			})
			pace.Within(t, "it", r.Duration, 5*time.Second)
		})
	}
}

// TestSettling: of a manager that has just started the list is asked for again.
func TestSettling(t *testing.T) { synctest.Test(t, testSettling) }

func testSettling(t *testing.T) {
	on, f := performed(t)
	asked := 0
	f.Status = func(s [][2]string) [][2]string {
		if asked++; asked < 3 {
			s[6][1] = "Pending"
		}
		return s
	}
	if got := found(Run(t.Context(), on, Options{})); got != "" || asked < 3 {
		t.Errorf("found %q, asked %d times", got, asked)
	}
}

// TestTraffic sends packets, and takes away what sent them.
func TestTraffic(t *testing.T) {
	for name, c := range map[string]struct {
		lost func(from, to string) bool
		want string
	}{
		"all arrive":     {func(string, string) bool { return false }, ""},
		"one host's":     {func(from, to string) bool { return from == "store" || to == "store" }, "packets-lost store"},
		"here and there": {func(from, to string) bool { return from != to && from < to }, "packets-lost"},
	} {
		on, f := performed(t)
		tried := 0
		f.Exec = func(from string, _ *enginetest.Container, argv []string) (string, string, int) {
			var answered []string
			for to, h := range f.Hosts {
				if b := h.Find(workload.Image); b != nil && slices.Contains(argv, b.Networks["mynet"]) && !c.lost(from, to) {
					answered = append(answered, b.Networks["mynet"])
				}
			}
			tried += len(argv[6:])
			return strings.Join(answered, "\n"), "", 0
		}
		r := Run(t.Context(), on, Options{Workload: true})
		if got := found(r); got != c.want {
			t.Errorf("%s: found %q, not %q", name, got, c.want)
		}
		if tried != 20 {
			t.Errorf("%s: %d ways were tried", name, tried)
		}
		for _, h := range f.Hosts {
			if h.Find(workload.Image) != nil {
				t.Errorf("%s: what sent packets is still on %s", name, h.Name)
			}
		}
	}
	for loses, want := range map[string]string{"store": "neighbour-stale store", "manager": "packets-lost manager"} {
		on, f := performed(t)
		f.Exec = func(from string, _ *enginetest.Container, argv []string) (string, string, int) {
			if from == loses {
				return "", "", 0
			}
			return strings.Join(argv[6:], "\n"), "", 0
		}
		lines := "== forward to\n"
		for last := range 252 {
			lines += fmt.Sprintf("02:42:0a:00:00:%02x dev vx dst 192.168.33.99 self permanent\n", last)
		}
		f.Hosts["store"].Run = tells(f.Hosts["store"], lines)
		r := Run(t.Context(), on, Options{Workload: true})
		if got := found(r); got != want {
			t.Errorf("store is misled, and %s loses packets: found %q, not %q", loses, got, want)
		}
	}
	on, f := performed(t)
	f.Hosts["store"].Images = []string{"swarm"}
	r := Run(t.Context(), on, Options{Workload: true})
	if len(r.Findings) != 0 || len(r.NotAsked) != 1 || !strings.Contains(r.NotAsked[0], "reach one another") {
		t.Errorf("one without the image: %+v", r)
	}
}

// TestFailed: findings are the causes of the claims that failed.
func TestFailed(t *testing.T) { synctest.Test(t, testFailed) }

func testFailed(t *testing.T) {
	on, f := performed(t)
	f.Hosts["store"].Containers = nil
	r := Run(t.Context(), on, Options{Failed: []harness.Scenario{claimOf("join#4"), claimOf("consul-leader")}})
	if got := found(r); got != "join-missing store, unexplained" || !slices.Equal(r.Findings[0].Explains, []string{"join#4"}) || !slices.Equal(r.Findings[1].Explains, []string{"consul-leader"}) {
		t.Errorf("%+v", r)
	}
}
