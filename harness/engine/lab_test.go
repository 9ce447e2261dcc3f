//go:build lab

package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/pace"
	"labcheck/harness/tutorial"
	"labcheck/sim"
	"labcheck/sim/simtest"
)

var update = flag.Bool("update", false, "record the golden files anew, from this lab")

// TestMain lets the test binary be a lab's watchdog.
func TestMain(m *testing.M) { simtest.MainWithLeakCheck(m) }

// recorded is the subnet of the lab that the golden files are from.
var recorded = netip.MustParsePrefix("192.168.36.0/24")

// TestLab goes through a cluster's life on one lab.
func TestLab(t *testing.T) {
	o := sim.Options{Lab: "engine-test"}
	if *update {
		o.Subnet = recorded
	}
	lab := simtest.New(t, o)
	c := lab.Cluster
	for _, h := range c.Topology().Hosts() {
		if _, err := engine.Gossip(t.Context(), c.Node(h.Name)); !errors.Is(err, engine.ErrRefused) {
			t.Errorf("gossip of %s before there is Consul: %v", h.Name, err)
		}
	}
	if err := c.Swarm().Ping(t.Context()); !errors.Is(err, engine.ErrRefused) {
		t.Errorf("Swarm before there is any: %v", err)
	}
	start := time.Now()
	forming := make(chan []string)
	stop := make(chan struct{})
	go func() { forming <- watch(c, stop, start) }()
	if err := tutorial.Default().Bootstrap(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	close(stop)
	t.Logf("while the gossip formed:\n%s", strings.Join(<-forming, "\n"))
	if *update {
		record(t, c)
	}
	t.Run("info", func(t *testing.T) { info(t, c) })
	t.Run("containers", func(t *testing.T) { containers(t, c) })
	t.Run("networks", func(t *testing.T) { networks(t, c) })
	t.Run("gossip", func(t *testing.T) { gossip(t, c, lab.Lab) })
	t.Run("services", func(t *testing.T) { services(t, c) })
	t.Run("death", func(t *testing.T) { death(t, c) })
}

// watch notes how many alive peers each host has, whenever that changes; more
// than there are hosts would be members that our asking made.
func watch(c *engine.Cluster, stop chan struct{}, start time.Time) (seen []string) {
	last := ""
	for {
		select {
		case <-stop:
			return seen
		case <-time.After(20 * time.Millisecond):
		}
		now := ""
		for _, h := range c.Topology().Hosts() {
			peers, err := engine.Gossip(context.Background(), c.Node(h.Name))
			if err != nil && !errors.Is(err, engine.ErrRefused) {
				now += " " + err.Error()
			}
			now += fmt.Sprintf(" %s:%d", h.Name, len(peers))
		}
		if now != last {
			seen = append(seen, fmt.Sprintf("%5.2f %s", time.Since(start).Seconds(), now))
		}
		last = now
	}
}

// record writes what the parsers' tests read.
func record(t *testing.T, c *engine.Cluster) {
	t.Helper()
	manager := c.Node("manager")
	var info struct{ SystemStatus json.RawMessage }
	if err := json.Unmarshal(httpGet(t, manager, harness.SwarmPort, "/info"), &info); err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, info.SystemStatus, "", "  "); err != nil {
		t.Fatal(err)
	}
	write(t, "swarm-1.2.9.json", indented.Bytes())
	conn, err := manager.Dial(t.Context(), harness.GossipPort)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(engine.EmptyMessage()); err != nil {
		t.Fatal(err)
	}
	reply, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	write(t, "gossip-20.10.5.bin", reply)
}

func httpGet(t *testing.T, n harness.Node, port uint16, path string) []byte {
	t.Helper()
	conn, err := n.Dial(t.Context(), port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.0\r\n\r\n", path)
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	return body
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("testdata", name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func info(t *testing.T, c *engine.Cluster) {
	for _, h := range c.Topology().Hosts() {
		got, err := c.Engine(h.Name).Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := engine.Info{
			ID: got.ID, Name: h.Name, ServerVersion: "20.10.5+dfsg1", CPUs: h.CPUs, Memory: h.Memory,
			Containers: got.Containers, Images: got.Images,
			ClusterStore:     "consul://" + c.Topology().Consul().String(),
			ClusterAdvertise: fmt.Sprintf("%s:2375", h.Addr),
			SystemTime:       got.SystemTime,
		}
		if off := time.Since(got.SystemTime).Abs(); off > time.Minute {
			t.Errorf("the clock of %s is off by %s", h.Name, off)
		}
		if diff := cmp.Diff(want, got); diff != "" || got.ID == "" {
			t.Errorf("%s (-want +got):\n%s", h.Name, diff)
		}
	}
	got, err := c.Swarm().Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Swarm == nil || len(got.Swarm.Members) != 4 || got.CPUs != 4 {
		t.Errorf("Swarm: %+v", got)
	}
}

// containers runs one on a host through Swarm and finds it on the host itself.
func containers(t *testing.T, c *engine.Cluster) {
	ctx := t.Context()
	id, err := c.Swarm().Run(ctx, engine.RunSpec{
		Image: "labcheck/workload", Name: "web", Hostname: "webhost", Env: []string{"constraint:node==worker01"},
		Ports: []engine.Port{{Host: 8080, Container: 80}}, Labels: map[string]string{"a": "b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	throughSwarm, err1 := c.Swarm().Inspect(ctx, "web")
	onHost, err2 := c.Engine("worker01").Inspect(ctx, id)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(onHost, throughSwarm, ignoreLabels, addrs); diff != "" {
		t.Errorf("inspected on its host and through Swarm:\n%s", diff)
	}
	if onHost.Node != "worker01" || onHost.Name != "web" || onHost.Hostname != "webhost" || onHost.RestartPolicy != "no" ||
		!onHost.Running || !slices.Equal(onHost.Ports, []engine.Port{{Host: 8080, Container: 80}}) || onHost.Command != "/bin/idle" {
		t.Errorf("%+v", onHost)
	}
	for client, name := range map[*engine.Client]string{c.Swarm(): "worker01/web", c.Engine("worker01"): "web"} {
		listed := find(t, client, id)
		if listed.Name != name || listed.Node != "worker01" || !listed.Running || !slices.Equal(listed.Ports, onHost.Ports) {
			t.Errorf("%v lists %+v", client, listed)
		}
	}
	run(t, c, id)
	_, err = c.Swarm().Run(ctx, engine.RunSpec{Image: "labcheck/workload", Name: "web"})
	if !errors.Is(err, engine.ErrExists) {
		t.Errorf("the same name again: %v", err)
	}
	if err := errors.Join(c.Engine("worker01").Stop(ctx, id), c.Engine("worker01").Remove(ctx, id)); err != nil {
		t.Error(err)
	}
	if _, err := c.Engine("worker01").Inspect(ctx, id); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
	if _, err := c.Engine("store").Run(ctx, engine.RunSpec{Image: "nothere"}); !errors.Is(err, engine.ErrNoImage) || !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("no image: %v", err)
	}
}

var addrs = cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})

// Swarm adds a label of its own.
var ignoreLabels = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Labels" }, cmp.Ignore())

func find(t *testing.T, c *engine.Client, id string) engine.Container {
	t.Helper()
	all, err := c.Containers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range all {
		if found.ID == id {
			return found
		}
	}
	t.Fatalf("%v does not list %s", c, id)
	return engine.Container{}
}

func run(t *testing.T, c *engine.Cluster, id string) {
	for _, client := range []*engine.Client{c.Swarm(), c.Engine("worker01")} {
		r, err := client.Exec(t.Context(), id, "sh", "-c", "echo out; echo err >&2")
		if err != nil || r.Stdout != "out\n" || r.Stderr != "err\n" {
			t.Errorf("exec by %v: %+v, %v", client, r, err)
		}
		r, err = client.Exec(t.Context(), id, "sh", "-c", "exit 3")
		var failed *harness.RunError
		if !errors.As(err, &failed) || r.ExitCode != 3 {
			t.Errorf("exec by %v: %+v, %v", client, r, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := c.Engine("worker01").Exec(ctx, id, "sleep", "60"); !errors.Is(err, engine.ErrTimeout) {
		t.Errorf("exec that does not end: %v", err)
	}
}

func networks(t *testing.T, c *engine.Cluster) {
	ctx := t.Context()
	want, err := c.Swarm().Network(ctx, "mynet")
	if err != nil || want.Driver != "overlay" || want.Scope != "global" || len(want.Subnets) != 1 {
		t.Fatalf("%+v, %v", want, err)
	}
	for _, h := range c.Topology().Hosts() {
		got, err := c.Engine(h.Name).Network(ctx, "mynet")
		if err != nil || got.ID != want.ID {
			t.Errorf("%s: %+v, %v", h.Name, got, err)
		}
	}
	if err := c.Swarm().CreateNetwork(ctx, "mynet", "overlay", netip.Prefix{}); !errors.Is(err, engine.ErrExists) {
		t.Errorf("mynet again: %v", err)
	}
	if _, err := c.Engine("store").Network(ctx, "nothere"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("no network: %v", err)
	}
	if _, err := c.Swarm().Network(ctx, "nothere"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("no network on Swarm: %v", err)
	}
	all, err := c.Swarm().Networks(ctx)
	if err != nil || len(all) != 13 {
		t.Errorf("%d networks: %+v, %v", len(all), all, err)
	}
}

// services asks each service for another.
func services(t *testing.T, c *engine.Cluster) {
	ctx := t.Context()
	manager := c.Node("manager")
	leader, err := c.Consul().Leader(ctx)
	if err != nil || !strings.HasSuffix(leader, ":8300") {
		t.Errorf("leader %q, %v", leader, err)
	}
	keys, err := c.Consul().Keys(ctx, "docker/swarm/nodes/")
	if err != nil || len(keys) != 4 {
		t.Errorf("keys %q, %v", keys, err)
	}
	entries, err := c.Consul().Entries(ctx, "docker/swarm/nodes/")
	if err != nil || len(entries) != 4 || entries[0].Session == "" || !strings.HasSuffix(entries[0].Key, "/"+entries[0].Value) {
		t.Errorf("entries %+v, %v", entries, err)
	}
	store := c.Engine("store")
	for ref, want := range map[string]bool{"swarm": true, "nothere": false} {
		if has, err := store.HasImage(ctx, ref); has != want || err != nil {
			t.Errorf("image %s: %v, %v", ref, has, err)
		}
	}
	all, err := store.Containers(ctx)
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	if log, err := store.Log(ctx, all[len(all)-1].ID, 5); err != nil || !strings.Contains(log, "Registering on the discovery service") {
		t.Errorf("log %q, %v", log, err)
	}
	if version, err := c.Consul().Version(ctx); err != nil || version != "1.8.7" {
		t.Errorf("version %q, %v", version, err)
	}
	for port, want := range map[uint16]error{harness.ConsulPort: engine.ErrWrongService, harness.GossipPort: engine.ErrClosed} {
		other, err := engine.Connect(manager, port)
		if err != nil {
			t.Fatal(err)
		}
		_, infoErr := other.Info(ctx)
		for _, err := range []error{other.Ping(ctx), infoErr} {
			if !errors.Is(err, want) {
				t.Errorf("an engine on %d: %v", port, err)
			}
		}
	}
	other, err := engine.ConnectConsul(manager, harness.SwarmPort)
	if err != nil {
		t.Fatal(err)
	}
	_, err = other.Leader(ctx)
	if !errors.Is(err, engine.ErrWrongService) {
		t.Errorf("Consul on %d: %v", harness.SwarmPort, err)
	}
}

// gossip: asking changes nothing, and the engines do not mind.
func gossip(t *testing.T, c *engine.Cluster, lab *sim.Lab) {
	ctx := t.Context()
	var want []engine.Peer
	for _, h := range c.Topology().Hosts() {
		want = append(want, engine.Peer{Name: h.Name, Addr: h.Addr, State: engine.PeerAlive})
	}
	for range 50 {
		for _, h := range c.Topology().Hosts() {
			got, err := engine.Gossip(ctx, c.Node(h.Name))
			if diff := cmp.Diff(want, byHost(got, c), addrs); diff != "" || err != nil {
				t.Fatalf("%s: %v\n%s", h.Name, err, diff)
			}
		}
	}
	complaints(t, lab)
}

// death of an engine is seen in the others' gossip.
func death(t *testing.T, c *engine.Cluster) {
	ctx := t.Context()
	if _, err := c.Node("store").Exec(ctx, "sh", "-c", "kill -STOP $(cat /run/docker.pid)"); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, pace.Limit(time.Minute))
	defer cancel()
	err := harness.Until(ctx, 200*time.Millisecond, func(ctx context.Context) error {
		peers, err := engine.Gossip(ctx, c.Node("manager"))
		if err != nil {
			return err
		}
		for _, p := range peers {
			if p.Name == "store" && p.State != engine.PeerAlive {
				t.Logf("store is %s %s after it froze", p.State, time.Since(begin))
				return nil
			}
		}
		return fmt.Errorf("%v", peers)
	})
	if err != nil {
		t.Error(err)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := engine.Gossip(short, c.Node("store")); !errors.Is(err, engine.ErrTimeout) {
		t.Errorf("gossip of a frozen engine: %v", err)
	}
}

// complaints are what memberlist and Serf themselves log at these levels; that
// a neighbour was not there yet when an engine joined is libnetwork's.
var complaint = regexp.MustCompile(`(?m)^.*\[(ERR|WARN)\] (memberlist|serf).*$`)

func complaints(t *testing.T, lab *sim.Lab) {
	t.Helper()
	dir := t.TempDir()
	if err := lab.Collect(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	joins := 0
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(file)
		joins += bytes.Count(content, []byte("serf: EventMemberJoin"))
		for _, line := range complaint.FindAllString(string(content), -1) {
			t.Errorf("%s: %s", filepath.Base(file), line)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if joins != 25 {
		t.Errorf("the engines' logs have %d joins, not each engine of each", joins)
	}
}

// byHost puts peers, which come by address, in the hosts' order.
func byHost(peers []engine.Peer, c *engine.Cluster) []engine.Peer {
	var ordered []engine.Peer
	for _, h := range c.Topology().Hosts() {
		for _, p := range peers {
			if p.Addr == h.Addr {
				ordered = append(ordered, p)
			}
		}
	}
	if len(ordered) != len(peers) {
		return peers
	}
	return ordered
}
