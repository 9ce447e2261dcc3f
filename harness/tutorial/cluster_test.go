package tutorial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
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
)

// fake is a cluster without Docker, and its services.
func fake(t *testing.T, prepare func(*enginetest.Cluster)) (*enginetest.Cluster, *engine.Cluster) {
	t.Helper()
	f := enginetest.New(harness.Tutorial())
	t.Cleanup(f.Close)
	if prepare != nil {
		prepare(f)
	}
	c, err := engine.Open(f.Topology, f.Nodes())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return f, c
}

// performed prepares a cluster on which the tutorial was done, and then broken.
func performed(breaks func(*enginetest.Cluster)) func(*enginetest.Cluster) {
	return func(f *enginetest.Cluster) {
		f.Performed()
		if breaks != nil {
			breaks(f)
		}
	}
}

// did is what a bootstrap does, step by step, in the page's order.
func did(t *testing.T, c *engine.Cluster) []string {
	t.Helper()
	done := map[string]string{}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := Default().Bootstrap(ctx, c, func(e Event) { done[e.Step.ID] = e.In(lang.English) })
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range Default().Steps(c.Topology()) {
		if line := done[s.ID]; line != s.ID+": done already" {
			all = append(all, line)
		}
	}
	return all
}

func TestBootstrapFromNothing(t *testing.T) {
	f, c := fake(t, nil)
	want := []string{
		"consul: made", "manager: made", "join-frontend01: made", "join-frontend02: made", "join-worker01: made", "join-store: made", "network: made",
	}
	if diff := cmp.Diff(want, did(t, c)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	calls := f.Calls()
	if first := calls[0]; first != "manager: POST /containers/create" || calls[len(calls)-1] != "swarm: POST /networks/create" {
		t.Errorf("%q", calls)
	}
	for word, want := range map[string]string{
		"consul": `[-server -bootstrap] "consul" unless-stopped [{8500 8500}]`,
		"manage": `[manage consul://192.168.33.11:8500/] "" unless-stopped [{3375 2375}]`,
	} {
		b := f.Hosts["manager"].Find(word)
		if got := fmt.Sprintf("%v %q %s %v", b.Args, b.Hostname, b.Restart, b.Ports); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
	if b := f.Hosts["store"].Find("join"); !slices.Equal(b.Args, []string{"join", "--advertise=192.168.33.250:2375", "consul://192.168.33.11:8500/"}) || b.Restart != "no" {
		t.Errorf("%+v", b)
	}
	if again := did(t, c); again != nil || len(f.Calls()) != len(calls) {
		t.Errorf("again: %q, %q", again, f.Calls()[len(calls):])
	}
}

// TestNoImageToBeHad: what the registry says is why, not that the engine has none.
func TestNoImageToBeHad(t *testing.T) {
	_, c := fake(t, nil)
	hosts := c.Topology().Hosts()
	store := hosts[len(hosts)-1]
	step := Step{Host: store.Name, within: time.Second, part: Service{serviceKind: serviceKind{Process: "x"}, Host: store, Spec: engine.RunSpec{Image: "nothere"}}}
	if _, err := step.applyMissing(t.Context(), c); err == nil || !strings.Contains(err.Error(), "manifest unknown") {
		t.Errorf("got %v", err)
	}
}

// TestBootstrapTakesUp: what lacks is done, and no more.
func TestBootstrapTakesUp(t *testing.T) {
	for name, test := range map[string]struct {
		breaks func(*enginetest.Cluster)
		want   []string
	}{
		"join stopped": {func(f *enginetest.Cluster) { f.Hosts["store"].Find("join").State = "exited" }, []string{"join-store: started again"}},
		"join removed": {func(f *enginetest.Cluster) { f.Hosts["store"].Containers = nil }, []string{"join-store: made"}},
		"no image": {func(f *enginetest.Cluster) {
			f.Hosts["store"].Containers, f.Hosts["store"].Images = nil, nil
		}, []string{"join-store: made"}},
		"manager stopped": {func(f *enginetest.Cluster) { f.Hosts["manager"].Find("manage").State = "exited" }, []string{"manager: started again"}},
		"network removed": {func(f *enginetest.Cluster) {
			for _, h := range f.Hosts {
				h.Networks = h.Networks[:1]
			}
		}, []string{"network: made"}},
		"gossip apart": {func(f *enginetest.Cluster) {
			f.Hosts["store"].Unknown = []string{"manager", "frontend01", "frontend02", "worker01"}
			for _, other := range f.Hosts["store"].Unknown {
				f.Hosts[other].Unknown = []string{"store"}
			}
		}, []string{"network: was there, the engines' gossip was in 2 parts that would not have found one another and was joined"}},
		"gossip lost a message": {func(f *enginetest.Cluster) { f.Hosts["store"].Unknown = []string{"manager"} }, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			_, c := fake(t, performed(test.breaks))
			// The joins may look before the manager is back, or after.
			got := slices.DeleteFunc(did(t, c), func(line string) bool { return strings.HasSuffix(line, ": was there") })
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestResume: a Swarm manager that runs is restarted before its nodes are waited
// for; the rest is what Bootstrap does.
func TestResume(t *testing.T) {
	f, c := fake(t, performed(nil))
	if err := Default().Resume(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"manager: POST /containers/" + f.Hosts["manager"].Find("manage").ID + "/restart"}, f.Calls()); diff != "" {
		t.Error(diff)
	}
	f, c = fake(t, nil)
	if err := Default().Resume(t.Context(), c, nil); err != nil || slices.ContainsFunc(f.Calls(), isRestart) {
		t.Errorf("without a manager: %q, %v", f.Calls(), err)
	}
}

func isRestart(call string) bool { return strings.HasSuffix(call, "/restart") }

// TestGossipIsJoined: a cluster whose engines fell apart is one again afterwards.
func TestGossipIsJoined(t *testing.T) {
	f, c := fake(t, performed(nil))
	if parts, err := Introduce(t.Context(), c); parts != 1 || err != nil || len(f.Calls()) != 0 {
		t.Errorf("a whole one: %d parts, %v", parts, err)
	}
	f.Change(func() {
		for name, h := range f.Hosts {
			h.Unknown = []string{"worker01", "store"}
			if slices.Contains(h.Unknown, name) {
				h.Unknown = slices.DeleteFunc(f.Topology.HostNames(), func(other string) bool { return other == name })
			}
		}
	})
	if parts, err := Introduce(t.Context(), c); parts != 3 || err != nil {
		t.Errorf("%d parts, %v", parts, err)
	}
	f.Change(func() {
		for name, h := range f.Hosts {
			if h.Unknown != nil {
				t.Errorf("%s was not introduced to %q", name, h.Unknown)
			}
		}
		f.Hosts["store"].Off = true
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Introduce(ctx, c); !errors.Is(err, engine.ErrRefused) {
		t.Errorf("with one that is off: %v", err)
	}
}

// TestGossipIsCompleted: what gossip lost does not take until the engines' next
// comparison, which comes after 30 s.
func TestGossipIsCompleted(t *testing.T) {
	t.Parallel()
	f, c := fake(t, performed(func(f *enginetest.Cluster) { f.Hosts["store"].Unknown = []string{"manager"} }))
	began := time.Now()
	if err := CompleteGossip(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < tellMembers {
		t.Errorf("the engines were left alone for %s only", took)
	}
	f.Change(func() {
		if f.Hosts["store"].Unknown != nil {
			t.Errorf("store has not heard of %q", f.Hosts["store"].Unknown)
		}
	})
	f.Change(func() { f.Hosts["store"].Off = true })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := CompleteGossip(ctx, c); !errors.Is(err, engine.ErrRefused) {
		t.Errorf("with one that is off: %v", err)
	}
}

// slowGossip is a node whose engine is asked for its gossip with a delay.
type slowGossip struct {
	harness.Node
	delay time.Duration
}

func (n slowGossip) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	if port == harness.GossipPort {
		if err := sleep(ctx, n.delay); err != nil {
			return nil, err
		}
	}
	return n.Node.Dial(ctx, port)
}

// TestGossipOfSlowEngines wants answers to be waited for that take longer than tellMembers.
// A hundred busy engines take so long.
func TestGossipOfSlowEngines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := enginetest.New(harness.Tutorial())
		defer f.Close()
		f.Performed()
		f.Hosts["store"].Unknown = []string{"worker01"}
		nodes := f.Nodes()
		for i, n := range nodes {
			nodes[i] = slowGossip{n, 2 * tellMembers}
		}
		c, err := engine.Open(f.Topology, nodes)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := CompleteGossip(ctx, c); err != nil {
			t.Error(err)
		}
	})
}

// TestNetworkNeedsGossip: that one engine lacks another is enough.
func TestNetworkNeedsGossip(t *testing.T) {
	for _, h := range harness.Tutorial().Hosts() {
		_, c := fake(t, performed(func(f *enginetest.Cluster) { f.Hosts[h.Name].Unknown = []string{"frontend02"} }))
		p := networkPart{c.Topology()}
		for _, err := range []error{p.findMissing(t.Context(), c), p.checkWorking(t.Context(), c)} {
			if want := "the engine of " + h.Name + " has not found frontend02 by gossip"; fmt.Sprint(err) != want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
}

// TestWrongIsNotTouched: what only a person can judge stops the bootstrap, and
// stays as it is.
func TestWrongIsNotTouched(t *testing.T) {
	for name, test := range map[string]struct {
		breaks func(*enginetest.Cluster)
		want   string
	}{
		"a join elsewhere": {
			func(f *enginetest.Cluster) { f.Hosts["store"].Find("join").Args[1] = "--advertise=192.168.33.99:2375" },
			"join-store (1.10 of the page) on store: store: the join container NAME has arguments \"join --advertise=192.168.33.99:2375 consul://192.168.33.11:8500/\"",
		},
		"a join that comes back": {
			func(f *enginetest.Cluster) { f.Hosts["store"].Find("join").Restart = "always" },
			"join-store (1.10 of the page) on store: store: the join container NAME has restart policy always instead of no",
		},
		"a paused join": {
			func(f *enginetest.Cluster) { f.Hosts["store"].Find("join").State = "paused" },
			"join-store (1.10 of the page) on store: store: the join container NAME is paused",
		},
		"a manager on another port": {
			func(f *enginetest.Cluster) {
				f.Hosts["manager"].Find("manage").Ports = []enginetest.Port{{Host: 3376, Container: 2375}}
			},
			"manager (1.5 of the page) on manager: manager: the Swarm manager container NAME has published ports 3376:2375 instead of 3375:2375",
		},
		"a Consul of another name": {
			func(f *enginetest.Cluster) { f.Hosts["manager"].Find("consul").Hostname = "x" },
			"consul (1.3 of the page) on manager: manager: the Consul container NAME has host name x instead of consul",
		},
		"a bridge": {
			func(f *enginetest.Cluster) { f.Hosts["manager"].Networks[1].Driver = "bridge" },
			"network (3.4 of the page) on manager: manager: network mynet has the driver bridge instead of overlay",
		},
		"a bridge on the manager alone": {
			func(f *enginetest.Cluster) {
				for _, h := range f.Topology.Members {
					f.Hosts[h.Name].Networks = nil
				}
				f.Hosts["manager"].Networks[1].Driver = "bridge"
			},
			"network (3.4 of the page) on manager: manager: network mynet has the driver bridge instead of overlay",
		},
		"another network": {
			func(f *enginetest.Cluster) { f.Hosts["store"].Networks[1].ID = strings.Repeat("e", 64) },
			"network (3.4 of the page) on manager: store: network mynet has the ID eeeeeeeeeeee instead of 6d796e657420, which the manager has",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, c := fake(t, performed(test.breaks))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err := Default().Bootstrap(ctx, c, nil)
			got := fmt.Sprint(err)
			for _, h := range f.Hosts {
				for _, b := range h.Containers {
					got = strings.ReplaceAll(got, " "+b.Name+" ", " NAME ")
				}
			}
			if !strings.HasPrefix(got, "step "+test.want) || !errors.As(err, new(*WrongError)) || len(f.Calls()) != 0 {
				t.Errorf("got  %s\nwant step %s; %q", got, test.want, f.Calls())
			}
		})
	}
}

// TestEnded: a join that ends for good is not waited for, with what it said.
func TestEnded(t *testing.T) {
	f, c := fake(t, performed(nil))
	f.Change(func() { f.Status = func(s [][2]string) [][2]string { return append(s[:3:3], [2]string{"Nodes", "0"}) } })
	s := Default().Steps(c.Topology())[5]
	f.Change(func() { b := f.Hosts["store"].Find("join"); b.State, b.ExitCode = "exited", 7 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := s.waitUntilWorking(ctx, c)
	if !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "with exit code 7") || ctx.Err() != nil {
		t.Errorf("%v", err)
	}
	f.Change(func() { f.Hosts["store"].Find("join").State = "running" })
	s.within = 200 * time.Millisecond
	if err := s.waitUntilWorking(ctx, c); !errors.As(err, new(*harness.TimeoutError)) || !strings.Contains(err.Error(), "does not list store") {
		t.Errorf("%v", err)
	}
	f.Change(func() { f.Hosts["store"].Containers = nil })
	if err := s.waitUntilWorking(ctx, c); !errors.Is(err, errNoContainer) {
		t.Errorf("%v", err)
	}
}

// TestFind: of several containers the one that is right, running rather than
// not.
func TestFind(t *testing.T) {
	right := []string{"join", "--advertise=192.168.33.250:2375", "consul://192.168.33.11:8500/"}
	for name, test := range map[string]struct {
		all  []enginetest.Container
		want string
	}{
		"none":              {nil, "the join container is not there"},
		"another's":         {[]enginetest.Container{{Name: "a", Image: "nginx", Args: []string{"join"}}}, "the join container is not there"},
		"a manager's":       {[]enginetest.Container{{Name: "a", Image: "swarm", Args: []string{"manage", "x"}}}, "the join container is not there"},
		"with a tag":        {[]enginetest.Container{{Name: "a", Image: "swarm:1.2.9", Args: right}}, "a"},
		"the running one":   {[]enginetest.Container{{Name: "a", Image: "swarm", Args: right, State: "exited"}, {Name: "b", Image: "swarm", Args: right}}, "b"},
		"the right one":     {[]enginetest.Container{{Name: "a", Image: "swarm", Args: []string{"join", "x"}}, {Name: "b", Image: "swarm", Args: right, State: "exited"}}, "b"},
		"only a wrong one":  {[]enginetest.Container{{Name: "a", Image: "swarm", Args: []string{"join", "x"}}}, "the join container a has arguments \"join x\""},
		"the first running": {[]enginetest.Container{{Name: "a", Image: "swarm", Args: right}, {Name: "b", Image: "swarm", Args: right}}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			_, c := fake(t, func(f *enginetest.Cluster) {
				for _, b := range test.all {
					f.Hosts["store"].Add(b)
				}
			})
			found, err := Default().Service(SwarmJoin, c.Topology(), c.Topology().Members[3]).findContainer(t.Context(), c)
			got := found.Name
			if err != nil {
				got = err.Error()
			}
			if got != test.want && !strings.Contains(got, test.want+" instead of") {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestFindNameless: the list has an image that lost its name by its ID, and a
// container may go between the list and the question.
func TestFindNameless(t *testing.T) {
	f, c := fake(t, nil)
	answer := func(inspect int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("API-Version", "1.41")
			switch {
			case strings.HasSuffix(r.URL.Path, "/containers/json"):
				fmt.Fprint(w, `[{"Id": "1", "Names": ["/a"], "Image": "sha256:12", "Command": "/swarm join --advertise=192.168.33.250:2375 consul://192.168.33.11:8500/", "State": "running"}]`)
			case strings.HasSuffix(r.URL.Path, "/json"):
				w.WriteHeader(inspect)
				fmt.Fprint(w, `{"Id": "1", "Name": "/a", "Path": "/swarm", "Args": ["join", "--advertise=192.168.33.250:2375", "consul://192.168.33.11:8500/"],
					"State": {"Status": "running", "Running": true}, "Config": {"Image": "swarm"}, "HostConfig": {}, "NetworkSettings": {}}`)
			}
		}
	}
	s := Default().Service(SwarmJoin, c.Topology(), c.Topology().Members[3])
	for code, want := range map[int]error{http.StatusOK: nil, http.StatusNotFound: errNoContainer} {
		f.Change(func() { f.Hosts["store"].Answer[harness.EnginePort] = answer(code) })
		if found, err := s.findContainer(t.Context(), c); !errors.Is(err, want) || err == nil && found.Name != "a" {
			t.Errorf("%d: %+v, %v", code, found, err)
		}
	}
	f.Change(func() { f.Hosts["store"].Answer[harness.EnginePort] = answer(http.StatusInternalServerError) })
	if _, err := s.findContainer(t.Context(), c); err == nil || errors.Is(err, errNoContainer) {
		t.Errorf("500: %v", err)
	}
}

// TestInspectFinds breaks what each stage is about.
func TestInspectFinds(t *testing.T) {
	for name, test := range map[string]struct {
		breaks func(*enginetest.Cluster)
		stage  harness.Stage
		seen   string // of the stage after it
	}{
		"nothing": {nil, harness.StageNetwork, ""},
		"engine":  {func(f *enginetest.Cluster) { f.Hosts["store"].Off = true }, harness.StageNone, "store: does not answer"},
		"consul": {
			func(f *enginetest.Cluster) { f.NoLeader = true },
			harness.StageEngines, "Consul on manager (192.168.33.11:8500): leader: Consul has no leader",
		},
		"manager": {
			func(f *enginetest.Cluster) { f.Hosts["manager"].Find("manage").State = "exited" },
			harness.StageConsul, "manager (192.168.33.11:3375): info: connection refused",
		},
		"an engine for a manager": {
			func(f *enginetest.Cluster) {
				f.Hosts["manager"].Answer[harness.SwarmPort] = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"Name": "x"}`) }
			},
			harness.StageConsul, "manager (192.168.33.11:3375) answers as the engine of x, not as a Swarm manager",
		},
		"not listed": {
			func(f *enginetest.Cluster) { f.Hosts["store"].Find("join").State = "exited" },
			harness.StageManager, "the manager does not list store",
		},
		"two ill": {
			func(f *enginetest.Cluster) {
				f.Hosts["store"].Find("join").State = "exited"
				f.Status = func(s [][2]string) [][2]string {
					s[4][1] = "192.168.33.20:2376"
					return s
				}
			},
			harness.StageManager, "the manager does not list frontend01; the manager does not list store",
		},
		"no network": {
			func(f *enginetest.Cluster) { f.Hosts["store"].Networks = f.Hosts["store"].Networks[:1] },
			harness.StageJoined, "store: does not have mynet",
		},
		"a bridge": {
			func(f *enginetest.Cluster) { f.Hosts["store"].Networks[1].Driver = "bridge" },
			harness.StageJoined, "store: network mynet has the driver bridge instead of overlay",
		},
		"gossip": {
			func(f *enginetest.Cluster) { f.Hosts["store"].Unknown = []string{"manager"} },
			harness.StageJoined, "the engine of store has not found manager by gossip",
		},
		"suspected": {
			func(f *enginetest.Cluster) { f.Hosts["store"].Suspect = []string{"manager"} },
			harness.StageJoined, "the engine of store has not found manager by gossip",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, c := fake(t, performed(test.breaks))
			p := Inspect(t.Context(), c)
			if p.Stage != test.stage || test.seen != "" && !strings.HasPrefix(p.Stages[p.Stage].Seen.String(), test.seen) {
				t.Errorf("stage %s: %+v", p.Stage, p.Stages)
			}
			if joined := p.Stages[harness.StageJoined-1]; name == "manager" && joined.Seen.String() != "there is no manager to ask" {
				t.Errorf("%+v", joined)
			}
			if len(f.Calls()) > 0 {
				t.Errorf("changed: %q", f.Calls())
			}
		})
	}
}

// TestSwarmManagerWorks: a manager that is a replica has to know its primary.
func TestSwarmManagerWorks(t *testing.T) {
	var role, primary string
	_, c := fake(t, performed(func(f *enginetest.Cluster) {
		f.Status = func([][2]string) [][2]string {
			return [][2]string{{"Role", role}, {"Primary", primary}, {"Strategy", "spread"}, {"Nodes", "0"}}
		}
	}))
	s := Service{Host: c.Topology().Manager}
	for _, test := range []struct{ role, primary, err string }{
		{"primary", "", ""},
		{"replica", "192.168.33.20:3375", ""},
		{"replica", "", "the Swarm manager on manager has no primary"},
	} {
		role, primary = test.role, test.primary
		err := swarmManagerWorks(t.Context(), c, s)
		if (err != nil) != (test.err != "") || err != nil && err.Error() != test.err {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// TestRole: of a manager that has replicas it is told how many.
func TestRole(t *testing.T) {
	for want, i := range map[string]inspection{
		"primary":                           {swarm: engine.Swarm{Role: "primary"}},
		"primary, replicas on 2 more hosts": {swarm: engine.Swarm{Role: "primary"}, topology: harness.Topology{Replicas: 2}},
		"replica of 192.168.33.20:3375":     {swarm: engine.Swarm{Role: engine.Replica, Primary: "192.168.33.20:3375"}, topology: harness.Topology{Replicas: 2}},
	} {
		if got := i.role().String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestInspectHosts: what is on each host, and what of it is not as it should be.
func TestInspectHosts(t *testing.T) {
	f, c := fake(t, performed(func(f *enginetest.Cluster) {
		h := f.Hosts["manager"]
		h.Add(enginetest.Container{Image: "swarm", Args: []string{"join", "--advertise=" + h.Engine().String(), f.Topology.Discovery()}}) // is none of the page's
	}))
	p := Inspect(t.Context(), c)
	for i, h := range p.Hosts {
		role, containers := "member", 1
		if i == 0 {
			role, containers = "manager", 2
		}
		if h.Role != role || len(h.Containers) != containers || h.Engine == nil || len(h.Gossip) != 5 || h.Driver != "overlay" ||
			(h.Member == nil) != (i == 0) || h.Member != nil && h.Member.Name != h.Host.Name || h.Problems != nil {
			t.Errorf("%+v", h)
		}
	}
	f.Change(func() {
		f.Hosts["store"].Find("join").State, f.Hosts["store"].Find("join").ExitCode = "exited", 3
		f.Hosts["worker01"].Find("join").Restart = "always"
	})
	p = Inspect(t.Context(), c)
	if len(p.Hosts[4].Problems) != 1 || !strings.Contains(p.Hosts[4].Problems[0].String(), "ended with exit code 3") {
		t.Errorf("%q", p.Hosts[4].Problems)
	}
	if len(p.Hosts[3].Problems) != 1 || !strings.Contains(p.Hosts[3].Problems[0].String(), "restart policy always") || len(p.Hosts[3].Containers) != 0 {
		t.Errorf("%+v", p.Hosts[3])
	}
	// That a step was not done yet is no problem.
	_, c = fake(t, nil)
	for _, h := range Inspect(t.Context(), c).Hosts {
		if h.Problems != nil {
			t.Errorf("%s: %q", h.Host.Name, h.Problems)
		}
	}
	if diff := cmp.Diff(map[string]string{"engine": "20.10.5"}, Versions(t.Context(), c)); diff != "" {
		t.Error(diff)
	}
	_, c = fake(t, performed(nil))
	if diff := cmp.Diff(map[string]string{"engine": "20.10.5", "swarm": "1.2.9", "consul": "1.8.7"}, Versions(t.Context(), c)); diff != "" {
		t.Error(diff)
	}
}

// hostFaults are faults of hosts, which are not the page's containers'.
type hostFaults struct {
	harness.Faulter
	all   []harness.Fault
	asked []string
}

func (f *hostFaults) Break(_ context.Context, fault harness.Fault) error {
	f.asked = append(f.asked, "break "+fault.String())
	return nil
}

func (f *hostFaults) Mend(_ context.Context, fault harness.Fault) error {
	f.asked = append(f.asked, "mend "+fault.String())
	return nil
}

func (f *hostFaults) Faults(context.Context) ([]harness.Fault, error) { return f.all, nil }

func TestFaulter(t *testing.T) {
	fk, c := fake(t, performed(nil))
	hosts := &hostFaults{}
	f, ctx := Faulter(hosts, c), t.Context()
	stop := func(node, service string) harness.Fault {
		return harness.Fault{Kind: harness.FaultStop, Node: node, Service: service}
	}
	pause := harness.Fault{Kind: harness.FaultPause, Node: "store"}
	if err := errors.Join(f.Break(ctx, pause), f.Mend(ctx, pause)); err != nil || !slices.Equal(hosts.asked, []string{"break store is paused", "mend store is paused"}) {
		t.Errorf("%q, %v", hosts.asked, err)
	}
	for _, fault := range []harness.Fault{stop("manager", "consul"), stop("manager", "manager"), stop("store", "join")} {
		all, err := f.Faults(ctx)
		if len(all) != 0 || err != nil {
			t.Errorf("before: %v, %v", all, err)
		}
		if err := f.Mend(ctx, fault); !errors.Is(err, harness.ErrNotInForce) {
			t.Errorf("mended before it was broken: %v", err)
		}
		if err := f.Break(ctx, fault); err != nil {
			t.Fatal(err)
		}
		if all, err = f.Faults(ctx); !slices.Equal(all, []harness.Fault{fault}) || err != nil {
			t.Errorf("in force: %v, %v", all, err)
		}
		if err := f.Break(ctx, fault); !errors.Is(err, harness.ErrInForce) {
			t.Errorf("broken twice: %v", err)
		}
		if err := f.Mend(ctx, fault); err != nil {
			t.Fatal(err)
		}
	}
	for _, fault := range []harness.Fault{stop("store", "consul"), stop("store", "manager"), stop("manager", "join"), stop("nowhere", "join"), stop("store", "")} {
		if err := f.Break(ctx, fault); !errors.Is(err, ErrNoService) {
			t.Errorf("%v: %v", fault, err)
		}
	}
	// Of a host that is off nothing is asked, of one that answers everything.
	fk.Change(func() { fk.Hosts["store"].Off = true })
	if _, err := f.Faults(ctx); !errors.Is(err, engine.ErrRefused) {
		t.Errorf("a host that does not answer: %v", err)
	}
	for _, kind := range []harness.FaultKind{harness.FaultKill, harness.FaultPause} {
		hosts.all = []harness.Fault{{Kind: kind, Node: "store"}}
		if all, err := f.Faults(ctx); len(all) != 1 || err != nil {
			t.Errorf("%s: %v, %v", kind, all, err)
		}
	}
	// What was never made, or otherwise, was not stopped.
	fk.Change(func() {
		fk.Hosts["store"].Off, fk.Hosts["store"].Containers = false, nil
		fk.Hosts["worker01"].Find("join").Args[1], fk.Hosts["worker01"].Find("join").State = "--advertise=x", "exited"
	})
	hosts.all = nil
	if all, err := f.Faults(ctx); len(all) != 0 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
}

// TestReached: what of the page lies behind a cluster.
func TestReached(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*enginetest.Cluster)
		page    string // of the last command that is done
		wrong   bool
	}{
		"nothing":      {nil, "", false},
		"everything":   {performed(nil), "3.4", false},
		"no network":   {performed(func(f *enginetest.Cluster) { f.Hosts["store"].Networks = nil }), "1.10", false},
		"no manager":   {performed(func(f *enginetest.Cluster) { f.Hosts["manager"].Find("manage").State = "exited" }), "1.3", false},
		"a wrong join": {performed(func(f *enginetest.Cluster) { f.Hosts["frontend01"].Find("join").Restart = "always" }), "1.5", true},
	} {
		_, c := fake(t, test.prepare)
		n, err := Default().Reached(t.Context(), c)
		got := ""
		if n > 0 {
			got = Default().Commands(c.Topology())[n-1].Page
		}
		if got != test.page || (err != nil) != test.wrong || test.wrong && !errors.As(err, new(*StepError)) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, c := fake(t, performed(nil))
	if _, err := Default().Reached(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	f, c := fake(t, performed(nil))
	for _, command := range Default().Commands(c.Topology()) {
		f.Change(func() {
			f.Hosts["store"].Unknown = []string{"manager", "frontend01", "frontend02", "worker01"}
			for _, other := range f.Hosts["store"].Unknown {
				f.Hosts[other].Unknown = []string{"store"}
			}
		})
		if err := command.Settle(t.Context(), c); err != nil {
			t.Errorf("%s: %v", command.Text, err)
		}
		f.Change(func() {
			if apart := f.Hosts["store"].Unknown != nil; apart != (command.Step == nil || command.Step.ID != "network") {
				t.Errorf("%s: still apart: %v", command.Text, apart)
			}
		})
	}
	f.Change(func() { f.Hosts["store"].Containers = nil })
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	for _, command := range Default().Commands(c.Topology())[:11] {
		err := command.Settle(ctx, c)
		if (err != nil) != (command.Step != nil && command.Step.ID == "join-store") || err != nil && !errors.As(err, new(*StepError)) {
			t.Errorf("%s: %v", command.Text, err)
		}
	}
}

// shell is a node that notes what is run and answers alike.
type shell struct {
	host
	ran  []string
	code int
	err  error
}

func (s *shell) Exec(_ context.Context, argv ...string) (harness.Result, error) {
	s.ran = append(s.ran, argv[len(argv)-1])
	r := harness.Result{Argv: argv, ExitCode: s.code}
	if s.err != nil {
		return r, s.err
	}
	return r, r.Err()
}

// TestTerminal: exports stay, and that a command fails is no error.
func TestTerminal(t *testing.T) {
	s := &shell{host: host{Host: harness.Tutorial().Manager}}
	terminal := NewTerminal(s)
	for _, line := range []string{"docker ps", "export A=1", "export A=1", "docker info", "export B=2", "echo"} {
		if _, err := terminal.Type(t.Context(), line); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"docker ps", "export A=1", "export A=1", "export A=1\ndocker info", "export A=1\nexport B=2", "export A=1\nexport B=2\necho"}
	if diff := cmp.Diff(want, s.ran); diff != "" {
		t.Error(diff)
	}
	s.code = 3
	if r, err := terminal.Type(t.Context(), "export C=3"); err != nil || r.ExitCode != 3 {
		t.Errorf("%+v, %v", r, err)
	}
	if len(terminal.exports) != 2 {
		t.Errorf("an export that failed holds: %q", terminal.exports)
	}
	s.err = errors.New("no route")
	if _, err := terminal.Type(t.Context(), "ls"); err == nil || err.Error() != `type "ls" on manager: no route` {
		t.Errorf("%v", err)
	}
}

// TestNetworksNotAsked: what could not be asked is not told as lacking.
func TestNetworksNotAsked(t *testing.T) {
	i := &inspection{topology: harness.Tutorial()}
	i.hosts = []HostProgress{{Host: i.topology.Members[0], networksUnasked: true}}
	if err := i.disconnected(); err == nil || err.Error() != "frontend01: could not be asked for mynet" {
		t.Errorf("%v", err)
	}
}
