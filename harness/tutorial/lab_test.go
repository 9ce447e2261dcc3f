//go:build lab

package tutorial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/pace"
	"labcheck/sim"
	"labcheck/sim/simtest"
)

// TestMain lets the test binary be a lab's watchdog.
func TestMain(m *testing.M) { simtest.MainWithLeakCheck(m) }

// hosts starts a lab of the test's own and ends with its engines answering.
func hosts(t *testing.T) *simtest.Lab {
	t.Helper()
	return simtest.New(t, sim.Options{Lab: "tutorial-test"})
}

// bootstrap performs the tutorial and returns the steps that had something to
// do.
func bootstrap(t *testing.T, c *engine.Cluster) []string {
	t.Helper()
	start := time.Now()
	var did []string
	err := Default().Bootstrap(t.Context(), c, func(e Event) {
		t.Logf("%6.2f s  %s (%s)", time.Since(start).Seconds(), e.In(lang.English), e.Elapsed.Round(time.Millisecond))
		if !e.Already {
			did = append(did, e.Step.ID)
		}
	})
	if err != nil {
		for _, h := range c.Topology().Hosts() {
			peers, err := engine.Gossip(t.Context(), c.Node(h.Name))
			t.Logf("gossip of %s: %v %v", h.Name, peers, err)
		}
		t.Fatal(err)
	}
	return did
}

// reach starts a container on each host and pings each from each other.
func reach(t *testing.T, c *engine.Cluster) {
	t.Helper()
	start := time.Now()
	hosts := c.Topology().Hosts()
	ids, err := harness.Each(t.Context(), hosts, func(ctx context.Context, h harness.Host) (string, error) {
		return c.Engine(h.Name).Run(ctx, engine.RunSpec{
			Image: "labcheck/workload", Name: "reach-" + h.Name, Network: c.Topology().Network,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started after %s", time.Since(start).Round(time.Millisecond))
	var group sync.WaitGroup
	for i, from := range hosts {
		for _, to := range hosts {
			if from.Name != to.Name {
				group.Go(func() { reachOne(t, c.Engine(from.Name), ids[i], "reach-"+to.Name) })
			}
		}
	}
	group.Wait()
	t.Logf("pinged after %s", time.Since(start).Round(time.Millisecond))
	told(t, c, ids)
	for i, h := range hosts {
		if err := c.Engine(h.Name).Remove(t.Context(), ids[i]); err != nil {
			t.Error(err)
		}
	}
}

// told wants each engine's gossip to have told where the containers are, and that
// none is anywhere else.
func told(t *testing.T, c *engine.Cluster, ids []string) {
	t.Helper()
	hosts := c.Topology().Hosts()
	at := map[netip.Addr]string{}
	for i, h := range hosts {
		found, err := c.Engine(h.Name).Inspect(t.Context(), ids[i])
		if err != nil || len(found.Networks) != 1 {
			t.Fatalf("%+v, %v", found.Networks, err)
		}
		at[found.Networks[0].Addr] = h.Name
	}
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(TellTime))
	defer cancel()
	err := harness.Until(ctx, 200*time.Millisecond, func(ctx context.Context) error { return CheckTold(ctx, c, at) })
	if err != nil {
		t.Error(err)
	}
	for addr, host := range at {
		for _, other := range hosts {
			at[addr] = other.Name
			if err := CheckTold(t.Context(), c, at); (err == nil) != (other.Name == host) {
				t.Errorf("%s is on %s; on %s: %v", addr, host, other.Name, err)
			}
		}
		at[addr] = host
	}
}

// reachOne wants one of five packets to come back.
func reachOne(t *testing.T, on *engine.Client, id, name string) {
	r, err := on.Exec(t.Context(), id, "ping", "-c", "1", "-w", "5", name)
	if err != nil {
		t.Errorf("%s to %s: %v", on, name, err)
	}
	if !strings.Contains(r.Stdout, "1 packets transmitted, 1 packets received") || r.Duration > 2*time.Second {
		t.Logf("%s to %s, not at once (%s): %s", on, name, r.Duration, r.Stdout)
	}
}

// TestBootstrap goes through what a cluster can be found as, on one lab. On a fresh one,
// containers that are started on all hosts the moment the network is said to be there
// reach one another by name.
func TestBootstrap(t *testing.T) {
	c := hosts(t).Cluster
	if p := Inspect(t.Context(), c); p.Stage != harness.StageEngines {
		t.Fatalf("before: stage %s: %+v", p.Stage, p.Stages)
	}
	all := []string{"consul", "manager", "join-frontend01", "join-frontend02", "join-worker01", "join-store", "network"}
	if diff := cmp.Diff(all, sorted(bootstrap(t, c))); diff != "" {
		t.Errorf("steps done on a fresh lab (-want +got):\n%s", diff)
	}
	t.Run("first traffic", func(t *testing.T) { reach(t, c) })
	t.Run("nothing to do", func(t *testing.T) { changesNothing(t, c) })
	t.Run("status", func(t *testing.T) { inspectComplete(t, c) })
	t.Run("stopped", func(t *testing.T) { takesUp(t, c, "join-store", stop) })
	t.Run("removed", func(t *testing.T) { takesUp(t, c, "join-frontend01", remove) })
	t.Run("consul stopped", func(t *testing.T) { takesUp(t, c, "consul", stop) })
	t.Run("manager stopped", func(t *testing.T) { takesUp(t, c, "manager", stop) })
	t.Run("manager removed", func(t *testing.T) { takesUp(t, c, "manager", remove) })
	t.Run("network removed", func(t *testing.T) {
		if err := c.Swarm().RemoveNetwork(t.Context(), c.Topology().Network); err != nil {
			t.Fatal(err)
		}
		if did := bootstrap(t, c); !cmp.Equal(did, []string{"network"}) {
			t.Errorf("did %v", did)
		}
	})
	t.Run("traffic", func(t *testing.T) { reach(t, c) })
	t.Run("undone", func(t *testing.T) { undone(t, c) })
	t.Run("no engine", func(t *testing.T) { inspectBroken(t, c) })
}

// sorted puts steps that went side by side in the page's order.
func sorted(did []string) []string {
	var ordered []string
	for _, s := range Default().Steps(harness.Tutorial()) {
		for _, id := range did {
			if s.ID == id {
				ordered = append(ordered, id)
			}
		}
	}
	return ordered
}

// everything is what a cluster consists of, as far as a step could change it.
func everything(t *testing.T, c *engine.Cluster) string {
	t.Helper()
	var all strings.Builder
	for _, h := range c.Topology().Hosts() {
		containers, err1 := c.Engine(h.Name).Containers(t.Context())
		networks, err2 := c.Engine(h.Name).Networks(t.Context())
		peers, err3 := engine.Gossip(t.Context(), c.Node(h.Name))
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\n%+v\n%+v\n%+v\n", h.Name, containers, networks, peers)
	}
	keys, err := c.Consul().Keys(t.Context(), "docker/")
	if err != nil {
		t.Fatal(err)
	}
	return all.String() + strings.Join(keys, "\n")
}

func changesNothing(t *testing.T, c *engine.Cluster) {
	before := everything(t, c)
	if did := bootstrap(t, c); did != nil {
		t.Errorf("did %v", did)
	}
	Inspect(t.Context(), c)
	if diff := cmp.Diff(before, everything(t, c)); diff != "" {
		t.Errorf("changed:\n%s", diff)
	}
}

func inspectComplete(t *testing.T, c *engine.Cluster) {
	start := time.Now()
	p := Inspect(t.Context(), c)
	took := time.Since(start)
	t.Logf("took %s", took)
	pace.Within(t, "the inspection", took, 500*time.Millisecond)
	if p.Stage != harness.StageNetwork {
		t.Errorf("stage %s: %+v", p.Stage, p.Stages)
	}
	for _, h := range p.Hosts {
		if len(h.Problems) > 0 || h.Engine == nil || len(h.Gossip) != 5 || h.NetworkID == "" || (h.Member == nil) != (h.Role == "manager") {
			t.Errorf("%+v", h)
		}
	}
	if _, err := json.Marshal(p); err != nil {
		t.Error(err)
	}
	versions := map[string]string{"engine": "20.10.5+dfsg1", "swarm": "1.2.9", "consul": "1.8.7"}
	if diff := cmp.Diff(versions, Versions(t.Context(), c)); diff != "" {
		t.Error(diff)
	}
}

func stop(ctx context.Context, on *engine.Client, id string) error   { return on.Stop(ctx, id) }
func remove(ctx context.Context, on *engine.Client, id string) error { return on.Remove(ctx, id) }

// takesUp breaks the container of a step and wants Bootstrap to mend that step.
func takesUp(t *testing.T, c *engine.Cluster, id string, harm func(context.Context, *engine.Client, string) error) {
	for _, s := range Default().Steps(c.Topology()) {
		if s.ID != id {
			continue
		}
		found, err := s.part.(Service).findContainer(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := harm(t.Context(), c.Engine(s.Host), found.ID); err != nil {
			t.Fatal(err)
		}
		if p := Inspect(t.Context(), c); id == "manager" && p.Stage != harness.StageConsul {
			t.Errorf("without a manager: stage %s", p.Stage)
		}
		did := bootstrap(t, c)
		if len(did) == 0 || did[0] != id && id != "manager" {
			t.Errorf("did %v", did)
		}
	}
}

// undone takes back what can be, twice, and performs it again on the same
// engines.
func undone(t *testing.T, c *engine.Cluster) {
	for range 2 {
		if err := undoAll(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		p := Inspect(t.Context(), c)
		for _, h := range p.Hosts {
			if p.Stage != harness.StageConsul || len(h.Containers) > 0 && h.Role == "member" || h.NetworkID != "" {
				t.Errorf("stage %s: %+v", p.Stage, h)
			}
		}
	}
	bootstrap(t, c)
	reach(t, c)
}

// undoAll takes back all steps but Consul, the last one first, and leaves a
// cluster at the stage consul. Consul stays: after their cluster store has
// forgotten what they wrote there, engines may not make an overlay network again
// before they are restarted; `network create` then hangs, or fails with "pool
// configuration failed" (Engine 20.10.5; in most tries, not in all).
func undoAll(ctx context.Context, c *engine.Cluster) error {
	for _, s := range slices.Backward(Default().Steps(c.Topology())[1:]) {
		if err := undo(ctx, c, s); err != nil {
			return fmt.Errorf("undo %s: %w", s.ID, err)
		}
	}
	return nil
}

// undo takes back what a step did; nothing there is no error.
func undo(ctx context.Context, c *engine.Cluster, step Step) error {
	on := c.Engine(step.Host)
	service, ok := step.part.(Service)
	if !ok {
		if err := on.RemoveNetwork(ctx, c.Topology().Network); !errors.Is(err, engine.ErrNotFound) {
			return err
		}
		return nil
	}
	all, err := on.Containers(ctx)
	for _, found := range all {
		if service.Matches(found) {
			err = errors.Join(err, on.Remove(ctx, found.ID))
		}
	}
	return err
}

// refusesWrong starts another Consul than the page's. It publishes no port:
// engines that had found it would, when it goes, be slow for half a minute.
func refusesWrong(t *testing.T, c *engine.Cluster) {
	manager := c.Engine(c.Topology().Manager.Name)
	wrong := Default().Service(Consul, c.Topology(), c.Topology().Manager).Spec
	wrong.Args, wrong.Restart, wrong.Name, wrong.Ports = []string{"-dev"}, "", "other", nil
	id, err := manager.Run(t.Context(), wrong)
	if err != nil {
		t.Fatal(err)
	}
	err = Default().Bootstrap(t.Context(), c, nil)
	want := "step consul (1.3 of the page) on manager: manager: the Consul container other has " +
		"arguments -dev instead of \"-server -bootstrap\", restart policy no instead of unless-stopped, " +
		"published ports \"\" instead of 8500:8500; " +
		"fix it with `docker -H=tcp://" + c.Topology().Manager.Engine().String() + " rm -f other` and try again"
	if fmt.Sprint(err) != want || !errors.As(err, new(*WrongError)) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := manager.Remove(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

// inspectBroken freezes an engine: it accepts connections and says nothing.
func inspectBroken(t *testing.T, c *engine.Cluster) {
	freeze := func(signal string) {
		if _, err := c.Node("worker01").Exec(t.Context(), "sh", "-c", "kill -"+signal+" $(cat /run/docker.pid)"); err != nil {
			t.Fatal(err)
		}
	}
	freeze("STOP")
	defer freeze("CONT")
	start := time.Now()
	p := Inspect(t.Context(), c)
	pace.Within(t, "the inspection", time.Since(start), 3*time.Second)
	if p.Stage != harness.StageNone || p.Stages[0].Seen.String() != "worker01: does not answer" {
		t.Errorf("stage %s: %+v", p.Stage, p.Stages)
	}
	t.Logf("%q", p.Hosts[3].Problems)
}

// TestTyped holds what a step does against what its command does, typed into a
// shell on the manager. The cluster is then complete, and no container was on mynet, which
// would leave rules that end with a reboot: faults leave no trace.
func TestTyped(t *testing.T) {
	lab := hosts(t)
	c := lab.Cluster
	t.Run("wrong settings", func(t *testing.T) { refusesWrong(t, c) })
	// The joins and the network need a Swarm manager, and that Consul.
	for _, s := range Default().Steps(c.Topology()) {
		typed := made(t, c, s, func() error {
			command := fmt.Sprintf("export DOCKER_HOST=tcp://%s; unset DOCKER_HOST; %s", c.Topology().Swarm(), s.Command)
			if s.ID == "network" {
				command = strings.Replace(command, "unset DOCKER_HOST; ", "", 1)
			}
			_, err := c.Node(c.Topology().Manager.Name).Exec(t.Context(), "sh", "-c", command)
			return err
		})
		if err := undo(t.Context(), c, s); err != nil {
			t.Fatal(err)
		}
		applied := made(t, c, s, func() error {
			_, err := s.applyMissing(t.Context(), c)
			return err
		})
		if diff := cmp.Diff(typed, applied); diff != "" {
			t.Errorf("%s (-typed +applied):\n%s", s.ID, diff)
		}
		if err := s.waitUntilWorking(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("faults", func(t *testing.T) { leaveNoTrace(t, lab) })
}

// made is what the engine says of what doing a step made, without what no two
// of it have in common, and with nothing for an empty list: the command line
// sends some of those where the library sends none.
func made(t *testing.T, c *engine.Cluster, s Step, do func() error) any {
	t.Helper()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	argv := []string{"docker", "network", "inspect", c.Topology().Network}
	if service, ok := s.part.(Service); ok {
		found, err := service.findContainer(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		argv = []string{"docker", "inspect", found.ID}
	}
	r, err := c.Node(s.Host).Exec(t.Context(), argv...)
	if err != nil {
		t.Fatal(err)
	}
	var all any
	if err := json.Unmarshal([]byte(r.Stdout), &all); err != nil {
		t.Fatal(err)
	}
	return withoutIdentity(all)
}

var (
	// Which subnet a network gets depends on whether its predecessor's is given
	// back yet.
	identity = regexp.MustCompile(`^(Id|Name|Created|StartedAt|FinishedAt|Pid|SandboxID|SandboxKey|EndpointID|NetworkID|MacAddress|LowerDir|MergedDir|UpperDir|WorkDir|Subnet|Gateway)$`)
	longID   = regexp.MustCompile(`[0-9a-f]{64}`)
	shortID  = regexp.MustCompile(`^[0-9a-f]{12}$`)
)

func withoutIdentity(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return nil
		}
		for k := range v {
			if identity.MatchString(k) {
				delete(v, k)
				continue
			}
			v[k] = withoutIdentity(v[k])
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = withoutIdentity(v[i])
		}
	case string:
		return shortID.ReplaceAllString(longID.ReplaceAllString(v, "ID"), "SHORT")
	}
	return v
}
