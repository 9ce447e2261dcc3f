package tutorial

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// TestCallOf: what Swarm is told is the same in whichever form it is typed.
func TestCallOf(t *testing.T) {
	const consul = "consul://192.168.33.11:8500"
	join := Call{Command: "join", Advertise: "192.168.33.20:2375", Discovery: consul, Strategy: "spread"}
	manage := Call{Command: "manage", Discovery: consul, Strategy: "spread", Listens: "2375"}
	replica := manage
	replica.Replication, replica.Advertise = true, "192.168.33.11:3375"
	elsewhere, packs := manage, manage
	elsewhere.Listens, packs.Strategy = "3375", "binpack"
	inEnv := map[string]string{"SWARM_HOST": ":2375"}
	for command, want := range map[string]Call{
		"/swarm join --advertise=192.168.33.20:2375 " + consul + "/":                                      join,
		"/swarm join --addr=192.168.33.20:2375 " + consul:                                                 join,
		"/swarm join --addr 192.168.33.20:2375 " + consul:                                                 join,
		"/swarm join -advertise 192.168.33.20:2375 " + consul:                                             join,
		"/swarm j " + consul + " --advertise 192.168.33.20:2375":                                          join,
		"/swarm --debug -l info join --ttl 90s --delay=1s --advertise=192.168.33.20:2375 " + consul:       join,
		"/usr/bin/tini -- /swarm join --heartbeat=20s --advertise=192.168.33.20:2375 " + consul + "//":    join,
		"/swarm manage " + consul:                                                                         manage,
		"/swarm --experimental m -H tcp://0.0.0.0:2375 --cors " + consul:                                  manage,
		"/swarm manage --strategy spread -f health -c swarm " + consul:                                    manage,
		"/swarm manage -H :3375 " + consul:                                                                elsewhere,
		"/swarm manage --host=tcp://:3375 " + consul:                                                      elsewhere,
		"/swarm manage --strategy=binpack " + consul:                                                      packs,
		"/swarm manage --replication --addr 192.168.33.11:3375 " + consul:                                 replica,
		"/swarm manage --advertise=192.168.33.11:3375 --replication=true --replication-ttl 30s " + consul: replica,
	} {
		got, ok := CallOf(engine.Container{Command: command, Env: inEnv})
		if want.Command == "join" {
			got.Listens = ""
		}
		if !ok || got != want {
			t.Errorf("%s: %v\n%s", command, ok, cmp.Diff(want, got))
		}
		inspected, _ := CallOf(engine.Container{Command: command, Args: strings.Fields(command)[1:], Env: inEnv})
		if inspected.Discovery != want.Discovery && !strings.HasPrefix(command, "/usr") {
			t.Errorf("%s, inspected: %+v", command, inspected)
		}
	}
	env := map[string]string{"SWARM_ADVERTISE": join.Advertise, "SWARM_DISCOVERY": consul + "/"}
	if got, _ := CallOf(engine.Container{Command: "/swarm join", Env: env}); got != join {
		t.Errorf("from the environment: %+v", got)
	}
	for _, refused := range []string{"/swarm join --advertise", "/swarm manage --weather=fine " + consul} {
		if got, ok := CallOf(engine.Container{Command: refused}); !ok || got.Err == nil {
			t.Errorf("%s: %+v", refused, got)
		}
	}
	for _, other := range []string{"", "/swarm", "/nginx join x", "/swarm --debug"} {
		if got, ok := CallOf(engine.Container{Command: other}); ok {
			t.Errorf("%q: %+v", other, got)
		}
	}
}

// TestSameService: a container that does what the page's does has no deviation.
func TestSameService(t *testing.T) {
	topology := harness.Tutorial()
	consul := "consul://192.168.33.11:8500"
	join := Default().Service(SwarmJoin, topology, topology.Members[0])
	manage := Default().Service(SwarmManager, topology, topology.Manager)
	onHost := []engine.Attachment{{Network: "host"}}
	published := func(ports ...engine.Port) engine.Container {
		return engine.Container{Image: "swarm", RestartPolicy: "unless-stopped", Ports: ports}
	}
	for args, test := range map[string]struct {
		service Service
		c       engine.Container
		want    []Property
	}{
		"join --addr 192.168.33.20:2375 " + consul:                       {join, engine.Container{Image: "swarm"}, nil},
		"join --addr frontend01:2375 consul://manager.example.com:8500/": {join, engine.Container{Image: "swarm"}, nil},
		"join --addr 192.168.33.21:2375 " + consul:                       {join, engine.Container{Image: "swarm"}, []Property{Arguments}},
		"join --addr 192.168.33.20:2375 " + consul + "/x":                {join, engine.Container{Image: "swarm"}, []Property{Arguments}},
		"--debug manage -H :3375 " + consul:                              {manage, published(engine.Port{Host: 3375, Container: 3375}), nil},
		"manage -H 0.0.0.0:2375 " + consul:                               {manage, published(engine.Port{Host: 3375, Container: 2375}, engine.Port{Host: 3376, Container: 2375}), nil},
		"manage -H :3376 " + consul:                                      {manage, published(engine.Port{Host: 3375, Container: 3375}), []Property{PublishedPorts}},
		"manage -H :3375 --strategy=spread " + consul:                    {manage, engine.Container{Image: "swarm", RestartPolicy: "unless-stopped", Networks: onHost}, nil},
		"manage -H :2375 --strategy=spread " + consul:                    {manage, engine.Container{Image: "swarm", RestartPolicy: "unless-stopped", Networks: onHost}, []Property{PublishedPorts}},
		"manage --strategy=random " + consul:                             {manage, published(engine.Port{Host: 3375, Container: 2375}), []Property{Arguments}},
	} {
		test.c.Args = strings.Fields(args)
		var got []Property
		for _, d := range test.service.Compare(test.c) {
			got = append(got, d.Property)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", args, diff)
		}
	}
}

// TestAsBuilt: replicas that share a Consul, and paths that all use, are taken as they
// are; a path of one host is not.
func TestAsBuilt(t *testing.T) {
	const root, mine = "consul://192.168.33.11:8500", "consul://192.168.33.11:8500/mine"
	plain := func() []traits {
		all := []traits{{manager: Call{Discovery: root}, store: root, hasConsul: true}}
		for range harness.Tutorial().Members {
			all = append(all, traits{join: Call{Discovery: root}, store: root})
		}
		return all
	}
	for name, test := range map[string]struct {
		change func([]traits)
		want   func(*harness.Topology)
	}{
		"the page's": {func([]traits) {}, func(*harness.Topology) {}},
		"one Consul": {func(all []traits) {
			all[0].manager.Replication, all[1].manager.Replication = true, true
		}, func(t *harness.Topology) { t.Replicas, t.OneConsul = 1, true }},
		"one Consul, elsewhere": {func(all []traits) {
			all[0].manager.Replication, all[3].manager.Replication = true, true
		}, func(t *harness.Topology) { t.Replicas, t.OneConsul, t.ReplicasOn = 1, true, []string{"worker01"} }},
		"alone, and ready for replicas": {func(all []traits) { all[0].manager.Replication = true }, func(*harness.Topology) {}},
		"servers, all replicas lost": {func(all []traits) {
			all[0].manager.Replication, all[2].hasConsul = true, true
		}, func(t *harness.Topology) { t.Replicas = 1 }},
		"servers, the first replica lost": {func(all []traits) {
			all[2].manager.Replication, all[1].hasConsul = true, true
		}, func(t *harness.Topology) { t.Replicas = 2 }},
		"servers, and replicas of all": {func(all []traits) {
			all[0].manager.Replication, all[1].manager.Replication, all[2].manager.Replication, all[1].hasConsul = true, true, true, true
		}, func(t *harness.Topology) { t.Replicas = 2 }},
		"a Consul that is no server": {func(all []traits) { all[2].hasConsul = true }, func(*harness.Topology) {}},
		"a path": {func(all []traits) {
			for i := range all {
				all[i].manager.Discovery, all[i].join.Discovery = strings.Replace(all[i].manager.Discovery, root, mine, 1), strings.Replace(all[i].join.Discovery, root, mine+"/", 1)
			}
		}, func(t *harness.Topology) { t.DiscoveryPath = "mine" }},
		"a path of one": {func(all []traits) { all[0].manager.Discovery = mine }, func(*harness.Topology) {}},
		"a path of the engines": {func(all []traits) {
			for i := range all[1:] {
				all[i].store = mine
			}
		}, func(t *harness.Topology) { t.StorePath = "mine" }},
		"joins again": {func(all []traits) {
			for i := range all {
				all[i].joinsAgain = true
			}
		}, func(t *harness.Topology) { t.RestartJoin = true }},
	} {
		all, want := plain(), harness.Tutorial()
		test.change(all)
		test.want(&want)
		got := asBuilt(harness.Tutorial(), all)
		fields := func(t harness.Topology) []any {
			return []any{t.Replicas, strings.Join(t.ReplicasOn, " "), t.OneConsul, t.DiscoveryPath, t.StorePath, t.RestartJoin}
		}
		if diff := cmp.Diff(fields(want), fields(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	said, all := harness.Tutorial(), plain()
	said.Replicas, said.ReplicasOn, said.OneConsul = 1, []string{"worker01"}, true
	all[0].manager.Replication = true
	if got := asBuilt(said, all); got.Replicas != 1 || !got.OneConsul || !slices.Equal(got.ReplicasOn, said.ReplicasOn) {
		t.Errorf("the replica of the inventory is lost: %d, on %q", got.Replicas, got.ReplicasOn)
	}
}
