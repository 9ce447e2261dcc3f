package tutorial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
)

// host is a node of which each port is answered by a handler; where there is
// none nothing listens.
type host struct {
	harness.Host
	ports map[uint16]string // addresses of servers on loopback
}

func (h host) Name() string     { return h.Host.Name }
func (h host) Addr() netip.Addr { return h.Host.Addr }

func (h host) Exec(context.Context, ...string) (harness.Result, error) {
	return harness.Result{}, errors.ErrUnsupported
}

func (h host) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	at := h.ports[port]
	if at == "" {
		at = "127.0.0.1:1" // tcpmux, which nothing serves
	}
	return new(net.Dialer).DialContext(ctx, "tcp", at)
}

// cluster is the tutorial's, with what its manager's ports answer.
func cluster(t *testing.T, manager map[uint16]http.HandlerFunc) *engine.Cluster {
	t.Helper()
	topology := harness.Tutorial()
	var nodes []harness.Node
	for _, h := range topology.Hosts() {
		n := host{h, map[uint16]string{}}
		if h.Name == topology.Manager.Name {
			for port, handler := range manager {
				s := httptest.NewServer(handler)
				t.Cleanup(s.Close)
				n.ports[port] = s.Listener.Addr().String()
			}
		}
		nodes = append(nodes, n)
	}
	c, err := engine.Open(topology, nodes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// containers is an engine that has only these; as it inspects them so it lists
// them. It answers the few calls by which a step looks, and no other.
func containers(t *testing.T, all ...map[string]any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("API-Version", "1.41")
		path := strings.TrimPrefix(r.URL.Path, "/v1.41")
		switch {
		case path == "/_ping":
		case path == "/containers/json":
			listed := []map[string]any{}
			for _, c := range all {
				listed = append(listed, c["list"].(map[string]any))
			}
			_ = json.NewEncoder(w).Encode(listed)
		case strings.HasPrefix(path, "/containers/") && r.Method == http.MethodGet:
			id := strings.Split(path, "/")[2]
			for _, c := range all {
				if c["list"].(map[string]any)["Id"] == id {
					_ = json.NewEncoder(w).Encode(c["inspect"])
				}
			}
		default:
			t.Errorf("%s %s", r.Method, r.URL)
			http.NotFound(w, r)
		}
	}
}

// one is a container with the given image, arguments and state that publishes
// 8500.
func one(image, state, policy, hostname string, args ...string) map[string]any {
	port := []map[string]any{{"PrivatePort": 8500, "PublicPort": 8500, "Type": "tcp"}}
	return map[string]any{
		"list": map[string]any{
			"Id": "1", "Names": []string{"/goofy_jepsen"}, "Image": image, "State": state, "Ports": port,
		},
		"inspect": map[string]any{
			"Id": "1", "Name": "/goofy_jepsen", "Path": "/bin/start", "Args": args,
			"State":  map[string]any{"Status": state, "Running": state == "running" || state == "paused", "ExitCode": 2},
			"Config": map[string]any{"Image": image, "Hostname": hostname},
			"HostConfig": map[string]any{
				"RestartPolicy": map[string]any{"Name": policy},
				"PortBindings":  map[string]any{"8500/tcp": []map[string]any{{"HostPort": "8500"}}},
			},
			"NetworkSettings": map[string]any{},
		},
	}
}

// TestBootstrapErrors: what stops at the first step says which, where and why.
func TestBootstrapErrors(t *testing.T) {
	const step = "step consul (1.3 of the page) on manager: "
	const removed = "; fix it with `docker -H=tcp://192.168.33.11:2375 rm -f goofy_jepsen` and try again"
	for name, test := range map[string]struct {
		engine http.HandlerFunc
		want   string
	}{
		"no engine":          {nil, step + "manager (192.168.33.11:2375): list containers: connection refused"},
		"no engine's answer": {http.NotFound, step + "manager (192.168.33.11:2375): list containers: another service answers there"},
		"other arguments": {
			containers(t, one("progrium/consul", "running", "always", "x", "-dev")),
			step + "manager: the Consul container goofy_jepsen has arguments -dev instead of \"-server -bootstrap\", " +
				"restart policy always instead of unless-stopped, host name x instead of consul" + removed,
		},
		"port taken": {
			containers(t, one("nginx:1", "running", "no", "x")),
			step + "manager: container goofy_jepsen of image nginx:1 has the port of the Consul container" + removed,
		},
		"paused": {
			containers(t, one("progrium/consul:latest", "paused", "unless-stopped", "consul", "-server", "-bootstrap")),
			step + "manager: the Consul container goofy_jepsen is paused; fix it with " +
				"`docker -H=tcp://192.168.33.11:2375 unpause goofy_jepsen` and try again",
		},
	} {
		t.Run(name, func(t *testing.T) {
			ports := map[uint16]http.HandlerFunc{}
			if test.engine != nil {
				ports[harness.EnginePort] = test.engine
			}
			err := Default().Bootstrap(t.Context(), cluster(t, ports), func(e Event) { t.Errorf("reported %v", e) })
			if !strings.HasPrefix(fmt.Sprint(err), test.want) || !errors.As(err, new(*StepError)) {
				t.Errorf("got  %v\nwant %s…", err, test.want)
			}
		})
	}
}

// TestAwaitLastState: a wait that is too long ends with what was seen last.
func TestAwaitLastState(t *testing.T) {
	right := one("progrium/consul", "running", "unless-stopped", "consul", "-server", "-bootstrap")
	c := cluster(t, map[uint16]http.HandlerFunc{
		harness.EnginePort: containers(t, right),
		harness.ConsulPort: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `""`) },
	})
	s := Default().Steps(c.Topology())[0]
	s.within = 300 * time.Millisecond
	err := &StepError{s, s.performStep(t.Context(), c, &Event{})}
	want := regexp.MustCompile(`^step consul \(1\.3 of the page\) on manager: after \d+ms still: Consul on manager \(192\.168\.33\.11:8500\): leader: Consul has no leader$`)
	if !want.MatchString(err.Error()) || !errors.As(err, new(*harness.TimeoutError)) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestAwaitGivesUp: a container that ended for good is not waited for.
func TestAwaitGivesUp(t *testing.T) {
	ended := one("progrium/consul", "exited", "no", "consul", "-server", "-bootstrap")
	c := cluster(t, map[uint16]http.HandlerFunc{harness.EnginePort: containers(t, ended)})
	s := Default().Steps(c.Topology())[0]
	part := Default().Service(Consul, c.Topology(), c.Topology().Manager)
	part.Spec.Restart = "" // as the joins have it
	s.part = part
	start := time.Now()
	err := s.waitUntilWorking(t.Context(), c)
	if !errors.Is(err, errEnded) || time.Since(start) > 10*time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
}

// TestRestartPolicy: a join container that starts again with its host is right;
// where that is asked for, one that does not is changed.
func TestRestartPolicy(t *testing.T) {
	topology := harness.Tutorial()
	h := topology.Members[0]
	for _, c := range []struct {
		policy           string
		asked, ok, wrong bool
	}{
		{"no", false, true, false},
		{"", false, true, false},
		{"unless-stopped", false, true, false},
		{"always", false, true, true},
		{"no", true, false, false},
		{"unless-stopped", true, true, false},
		{"on-failure", true, false, true},
	} {
		topology.RestartJoin = c.asked
		s := Default().Service(SwarmJoin, topology, h)
		found := engine.Container{Image: "swarm", Command: "/swarm join", Args: s.Spec.Args, RestartPolicy: c.policy}
		if ok, err := s.restartsAsAsked(found), s.checkContainer(found); ok != c.ok || (err != nil) != c.wrong {
			t.Errorf("%+v: as asked for %v, wrong: %v", c, ok, err)
		}
	}
	manager := Default().Service(SwarmManager, topology, topology.Manager)
	found := engine.Container{Image: "swarm", Command: "/swarm manage", Args: manager.Spec.Args, RestartPolicy: "no", Ports: manager.Spec.Ports}
	if err := manager.checkContainer(found); err == nil {
		t.Error("a manager that does not start again with its host is right")
	}
}

// TestPhases: what a step needs is done in a phase before it.
func TestPhases(t *testing.T) {
	topology := harness.Tutorial()
	for replicas, want := range map[int]string{
		0: "consul | manager join-frontend01 join-frontend02 join-worker01 join-store | network",
		2: "consul-frontend01 consul-frontend02 | consul | manager join-frontend01 join-frontend02 join-worker01 join-store | " +
			"manager-frontend01 manager-frontend02 | network",
	} {
		topology.Replicas = replicas
		var all []string
		for _, steps := range stepsByPhase(Default().Steps(topology)) {
			var ids []string
			for _, s := range steps {
				ids = append(ids, s.ID)
			}
			all = append(all, strings.Join(ids, " "))
		}
		got := strings.ReplaceAll(strings.TrimSpace(strings.Join(all, " | ")), "  ", " ")
		if got != want {
			t.Errorf("%d replicas:\ngot  %s\nwant %s", replicas, got, want)
		}
	}
}

func TestHealthy(t *testing.T) {
	h := harness.Tutorial().Members[0]
	member := func(name, addr, status, reason string) engine.Swarm {
		return engine.Swarm{Members: []engine.Member{{Name: name, Addr: netip.MustParseAddrPort(addr), Status: status, Error: reason}}}
	}
	for want, s := range map[string]engine.Swarm{
		"<nil>":                                member("frontend01", "192.168.33.20:2375", "Healthy", ""),
		"the manager does not list frontend01": member("frontend01", "192.168.33.20:2376", "Healthy", ""),
		"the manager lists frontend01 as Pending":                                  member("(unknown)", "192.168.33.20:2375", "Pending", ""),
		"the manager lists frontend01 as Unhealthy: Cannot connect":                member("frontend01", "192.168.33.20:2375", "Unhealthy", "Cannot connect"),
		"the manager lists frontend02 at 192.168.33.20:2375, not frontend01 there": member("frontend02", "192.168.33.20:2375", "Healthy", ""),
	} {
		if got := fmt.Sprint(checkHealthy(s, h)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestSeparate(t *testing.T) {
	hosts := harness.Tutorial().Hosts()
	view := func(is ...int) (peers []engine.Peer) {
		for _, i := range is {
			peers = append(peers, engine.Peer{Name: hosts[i].Name, Addr: hosts[i].Addr, State: engine.PeerAlive})
		}
		return peers
	}
	dead := view(0, 1, 2, 3, 4)
	dead[4].State = engine.PeerDead
	for name, test := range map[string]struct {
		views [][]engine.Peer
		want  []int
	}{
		"one":          {[][]engine.Peer{view(0, 1, 2, 3, 4), view(1), view(2), view(3), view(4)}, []int{0}},
		"a chain":      {[][]engine.Peer{view(0), view(1, 0), view(2, 1), view(3, 2), view(4, 3)}, []int{0}},
		"two":          {[][]engine.Peer{view(0, 3), view(1, 2, 4), view(1, 2, 4), view(0, 3), view(1, 2, 4)}, []int{0, 1}},
		"each alone":   {[][]engine.Peer{view(0), view(1), view(2), view(3), view(4)}, []int{0, 1, 2, 3, 4}},
		"one is dead":  {[][]engine.Peer{dead, view(1), view(2), view(3), view(4)}, []int{0, 4}},
		"merged later": {[][]engine.Peer{view(0), view(1), view(2, 3), view(3, 0), view(4, 1, 2)}, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, separate(test.views, hosts)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKnowsAll(t *testing.T) {
	hosts := harness.Tutorial().Hosts()
	peers := []engine.Peer{
		{Name: "manager", Addr: hosts[0].Addr, State: engine.PeerAlive},
		{Name: "frontend01", Addr: hosts[1].Addr, State: engine.PeerSuspect},
		{Name: "frontend02", Addr: hosts[2].Addr, State: engine.PeerAlive},
		{Name: "worker01", Addr: hosts[3].Addr, State: engine.PeerAlive},
	}
	want := "the engine of manager has not found frontend01, store by gossip"
	if got := fmt.Sprint(knowAll([][]engine.Peer{peers}, hosts)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestInspectNothing: hosts where nothing answers are a finding.
func TestInspectNothing(t *testing.T) {
	p := Inspect(t.Context(), cluster(t, nil))
	if p.Stage != harness.StageNone || len(p.Hosts) != 5 || len(p.Stages) != 5 {
		t.Fatalf("%+v", p)
	}
	if want := "manager, frontend01, frontend02, worker01, store: does not answer"; p.Stages[0].Seen.String() != want {
		t.Errorf("got %s, want %s", p.Stages[0].Seen, want)
	}
	if want := "manager, frontend01, frontend02, worker01, store: 応答しない"; p.Stages[0].Seen.In(lang.Japanese) != want {
		t.Errorf("got %s, want %s", p.Stages[0].Seen.In(lang.Japanese), want)
	}
	for _, h := range p.Hosts {
		if len(h.Problems) != 1 || !strings.Contains(h.Problems[0].String(), "connection refused") {
			t.Fatalf("%s: %s", h.Host.Name, h.Problems)
		}
		if ja := h.Problems[0].In(lang.Japanese); ja == h.Problems[0].String() {
			t.Errorf("%s in Japanese: %s", h.Host.Name, ja)
		}
	}
}

// TestInspectSilent: hosts that take connections and say nothing are not waited
// for one after another.
func TestInspectSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		topology := harness.Tutorial()
		var nodes []harness.Node
		for _, h := range topology.Hosts() {
			nodes = append(nodes, silent{host{Host: h}})
		}
		c, err := engine.Open(topology, nodes)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		start := time.Now()
		p := Inspect(t.Context(), c)
		if took := time.Since(start); took != survey.GlanceTime || p.Stage != harness.StageNone {
			t.Errorf("took %s: %+v", took, p)
		}
	})
}

type silent struct{ host }

func (silent) Dial(ctx context.Context, _ uint16) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
