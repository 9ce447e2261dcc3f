package diagnose

import (
	"strings"
	"testing"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
)

// TestReplicaRules: what is lost of a cluster with replicas is named, and each
// cause once.
func TestReplicaRules(t *testing.T) {
	stop := func(s service) { stopOn(s.on, s.ownContainers()[0].ID) }
	hosts := harness.Tutorial().Members
	noLeader := func(d *diagnosis) { d.state.LeaderError.Err = engine.ErrNoLeader }
	for name, c := range map[string]struct {
		breaks func(d *diagnosis)
		want   string
		remedy string // of the first finding
	}{
		"nothing":  {func(*diagnosis) {}, "", ""},
		"a server": {func(d *diagnosis) { stop(consulOn(d, hosts[1])) }, "consul-stopped frontend02", "docker -H=tcp://192.168.33.21:2375 start consul"},
		"a server's keys": {func(d *diagnosis) {
			stop(consulOn(d, hosts[1]))
			d.forget("frontend02")
			d.forget("store")
		}, "consul-stopped frontend02", ""},
		"another's key": {func(d *diagnosis) {
			stop(consulOn(d, hosts[1]))
			d.forget("worker01")
		}, "consul-stopped frontend02, key-missing worker01", ""},
		"the quorum": {
			func(d *diagnosis) {
				stop(consulOn(d, hosts[0]))
				stop(consulOn(d, hosts[1]))
				noLeader(d)
			}, "consul-no-quorum manager",
			"docker -H=tcp://192.168.33.20:2375 start consul; docker -H=tcp://192.168.33.21:2375 start consul",
		},
		"a host of the quorum": {func(d *diagnosis) {
			d.state.On("frontend01").InfoError.Err = errSilence
			stop(consulOn(d, hosts[1]))
			noLeader(d)
		}, "engine-silent frontend01, consul-no-quorum manager", ""},
		"an election": {noLeader, "consul-no-leader manager", ""},
		"a replica":   {func(d *diagnosis) { stop(managerOn(d, hosts[0])) }, "manager-stopped frontend01", "docker -H=tcp://192.168.33.20:2375 start manager"},
		"the primary": {func(d *diagnosis) { d.state.Swarm.Role = engine.Replica }, "manager-no-primary manager", ""},
		"another's":   {func(d *diagnosis) { d.state.Swarm.Role, d.state.Swarm.Primary = engine.Replica, "192.168.33.20:3375" }, "", ""},
		"the page's":  {func(d *diagnosis) { d.state.On("store").Containers[0].RestartPolicy = "always" }, "join-restart-policy store", ""},
		"wrong place": {func(d *diagnosis) { d.state.On("store").Containers[0].Args[2] = "consul://192.168.33.11:8500/" }, "join-wrong-discovery store", ""},
	} {
		topology := harness.Tutorial()
		topology.Replicas = 2
		d := healthyFactsOf(topology)
		c.breaks(d)
		if got := d.all(); got != c.want {
			t.Errorf("%s: found %q, not %q", name, got, c.want)
		}
		if c.remedy != "" && strings.Join(d.found[0].Remedy, "; ") != c.remedy {
			t.Errorf("%s: mended by %q, not %q", name, d.found[0].Remedy, c.remedy)
		}
	}
}

// TestJoinsThatRestart: whether joins are to start again with their hosts is the
// cluster's affair.
func TestJoinsThatRestart(t *testing.T) {
	topology := harness.Tutorial()
	topology.RestartJoin = true
	d := healthyFactsOf(topology)
	want := "join-restart-policy frontend01, join-restart-policy frontend02, join-restart-policy worker01, join-restart-policy store"
	if got := d.all(); got != want {
		t.Errorf("found %q", got)
	}
}

func stopOn(h *survey.Host, id string) {
	for i := range h.Containers {
		if h.Containers[i].ID == id {
			h.Containers[i].Running, h.Containers[i].State = false, "exited"
		}
	}
}

// forget drops a host's registration.
func (d *diagnosis) forget(host string) {
	delete(d.state.Entries, swarmNodes+d.state.On(host).Engine().String())
}
