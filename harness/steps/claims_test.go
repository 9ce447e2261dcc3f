package steps

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/internal/enginetest"
	"labcheck/harness/tutorial"
)

func table(rows ...[]string) *godog.Table {
	t := &messages.PickleTable{}
	for _, r := range rows {
		row := &messages.PickleTableRow{}
		for _, v := range r {
			row.Cells = append(row.Cells, &messages.PickleTableCell{Value: v})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// line changes a line of what Swarm says of its cluster, the nth of that key
// from 0; to takes its value.
func line(f *enginetest.Cluster, key string, nth int, to string) {
	f.Status = func(s [][2]string) [][2]string {
		for i := range s {
			if s[i][0] == key {
				if nth == 0 {
					s[i][1] = to
				}
				nth--
			}
		}
		return s
	}
}

func engineInstead(f *enginetest.Cluster) {
	f.Hosts["manager"].Answer[harness.SwarmPort] = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"Name": "x"}`) }
}

// TestClaims has each claim looked at on a cluster where it holds, and on ones
// where it does not: then it must say what was expected and seen.
func TestClaims(t *testing.T) {
	type breaks map[string]func(*enginetest.Cluster) // by a part of what was seen
	stop := func(host, word string) func(*enginetest.Cluster) {
		return func(f *enginetest.Cluster) { f.Hosts[host].Find(word).State = "exited" }
	}
	add := func(host string, c enginetest.Container) func(*enginetest.Cluster) {
		return func(f *enginetest.Cluster) { f.Hosts[host].Add(c) }
	}
	remove := func(host string) func(*enginetest.Cluster) {
		return func(f *enginetest.Cluster) { f.Hosts[host].Containers = nil }
	}
	join := enginetest.Container{Name: "again", Image: "swarm", Args: []string{"join", "consul://192.168.33.11:8500"}}
	nodes := table([]string{"node", "address"}, []string{"frontend01", "192.168.33.20:2375"}, []string{"frontend02", "192.168.33.21:2375"},
		[]string{"store", "192.168.33.250:2375"}, []string{"worker01", "192.168.33.200:2375"})
	for name, test := range map[string]struct {
		claim func(context.Context, *testWorld) error
		false breaks
	}{
		"consul has a leader": {
			func(ctx context.Context, w *testWorld) error { return w.hasLeader(ctx) },
			breaks{"none is elected": func(f *enginetest.Cluster) { f.NoLeader = true }},
		},
		"registered": {
			func(ctx context.Context, w *testWorld) error { return w.nodeRegistered(ctx, "192.168.33.250:2375") },
			breaks{
				"192.168.33.200:2375, 192.168.33.20:2375, 192.168.33.21:2375": stop("store", "join"),
				"nothing": func(f *enginetest.Cluster) {
					f.Keys = func(m map[string]string) { clear(m) }
				},
			},
		},
		"engine's name": {
			func(ctx context.Context, w *testWorld) error { return w.engineHas(ctx, "store", "name", "store") },
			breaks{"name: x": func(f *enginetest.Cluster) { f.Hosts["store"].CalledAs = "x" }},
		},
		"engine's CPUs": {
			func(ctx context.Context, w *testWorld) error { return w.engineHas(ctx, "store", "CPUs", "1") },
			breaks{"CPUs: 3": func(f *enginetest.Cluster) { f.Hosts["store"].CPUs = 3 }},
		},
		"engine's memory": {
			func(ctx context.Context, w *testWorld) error {
				return w.engineHas(ctx, "manager", "total memory", "992.2 MiB")
			},
			breaks{"total memory: 1KiB": func(f *enginetest.Cluster) { f.Hosts["manager"].Memory = 1024 }},
		},
		"engine's store": {
			func(ctx context.Context, w *testWorld) error {
				return w.engineHas(ctx, "store", "クラスタ・ストア", "consul://192.168.33.11:8500")
			},
			breaks{"none": func(f *enginetest.Cluster) { f.Hosts["store"].Store = "" }},
		},
		"engine's address": {
			func(ctx context.Context, w *testWorld) error {
				return w.engineHas(ctx, "store", "cluster advertise", "192.168.33.250:2375")
			},
			breaks{"192.168.33.250:2376": func(f *enginetest.Cluster) { f.Hosts["store"].Advertise = "192.168.33.250:2376" }},
		},
		"cluster's role": {
			func(ctx context.Context, w *testWorld) error { return w.clusterHas(ctx, "role", "primary") },
			breaks{
				"role: replica": func(f *enginetest.Cluster) { line(f, "Role", 0, "replica") },
				"an engine, x":  engineInstead,
			},
		},
		"cluster's strategy": {
			func(ctx context.Context, w *testWorld) error { return w.clusterHas(ctx, "strategy", "spread") },
			breaks{"strategy: binpack": func(f *enginetest.Cluster) { line(f, "Strategy", 0, "binpack") }},
		},
		"cluster's nodes": {
			func(ctx context.Context, w *testWorld) error { return w.clusterHas(ctx, "nodes", "4") },
			breaks{"nodes: 3": stop("store", "join")},
		},
		"cluster's filter": {
			func(ctx context.Context, w *testWorld) error { return w.clusterFilters(ctx, "port") },
			breaks{"health, ports": func(f *enginetest.Cluster) { line(f, "Filters", 0, "health, ports") }},
		},
		"cluster's name": {
			func(ctx context.Context, w *testWorld) error { return w.clusterNamedByManager(ctx, "manager") },
			breaks{"none": func(f *enginetest.Cluster) {
				f.Hosts["manager"].Containers = f.Hosts["manager"].Containers[:1]
				f.Hosts["manager"].Add(enginetest.Container{Name: "other", Image: "x", Args: []string{"manage"}})
			}},
		},
		"member healthy": {
			func(ctx context.Context, w *testWorld) error {
				return w.memberHealthy(ctx, "store", "192.168.33.250:2375")
			},
			breaks{
				"frontend01, frontend02, worker01": stop("store", "join"),
				"Status: Pending":                  func(f *enginetest.Cluster) { line(f, "  └ Status", 2, "Pending") },
				"address: 192.168.33.249:2375":     func(f *enginetest.Cluster) { line(f, " store", 0, "192.168.33.249:2375") },
				"Status: Unhealthy\nError: no route": func(f *enginetest.Cluster) {
					f.Status = func(s [][2]string) [][2]string {
						i := slices.IndexFunc(s, func(l [2]string) bool { return l[0] == " store" })
						s[i+2][1] = "Unhealthy"
						return slices.Insert(s, i+3, [2]string{"  └ Error", "no route"})
					}
				},
			},
		},
		"member's size": {
			func(ctx context.Context, w *testWorld) error { return w.memberSize(ctx, "store", 1, "3.86 GiB") },
			breaks{
				"CPU: 2":        func(f *enginetest.Cluster) { f.Hosts["store"].CPUs = 2 },
				"memory: 1 KiB": func(f *enginetest.Cluster) { f.Hosts["store"].Memory = 1024 - 48 },
			},
		},
		"member's labels": {
			func(ctx context.Context, w *testWorld) error {
				return w.memberLabels(ctx, "store", "kernelversion, storagedriver")
			},
			breaks{"labels: kernelversion": func(f *enginetest.Cluster) { line(f, "  └ Labels", 2, "kernelversion=6.1, storagedriver=") }},
		},
		"member's error": {
			func(ctx context.Context, w *testWorld) error { return w.memberNoError(ctx, "store") },
			breaks{"no route": func(f *enginetest.Cluster) {
				f.Status = func(s [][2]string) [][2]string { return append(s, [2]string{"  └ Error", "no route"}) }
				f.Hosts["worker01"].Find("join").State = "exited" // store is last then
			}},
		},
		"member's update": {
			func(ctx context.Context, w *testWorld) error { return w.memberUpdated(ctx, "store", 5) },
			breaks{
				"2016-02-14T19:02:53Z, ": func(f *enginetest.Cluster) { line(f, "  └ UpdatedAt", 2, "2016-02-14T19:02:53Z") },
				"2116-02-14T19:02:53Z, ": func(f *enginetest.Cluster) { line(f, "  └ UpdatedAt", 2, "2116-02-14T19:02:53Z") },
				"(not shown)": func(f *enginetest.Cluster) {
					f.Status = func(s [][2]string) [][2]string {
						return slices.DeleteFunc(s, func(l [2]string) bool { return l[0] == "  └ UpdatedAt" })
					}
				},
				"6m": func(f *enginetest.Cluster) {
					line(f, "  └ UpdatedAt", 2, time.Now().Add(-6*time.Minute).UTC().Format(time.RFC3339))
				},
			},
		},
		"members in order": {
			func(ctx context.Context, w *testWorld) error { return w.membersInOrder(ctx, nodes) },
			breaks{
				"nodes: frontend01 192.168.33.20:2375, frontend02 192.168.33.21:2375, worker01": stop("store", "join"),
				"worker01 192.168.33.200:2375, store 192.168.33.250:2375": func(f *enginetest.Cluster) {
					f.Status = func(s [][2]string) [][2]string {
						i := slices.IndexFunc(s, func(l [2]string) bool { return l[0] == " store" })
						return slices.Concat(s[:i], s[i+9:], s[i:i+9])
					}
				},
			},
		},
		"Consul's restart policy": {
			func(ctx context.Context, w *testWorld) error {
				return w.containerHas(ctx, "Consul", "manager", "restart policy", "unless-stopped")
			},
			breaks{
				"restart policy: no": func(f *enginetest.Cluster) { f.Hosts["manager"].Find("consul").Restart = "no" },
				"2: again (progrium/consul:1, running), ": func(f *enginetest.Cluster) {
					f.Hosts["manager"].Containers = append([]*enginetest.Container{f.Hosts["manager"].Add(enginetest.Container{Name: "again", Image: "progrium/consul:1"})}, f.Hosts["manager"].Containers[:2]...)
				},
				"none": remove("manager"),
			},
		},
		"the manager's port": {
			func(ctx context.Context, w *testWorld) error {
				return w.containerHas(ctx, "Swarm manager", "manager", "published port", "3375->2375/tcp")
			},
			breaks{"published port: 3376->2375/tcp": func(f *enginetest.Cluster) {
				f.Hosts["manager"].Find("manage").Ports = []enginetest.Port{{Host: 3376, Container: 2375}}
			}},
		},
		"the join's discovery": {
			func(ctx context.Context, w *testWorld) error {
				return w.containerHas(ctx, "Swarm join", "store", "discovery", "consul://192.168.33.11:8500")
			},
			breaks{"discovery: x": func(f *enginetest.Cluster) { f.Hosts["store"].Find("join").Args[2] = "x" }},
		},
		"the join's address": {
			func(ctx context.Context, w *testWorld) error {
				return w.containerHas(ctx, "Swarm join", "store", "advertised address", "192.168.33.250:2375")
			},
			breaks{"advertised address: x": func(f *enginetest.Cluster) { f.Hosts["store"].Find("join").Args[1] = "--advertise=x" }},
		},
		"the join's process": {
			func(ctx context.Context, w *testWorld) error {
				return w.containerHas(ctx, "Swarm join", "store", "process", "swarm join")
			},
			breaks{"none": func(f *enginetest.Cluster) { f.Hosts["store"].Find("join").Args = []string{"manage"} }},
		},
		"Consul's host name": {
			func(ctx context.Context, w *testWorld) error {
				return w.containerHas(ctx, "Consul", "manager", "host name", "consul")
			},
			breaks{"host name: x": func(f *enginetest.Cluster) { f.Hosts["manager"].Find("consul").Hostname = "x" }},
		},
		"Consul's command": {
			func(ctx context.Context, w *testWorld) error {
				return w.containerHas(ctx, "Consul", "manager", "command", "/bin/start -server -bootstrap")
			},
			breaks{"command: /bin/start -dev": func(f *enginetest.Cluster) { f.Hosts["manager"].Find("consul").Args = []string{"-dev"} }},
		},
		"Consul's state": {
			func(ctx context.Context, w *testWorld) error {
				return w.containerHas(ctx, "Consul", "manager", "state", "running")
			},
			breaks{"state: exited": stop("manager", "consul")},
		},
		"runs one join": {
			func(ctx context.Context, w *testWorld) error { return w.runsOne(ctx, "store", "Swarm join") },
			breaks{
				"1: ":  stop("store", "join"),
				"2: ":  add("store", join),
				"none": remove("store"),
			},
		},
		"only on the manager": {
			func(ctx context.Context, w *testWorld) error { return w.runsOnlyOn(ctx, "manager", "Consul") },
			breaks{
				"manager: 1: ":    stop("manager", "consul"),
				"manager: none":   remove("manager"),
				"store: 1: again": add("store", enginetest.Container{Name: "again", Image: "progrium/consul"}),
				"manager: 2: ":    add("manager", enginetest.Container{Name: "again", Image: "progrium/consul"}),
			},
		},
		"on the bridge": {
			func(ctx context.Context, w *testWorld) error {
				return w.isAttached(true)(ctx, "Consul", "manager", "bridge")
			},
			breaks{"attached to other": func(f *enginetest.Cluster) {
				f.Hosts["manager"].Find("consul").Networks = map[string]string{"other": "10.0.0.1"}
			}},
		},
		"not on mynet": {
			func(ctx context.Context, w *testWorld) error {
				return w.isAttached(false)(ctx, "Consul", "manager", "mynet")
			},
			breaks{"attached to bridge, mynet": func(f *enginetest.Cluster) {
				f.Hosts["manager"].Find("consul").Networks["mynet"] = "10.0.0.1"
			}},
		},
		"own networks": {
			func(ctx context.Context, w *testWorld) error {
				return w.clusterListsOwn(ctx, "store", table([]string{"name", "driver"}, []string{"bridge", "bridge"}))
			},
			breaks{
				"none; it lists nothing": func(f *enginetest.Cluster) { f.Hosts["store"].Networks = nil },
				"bridge: macvlan":        func(f *enginetest.Cluster) { f.Hosts["store"].Networks[0].Driver = "macvlan" },
			},
		},
		"network on a host": {
			func(ctx context.Context, w *testWorld) error { return w.networkOn(ctx, "store", "mynet", "overlay") },
			breaks{
				"nothing":         func(f *enginetest.Cluster) { f.Hosts["store"].Networks = nil },
				"mynet (bridge, ": func(f *enginetest.Cluster) { f.Hosts["store"].Networks[1].Driver = "bridge" },
				"mynet (overlay, 6d796e657420), mynet (overlay, eeeeeeeeeeee)": func(f *enginetest.Cluster) {
					n := f.Hosts["store"].Networks[1]
					n.ID = strings.Repeat("e", 64)
					f.Hosts["store"].Networks = append(f.Hosts["store"].Networks, n)
				},
			},
		},
		"network of the cluster": {
			func(ctx context.Context, w *testWorld) error { return w.networkOfCluster(ctx, "mynet", "overlay") },
			breaks{"store/mynet (overlay, ": func(f *enginetest.Cluster) {
				n := &f.Hosts["store"].Networks[1]
				n.ID, n.Scope = strings.Repeat("e", 64), "local"
			}},
		},
		"network is one": {
			func(ctx context.Context, w *testWorld) error { return w.networkIsOne(ctx, "mynet") },
			breaks{
				"store: eeee":    func(f *enginetest.Cluster) { f.Hosts["store"].Networks[1].ID = strings.Repeat("e", 64) },
				"store: nothing": func(f *enginetest.Cluster) { f.Hosts["store"].Networks = nil },
				"manager: nothing\nfrontend01: nothing": func(f *enginetest.Cluster) {
					for _, h := range f.Hosts {
						h.Networks = nil
					}
				},
			},
		},
		"engines know each other": {
			func(ctx context.Context, w *testWorld) error { return w.enginesKnowEachOther(ctx) },
			breaks{
				"store: lacks manager":    func(f *enginetest.Cluster) { f.Hosts["store"].Unknown = []string{"manager"} },
				"manager: lacks worker01": func(f *enginetest.Cluster) { f.Hosts["manager"].Suspect = []string{"worker01"} },
			},
		},
		"all healthy": {
			func(ctx context.Context, w *testWorld) error { return w.allHealthy(ctx, 4) },
			breaks{
				"nodes: 3":         stop("store", "join"),
				"worker01: Paused": func(f *enginetest.Cluster) { line(f, "  └ Status", 3, "Paused") },
			},
		},
		"no join runs": {
			func(ctx context.Context, w *testWorld) error { return w.noneJoins(ctx, "manager") },
			breaks{"1: again (swarm, running)": add("manager", join)},
		},
		"Swarm is silent": {
			func(ctx context.Context, w *testWorld) error {
				if w.faulter == nil { // the claim holds once it does not run
					if err := w.cluster.Engine("manager").Stop(ctx, swarmID(ctx, w)); err != nil {
						return err
					}
				}
				return w.swarmSilent(ctx)
			},
			breaks{"an answer of x": engineInstead},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := performedWorld(t)
			if err := test.claim(t.Context(), w); err != nil {
				t.Errorf("where it holds: %v", err)
			}
			for seen, breaks := range test.false {
				w, f := performedWorld(t)
				breaks(f)
				var m *harness.Mismatch
				if err := test.claim(t.Context(), w); !errors.As(err, &m) || !strings.Contains(m.Seen, seen) || m.Expected == "" || m.What == "" {
					t.Errorf("want %q to be seen: %v", seen, err)
				}
			}
		})
	}
}

func swarmID(ctx context.Context, w *testWorld) string {
	c, err := w.findOnly(ctx, tutorial.SwarmManager, "manager")
	if err != nil {
		return err.Error()
	}
	return c.ID
}

// TestOwnContainers: a container that has ended, and those of another swarm, are not the
// cluster's; its keys may be below a path of its own.
func TestOwnContainers(t *testing.T) {
	const consul, at = "consul://192.168.33.11:8500", "192.168.33.250:2375"
	for name, change := range map[string]func(*enginetest.Cluster){
		"an earlier try": func(f *enginetest.Cluster) {
			f.Hosts["store"].Add(enginetest.Container{Name: "old", Image: "swarm", Args: []string{"join", consul}, State: "exited"})
			f.Hosts["manager"].Add(enginetest.Container{Name: "old", Image: "swarm", Args: []string{"manage", consul}, State: "exited"})
		},
		"another swarm": func(f *enginetest.Cluster) {
			f.Hosts["store"].Add(enginetest.Container{Name: "two", Image: "swarm", Args: []string{"join", consul + "/two"}})
			f.Hosts["manager"].Add(enginetest.Container{Name: "two", Image: "swarm", Args: []string{"manage", consul + "/two"}})
		},
	} {
		w, f := performedWorld(t)
		change(f)
		for claim, err := range map[string]error{
			"runs one":   w.runsOne(t.Context(), "store", "Swarm join"),
			"discovery":  w.containerHas(t.Context(), "Swarm join", "store", "discovery", consul),
			"state":      w.containerHas(t.Context(), "Swarm manager", "manager", "state", "running"),
			"the name":   w.clusterNamedByManager(t.Context(), "manager"),
			"only on":    w.runsOnlyOn(t.Context(), "manager", "Swarm manager"),
			"the others": w.runsOnlyOn(t.Context(), "manager", "Consul"),
		} {
			if err != nil {
				t.Errorf("%s: %s: %v", name, claim, err)
			}
		}
	}
	w, f := performedWorld(t)
	for _, h := range f.Hosts {
		for _, c := range h.Containers {
			if last := len(c.Args) - 1; strings.HasPrefix(c.Args[last], consul) {
				c.Args[last] = consul + "/team"
			}
		}
	}
	f.Keys = func(m map[string]string) {
		clear(m)
		m["team/docker/swarm/nodes/"+at] = at
	}
	if err := w.nodeRegistered(t.Context(), at); err != nil {
		t.Errorf("its own path: %v", err)
	}
}

// TestUnasked: where a service does not answer no claim holds, and none is false.
func TestUnasked(t *testing.T) {
	w, f := performedWorld(t)
	for _, h := range f.Hosts {
		h.Off = true
	}
	ctx := t.Context()
	for name, claim := range map[string]func() error{
		"leader":     func() error { return w.hasLeader(ctx) },
		"consul":     func() error { return w.consulAnswers(ctx, 8500, "manager", 9) },
		"registered": func() error { return w.nodeRegistered(ctx, "x") },
		"engine":     func() error { return w.engineHas(ctx, "store", "name", "store") },
		"cluster":    func() error { return w.clusterHas(ctx, "nodes", "4") },
		"filters":    func() error { return w.clusterFilters(ctx, "port") },
		"named":      func() error { return w.clusterNamedByManager(ctx, "manager") },
		"healthy":    func() error { return w.memberHealthy(ctx, "store", "x") },
		"size":       func() error { return w.memberSize(ctx, "store", 1, "") },
		"labels":     func() error { return w.memberLabels(ctx, "store", "a") },
		"error":      func() error { return w.memberNoError(ctx, "store") },
		"updated":    func() error { return w.memberUpdated(ctx, "store", 5) },
		"container":  func() error { return w.containerHas(ctx, "Consul", "manager", "state", "running") },
		"runs one":   func() error { return w.runsOne(ctx, "store", "Swarm join") },
		"only on":    func() error { return w.runsOnlyOn(ctx, "manager", "Consul") },
		"not on":     func() error { return w.isAttached(false)(ctx, "Consul", "manager", "mynet") },
		"own":        func() error { return w.clusterListsOwn(ctx, "store", table([]string{"name"})) },
		"network":    func() error { return w.networkOn(ctx, "store", "mynet", "overlay") },
		"one":        func() error { return w.networkIsOne(ctx, "mynet") },
		"look":       func() error { return w.enginesLook(ctx) },
		"know":       func() error { return w.enginesKnowEachOther(ctx) },
		"all":        func() error { return w.allHealthy(ctx, 4) },
		"no join":    func() error { return w.noneJoins(ctx, "store") },
		"not listed": func() error { return w.notListed(ctx, "store") },
		"as before":  func() error { return w.isAsBefore(ctx) },
	} {
		if err := claim(); !errors.Is(err, engine.ErrRefused) || errors.As(err, new(*harness.Mismatch)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.swarmSilent(ctx); err != nil {
		t.Errorf("port 3375 does not answer: %v", err)
	}
}

func TestConsulAnswers(t *testing.T) {
	w, f := performedWorld(t)
	f.NoLeader = true // that is an answer, too
	if err := w.consulAnswers(t.Context(), 8500, "manager", 9); err != nil {
		t.Error(err)
	}
	if w.consulAnswers(t.Context(), 8501, "manager", 9) == nil || w.consulAnswers(t.Context(), 8500, "store", 9) == nil {
		t.Error("Consul on another port or host")
	}
}

// TestIntroduceEngines: engines that a message did not reach are told, not only
// those of another gossip.
func TestIntroduceEngines(t *testing.T) {
	t.Parallel()
	w, f := performedWorld(t)
	f.Change(func() { f.Hosts["store"].Unknown = []string{"worker01"} })
	if err := w.introduceEngines(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.enginesKnowEachOther(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestUnknownWords: what the code does not know is no claim that holds.
func TestUnknownWords(t *testing.T) {
	w, _ := performedWorld(t)
	ctx := t.Context()
	for name, err := range map[string]error{
		"an engine's":   w.engineHas(ctx, "store", "weather", "fine"),
		"of a cluster":  w.engineHas(ctx, "store", "role", "primary"),
		"a cluster's":   w.clusterHas(ctx, "weather", "fine"),
		"a container's": w.containerHas(ctx, "Consul", "manager", "weather", "fine"),
		"no container":  w.containerHas(ctx, "nginx", "manager", "state", "running"),
		"runs":          w.runsOnlyOn(ctx, "manager", "nginx"),
		"is stopped":    w.stopContainer(ctx, "nginx", "manager"),
	} {
		if err == nil || errors.As(err, new(*harness.Mismatch)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestManagerReaches has the docker CLI answer, fail, and be late.
func TestManagerReaches(t *testing.T) {
	w, f := performedWorld(t)
	reach := func(r harness.Result, err error) error {
		f.Change(func() {
			f.Hosts["manager"].Run = func(context.Context, []string) (harness.Result, error) { return r, err }
		})
		return w.managerReaches(t.Context(), "manager", "192.168.33.250:2375", "store")
	}
	argv := []string{"docker"}
	if err := reach(harness.Result{Argv: argv, Stdout: "store\n"}, nil); err != nil || len(w.takeCommands()) != 1 {
		t.Error(err)
	}
	var m *harness.Mismatch
	if err := reach(harness.Result{Argv: argv, Stdout: "worker01\n"}, nil); !errors.As(err, &m) || m.Seen != "worker01" || m.Expected != "store" {
		t.Error(err)
	}
	if err := reach(harness.Result{Argv: argv, Stdout: "store\n"}, errors.New("exit code 1")); !errors.As(err, &m) || m.Seen != "exit code 1" {
		t.Error(err)
	}
	slow := func(ctx context.Context, _ []string) (harness.Result, error) {
		<-ctx.Done()
		return harness.Result{}, &harness.UnreachableError{Node: "manager", Layer: harness.LayerSSH, Err: ctx.Err()}
	}
	f.Change(func() { f.Hosts["manager"].Run = slow })
	synctest.Test(t, func(t *testing.T) {
		err := w.managerReaches(t.Context(), "manager", "192.168.33.250:2375", "store")
		if !errors.As(err, new(*harness.UnreachableError)) {
			t.Errorf("a login shell that hangs: %v", err)
		}
	})
	if err := reach(harness.Result{}, errors.New("no route")); err == nil || errors.As(err, new(*harness.Mismatch)) {
		t.Error(err)
	}
	f.Change(func() {
		f.Hosts["manager"].Run = func(ctx context.Context, _ []string) (harness.Result, error) {
			<-ctx.Done()
			return harness.Result{}, ctx.Err()
		}
	})
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := w.managerReaches(t.Context(), "manager", "192.168.33.250:2375", "store")
		if !errors.As(err, &m) || m.Seen != "no answer within 5s" || time.Since(start) != answerWithin {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

// TestShownIDs: what the terminal shows is of what is there.
func TestShownIDs(t *testing.T) {
	w, f := performedWorld(t)
	ctx := t.Context()
	consulID, managerID := f.Hosts["manager"].Find("consul").ID, f.Hosts["manager"].Find("manage").ID
	mynet := f.Hosts["store"].Networks[1].ID
	inspect := func(name string, ids ...string) string {
		var inside []string
		for _, id := range ids {
			inside = append(inside, fmt.Sprintf("%q: {}", id))
		}
		return fmt.Sprintf(`[{"Name": %q, "Containers": {%s}}]`, name, strings.Join(inside, ", "))
	}
	info := func(name string) string {
		return regexp.MustCompile(`(?m)^( *Name:).*$`).ReplaceAllString(recorded(t, "info-cluster"), "$1 "+name)
	}
	for name, test := range map[string]struct {
		judge       func() error
		true, false []string
	}{
		"a container's": {func() error { return w.showsContainerID(ctx, "manager") }, []string{consulID + "\n"}, []string{"", consulID[:12], "x"}},
		"a network's":   {func() error { return w.showsNetworkID(ctx, "mynet") }, []string{mynet + "\n"}, []string{"", mynet[:12], consulID}},
		"the manager's": {func() error { return w.showsManagerID(ctx) }, []string{info(managerID[:12])}, []string{info(consulID[:12]), info(managerID[:11]), info(""), ""}},
		"with": {
			func() error { return w.inspectShows(true)(ctx, "bridge") },
			[]string{inspect("bridge", consulID, managerID)},
			[]string{inspect("bridge", consulID), inspect("bridge", managerID), inspect("mynet", consulID, managerID), "Error"},
		},
		"without": {
			func() error { return w.inspectShows(false)(ctx, "mynet") },
			[]string{inspect("mynet"), inspect("mynet", mynet)},
			[]string{inspect("mynet", consulID), inspect("mynet", managerID), inspect("bridge")},
		},
	} {
		w.last = harness.Result{}
		if err := test.judge(); err == nil || errors.As(err, new(*harness.Mismatch)) {
			t.Errorf("%s: nothing was typed: %v", name, err)
		}
		for _, out := range test.true {
			w.last = harness.Result{Argv: []string{"docker"}, Stdout: out}
			if err := test.judge(); err != nil {
				t.Errorf("%s of %q: %v", name, out, err)
			}
		}
		for _, out := range test.false {
			w.last = harness.Result{Argv: []string{"docker"}, Stdout: out}
			if err := test.judge(); !errors.As(err, new(*harness.Mismatch)) {
				t.Errorf("%s of %q: %v", name, out, err)
			}
		}
	}
	f.Change(func() { f.Hosts["manager"].Find("consul").State = "exited" })
	w.last = harness.Result{Argv: []string{"docker"}, Stdout: consulID}
	if err := w.showsContainerID(ctx, "manager"); !errors.As(err, new(*harness.Mismatch)) {
		t.Errorf("one that has ended: %v", err)
	}
	if err := w.showsContainerID(ctx, "store"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("one of another host: %v", err)
	}
}

// TestOddNetwork: the host that has another network of the same name is the one that the
// claim is false of, although the cluster lists both.
func TestOddNetwork(t *testing.T) {
	w, f := performedWorld(t)
	store := f.Hosts["store"]
	store.Networks = append(store.Networks, enginetest.Network{ID: strings.Repeat("e", 64), Name: "mynet", Driver: "bridge"})
	about := new(harness.HostsError)
	if err := w.networkIsOne(t.Context(), "mynet"); !errors.As(err, &about) || !slices.Equal(about.Hosts, []string{"store"}) {
		t.Errorf("%v, about %q", err, about.Hosts)
	}
}
