package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/pace"
)

// swarmNode is what an engine says of itself and of its swarm.
type swarmNode struct {
	id       string
	state    string   // of the node; inactive if empty
	manager  bool     // it manages the swarm
	nodes    []string // of the swarm, as a manager lists them
	networks string
}

// serveNode answers as an engine does.
func serveNode(t *testing.T, n swarmNode) (host string) {
	t.Helper()
	answers := map[string]any{
		"version": map[string]string{"Version": "26.1.5", "ApiVersion": "1.45", "Os": "linux"},
		"info": map[string]any{"ID": n.id, "OSType": "linux", "Swarm": map[string]any{
			"NodeID": n.id, "LocalNodeState": n.state, "ControlAvailable": n.manager,
		}},
	}
	nodes := []map[string]string{}
	for _, id := range n.nodes {
		nodes = append(nodes, map[string]string{"ID": id})
	}
	answers["nodes"] = nodes
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.45")
		what := path.Base(r.URL.Path)
		if what == "networks" {
			listed := n.networks
			if r.URL.Query().Has("filters") && !strings.Contains(listed, LabelLab) {
				listed = noNetworks // the filter wants the lab's
			}
			_, _ = io.WriteString(w, listed)
			return
		}
		if answer, ok := answers[what]; ok {
			_ = json.NewEncoder(w).Encode(answer)
		}
	}))
	t.Cleanup(server.Close)
	return "tcp://" + server.Listener.Addr().String()
}

// silentEngine returns the address of one that accepts connections and says nothing.
func silentEngine(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "tcp://" + l.Addr().String()
}

// openLab opens a lab on engines. It takes no longer than a person waits.
func openLab(t *testing.T, o Options) (*Lab, error) {
	t.Helper()
	o.Lab = "test"
	began := time.Now()
	l, err := Open(t.Context(), o)
	if took := time.Since(began); took > pace.Limit(2*connectTimeout) {
		t.Errorf("it took %s", took)
	}
	if l != nil {
		t.Cleanup(func() { l.Close() })
	}
	return l, err
}

const noNetworks = "[]"

// Engines that can't be those of one lab are refused by their names.
func TestMachinesThatAreRefused(t *testing.T) {
	manager := swarmNode{"a", "active", true, []string{"a", "b"}, noNetworks}
	worker := swarmNode{"b", "active", false, nil, noNetworks}
	alone := swarmNode{"a", "inactive", false, nil, noNetworks}
	joining := swarmNode{"b", "pending", false, nil, noNetworks}
	otherManager := swarmNode{"c", "active", true, []string{"c"}, noNetworks}
	onBridge := withNetwork(manager, "local", "")
	otherWorker := swarmNode{"c", "active", false, nil, noNetworks}
	for name, test := range map[string]struct {
		engines []swarmNode
		about   []int // the engines that the error names
		want    string
	}{
		"one swarm":       {[]swarmNode{manager, worker}, nil, ""},
		"manager last":    {[]swarmNode{worker, manager}, nil, ""},
		"no swarm":        {[]swarmNode{alone, worker}, []int{0}, "is not in a swarm (inactive)"},
		"second in none":  {[]swarmNode{manager, joining}, []int{1}, "is not in a swarm (pending)"},
		"two swarms":      {[]swarmNode{manager, otherManager}, []int{1, 0}, "is in another swarm than"},
		"workers only":    {[]swarmNode{worker, otherWorker}, []int{0}, "does not manage its swarm"},
		"same engine":     {[]swarmNode{manager, worker, manager}, []int{0, 2}, "are the same engine"},
		"one made before": {[]swarmNode{onBridge, worker}, []int{0}, "lab test was made without"},
	} {
		t.Run(name, func(t *testing.T) {
			var o Options
			for _, n := range test.engines {
				o.Engines = append(o.Engines, serveNode(t, n))
			}
			l, err := openLab(t, o)
			if test.want == "" {
				if err != nil || !l.machines[0].isManager() || len(l.machines) != len(test.engines) {
					t.Errorf("%v, %v", l, err)
				}
				return
			}
			var hinter harness.Hinter
			if err == nil || !strings.Contains(err.Error(), test.want) || !errors.As(err, &hinter) {
				t.Fatalf("%v, want %q and a hint", err, test.want)
			}
			for _, i := range test.about {
				if !strings.Contains(err.Error(), o.Engines[i]) {
					t.Errorf("%v does not name %s", err, o.Engines[i])
				}
			}
		})
	}
}

// withNetwork returns the node with the network of the lab.
func withNetwork(n swarmNode, scope, engines string) swarmNode {
	labels, _ := json.Marshal(map[string]string{LabelLab: "test", labelEngines: engines})
	n.networks = fmt.Sprintf(`[{"Name": "test", "Id": "0", "Scope": %q, "Labels": %s,
		"IPAM": {"Config": [{"Subnet": "192.168.33.0/24"}]}}]`, scope, labels)
	return n
}

// An engine that can't be reached is named. Down goes on with the others. The tests run
// at the same time because most of theirs is waiting for the silent engine.
func TestMachineThatDoesNotAnswer(t *testing.T) {
	for name, lost := range map[string]string{"silent": silentEngine(t), "refused": "tcp://127.0.0.1:1"} {
		engines := []string{lost, serveNode(t, swarmNode{"a", "active", true, []string{"a"}, noNetworks})}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := openLab(t, Options{Engines: engines})
			if !errors.Is(err, ErrEngine) || !strings.Contains(err.Error(), lost) {
				t.Errorf("%v, want the name of %s", err, lost)
			}
		})
		t.Run("down where one is "+name, func(t *testing.T) {
			t.Parallel()
			l, err := openLab(t, Options{Engines: engines, Removing: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Down(t.Context()); !errors.Is(err, ErrEngine) || !strings.Contains(err.Error(), lost) {
				t.Errorf("%v, want the name of %s", err, lost)
			}
		})
		t.Run("down where all are "+name, func(t *testing.T) {
			t.Parallel()
			if _, err := openLab(t, Options{Engines: engines[:1], Removing: true}); !errors.Is(err, ErrEngine) {
				t.Error(err)
			}
		})
	}
}

// One engine of a lab is enough: its network tells which the others are.
func TestMachinesOfALab(t *testing.T) {
	second := serveNode(t, swarmNode{"b", "active", false, nil, noNetworks})
	first := func(recorded ...recordedEngine) string {
		text, err := json.Marshal(recorded)
		if err != nil {
			t.Fatal(err)
		}
		manager := swarmNode{"a", "active", true, []string{"a", "b"}, ""}
		return serveNode(t, withNetwork(manager, swarmScope, string(text)))
	}
	refuse := func(want string, engines ...string) {
		t.Helper()
		if _, err := openLab(t, Options{Engines: engines}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	whole := first(recordedEngine{"a", "elsewhere"}, recordedEngine{"b", second})
	l, err := openLab(t, Options{Engines: []string{whole}})
	if err != nil || len(l.machines) != 2 || l.machines[1].Host != second {
		t.Errorf("%v, %v", l, err)
	}
	refuse("is not the engine that has a part of lab test",
		first(recordedEngine{"a", "elsewhere"}, recordedEngine{"c", second}))
	refuse("lab test was made without",
		first(recordedEngine{"b", second}, recordedEngine{"c", second}), second)
	gone := first(recordedEngine{"a", "elsewhere"}, recordedEngine{"b", "tcp://127.0.0.1:1"})
	if _, err := openLab(t, Options{Engines: []string{gone}}); !errors.Is(err, ErrEngine) {
		t.Errorf("an engine of the lab is gone: %v", err)
	}
	if l, err := openLab(t, Options{Engines: []string{gone}, Removing: true}); err != nil || len(l.lost) != 1 {
		t.Errorf("down, and an engine of the lab is gone: %v, %v", l, err)
	}
}

// A subnet that an engine of the lab has given away is refused, and the engine named.
func TestSubnetInUseOnAnotherMachine(t *testing.T) {
	taken := `[{"Name": "mine", "Id": "1", "IPAM": {"Config": [{"Subnet": "192.168.33.128/25"}]}}]`
	engines := []string{
		serveNode(t, swarmNode{"a", "active", true, []string{"a", "b"}, noNetworks}),
		serveNode(t, swarmNode{"b", "active", false, nil, taken}),
	}
	l, err := openLab(t, Options{Engines: engines})
	if err != nil {
		t.Fatal(err)
	}
	var refused *SubnetError
	_, err = subnetRequest{l}.checkNetworks(t.Context())
	if want := "network mine of " + engines[1]; !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

// Hosts go where the memory has most room; those that are there already take theirs.
func TestSpreadHosts(t *testing.T) {
	hosts := harness.Tutorial().Hosts()
	for name, test := range map[string]struct {
		rooms  []room
		exists int // how many of the hosts
		want   []int
	}{
		"alike":          {[]room{{10, 0}, {10, 0}}, 0, []int{0, 1, 0, 1, 0}},
		"second larger":  {[]room{{10, 0}, {40, 0}}, 0, []int{1, 1, 1, 1, 1}},
		"first is taken": {[]room{{10, 8}, {10, 5}}, 0, []int{1, 1, 1, 0, 1}},
		"three":          {[]room{{4, 0}, {5, 0}, {4, 0}}, 0, []int{1, 0, 1, 2, 0}},
		"no room":        {[]room{{1, 2}, {1, 1}}, 0, []int{1, 0, 1, 0, 1}},
		"some exist":     {[]room{{10, 2}, {10, 0}}, 2, []int{1, 1, 1, 1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			existing := hosts[:test.exists]
			got := spreadHosts(hosts, test.rooms, func(h harness.Host) bool {
				return slices.ContainsFunc(existing, func(e harness.Host) bool { return e.Name == h.Name })
			})
			if !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

// TestValuesOfEngine wants --engine to take what the docker CLI takes, and anything else to
// be an error of use.
func TestValuesOfEngine(t *testing.T) {
	d := newDockerCLI(t)
	getenv := environmentOf(t, "DOCKER_CONFIG="+d.dir, "DOCKER_HOST=tcp://192.0.2.1:1").getenv
	for value, want := range map[string]string{
		"tcp://192.0.2.2:2375":        "tcp://192.0.2.2:2375",
		"ssh://somebody@192.0.2.2":    "ssh://somebody@192.0.2.2",
		"unix:///run/other.sock":      "unix:///run/other.sock",
		"default":                     "unix:///var/run/docker.sock",
		"tcp://192.0.2.2:99999":       "",
		"ftp://192.0.2.2":             "",
		"ssh://-oProxyCommand=x/here": "",
		"nobody":                      "",
	} {
		e, err := findEngine(value, getenv)
		switch {
		case want == "" && !errors.As(err, new(*harness.SettingError)):
			t.Errorf("%s: %v, want an error of use", value, err)
		case want != "" && (err != nil || e.Host != want):
			t.Errorf("%s: %s, %v, want %s", value, e.Host, err, want)
		}
	}
}

// Other machines reach an engine by the address by which labcheck does, unless that is
// this machine's own.
func TestAddrForOthers(t *testing.T) {
	for host, want := range map[string]string{
		"tcp://192.0.2.2:2375":    "192.0.2.2",
		"ssh://me@192.0.2.2":      "192.0.2.2",
		"tcp://127.0.0.1:2375":    "",
		"unix:///run/docker.sock": "",
	} {
		m := &machine{link: &link{endpoint: endpointAt(host)}}
		if got := m.addrForOthers(t.Context()); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

// The addresses that a swarm takes for itself are none of the hosts.
func TestFreeRange(t *testing.T) {
	numbered := func(n int, subnet string) harness.Topology {
		topology, err := harness.Numbered(n, netip.MustParsePrefix(subnet))
		if err != nil {
			t.Fatal(err)
		}
		return topology
	}
	for name, test := range map[string]struct {
		topology harness.Topology
		machines int
		want     string
	}{
		"page":              {harness.Tutorial(), 2, "192.168.33.4/30"},
		"page, many":        {harness.Tutorial(), 9, "192.168.33.32/28"},
		"numbered":          {numbered(12, "192.168.34.0/24"), 2, "192.168.34.16/30"},
		"just room":         {numbered(10, "10.9.8.0/28"), 2, "10.9.8.12/30"},
		"no room":           {numbered(11, "10.9.8.0/28"), 2, "invalid Prefix"},
		"fewer than wanted": {numbered(2, "10.9.8.0/28"), 8, "invalid Prefix"},
	} {
		if got, ok := freeRange(test.topology, test.machines); got.String() != test.want || ok != got.IsValid() {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
