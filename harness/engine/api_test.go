package engine

import (
	"bytes"
	"compress/lzw"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	dockernet "github.com/docker/docker/api/types/network"
	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/internal/enginetest"
)

// performed is a cluster on which the tutorial was done.
func performed(t *testing.T) (*Cluster, *enginetest.Cluster) {
	t.Helper()
	fake := enginetest.New(harness.Tutorial()).Performed()
	t.Cleanup(fake.Close)
	c, err := Open(fake.Topology, fake.Nodes())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, fake
}

// TestContainer runs one through Swarm and finds it on its host.
func TestContainer(t *testing.T) {
	c, fake := performed(t)
	ctx := t.Context()
	id, err := c.Swarm().Run(ctx, RunSpec{
		Image: "labcheck/workload", Args: []string{"sleep", "60"}, Name: "web", Hostname: "webhost", Network: "mynet", Restart: "always",
		Env: []string{"constraint:node==worker01"}, Ports: []Port{{Host: 8081, Container: 81}, {Host: 8080, Container: 80}}, Labels: map[string]string{"a": "b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Container{
		ID: id, Name: "web", Node: "worker01", Image: "labcheck/workload", Command: "/bin/idle sleep 60", State: "running", Running: true,
		Ports: []Port{{Host: 8080, Container: 80}, {Host: 8081, Container: 81}}, Labels: map[string]string{"a": "b"},
	}
	inspected := want
	inspected.Args, inspected.Hostname, inspected.RestartPolicy = []string{"sleep", "60"}, "webhost", "always"
	for name, from := range map[string]*Client{"web": c.Engine("worker01"), "worker01/web": c.Swarm()} {
		got, err1 := from.Inspect(ctx, "web")
		all, err2 := from.Containers(ctx)
		i := slices.IndexFunc(all, func(c Container) bool { return c.ID == id })
		if err := errors.Join(err1, err2); err != nil || i < 0 {
			t.Fatalf("%v lists %+v, %v", from, all, err)
		}
		if len(got.Networks) != 1 || got.Networks[0].Network != "mynet" || !got.Networks[0].Addr.IsValid() || got.Created.IsZero() {
			t.Errorf("%v: %+v", from, got)
		}
		if diff := cmp.Diff(got.Networks, all[i].Networks, byValue); diff != "" {
			t.Errorf("%v, networks (-inspected +listed):\n%s", from, diff)
		}
		got.Networks, all[i].Networks, got.Created = nil, nil, time.Time{}
		want.Name = name
		if diff := cmp.Diff(want, all[i]); diff != "" {
			t.Errorf("%v lists (-want +got):\n%s", from, diff)
		}
		if diff := cmp.Diff(inspected, got); diff != "" {
			t.Errorf("%v inspects (-want +got):\n%s", from, diff)
		}
	}
	on := c.Engine("worker01")
	if err := on.Stop(ctx, id); err != nil || fake.Hosts["worker01"].Containers[1].State != "exited" {
		t.Errorf("stopped: %v", err)
	}
	if all, err := on.Containers(ctx); err != nil || len(all) != 2 || all[1].Running {
		t.Errorf("stopped: %+v, %v", all, err)
	}
	if err := on.Start(ctx, id); err != nil || fake.Hosts["worker01"].Containers[1].State != "running" {
		t.Errorf("started: %v", err)
	}
	if err := on.Remove(ctx, id); err != nil || len(fake.Hosts["worker01"].Containers) != 1 {
		t.Errorf("removed: %v", err)
	}
}

// TestKindsOfAnswers: what an engine refuses is told apart by what callers do.
func TestKindsOfAnswers(t *testing.T) {
	c, _ := performed(t)
	on, ctx := c.Engine("store"), t.Context()
	if _, err := on.Run(ctx, RunSpec{Image: "labcheck/workload", Name: "taken"}); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		do   func() error
		want error
	}{
		"no container":    {func() error { _, err := on.Inspect(ctx, "nothere"); return err }, ErrNotFound},
		"no network":      {func() error { _, err := on.Network(ctx, "nothere"); return err }, ErrNotFound},
		"remove nothing":  {func() error { return on.RemoveNetwork(ctx, "nothere") }, ErrNotFound},
		"no image":        {func() error { _, err := on.Run(ctx, RunSpec{Image: "nothere"}); return err }, ErrNoImage},
		"name taken":      {func() error { _, err := on.Run(ctx, RunSpec{Image: "swarm", Name: "taken"}); return err }, ErrExists},
		"network there":   {func() error { return c.Swarm().CreateNetwork(ctx, "mynet", "overlay", netip.Prefix{}) }, ErrExists},
		"start nothing":   {func() error { return on.Start(ctx, "nothere") }, ErrNotFound},
		"stop nothing":    {func() error { return on.Stop(ctx, "nothere") }, ErrNotFound},
		"log of nothing":  {func() error { _, err := on.Log(ctx, "nothere", 1); return err }, ErrNotFound},
		"exec in nothing": {func() error { _, err := on.Exec(ctx, "nothere", "true"); return err }, ErrNotFound},
		"pull":            {func() error { return on.Pull(ctx, "alpine") }, nil},
		"delete a key":    {func() error { return c.Consul().Delete(ctx, "a") }, nil},
	} {
		if err := test.do(); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	for ref, want := range map[string]bool{"swarm": true, "progrium/consul": true, "nothere": false} {
		if has, err := on.HasImage(ctx, ref); has != want || err != nil {
			t.Errorf("image %s: %v, %v", ref, has, err)
		}
	}
	if err := errors.Join(c.Swarm().CreateNetwork(ctx, "other", "overlay", netip.Prefix{}), on.RemoveNetwork(ctx, "other")); err != nil {
		t.Error(err)
	}
	if err := on.Pull(ctx, "nothere"); err == nil || !strings.Contains(err.Error(), "manifest unknown") {
		t.Errorf("a pull that failed: %v", err)
	}
}

// TestNoContainer: an answer that is JSON, and no container.
func TestNoContainer(t *testing.T) {
	for _, answered := range []string{`{}`, `{"Id": "1"}`, `{"Id": "1", "State": {}, "Config": {}, "HostConfig": {}}`} {
		c, err := Connect(answer(t, always200(answered)), harness.EnginePort)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := c.Inspect(t.Context(), "a"); !errors.Is(err, ErrWrongService) {
			t.Errorf("%s: %v", answered, err)
		}
	}
}

// TestPullsLatest: an image without a tag is latest, not all of its tags.
func TestPullsLatest(t *testing.T) {
	var asked []string
	n := answer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("API-Version", "1.41")
		if q := r.URL.Query(); q.Has("fromImage") {
			asked = append(asked, q.Get("fromImage")+" "+q.Get("tag"))
		}
	})
	c, err := Connect(n, harness.EnginePort)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for _, ref := range []string{"alpine", "alpine:3", "localhost:5000/alpine"} {
		if err := c.Pull(t.Context(), ref); err != nil {
			t.Error(err)
		}
	}
	want := []string{"docker.io/library/alpine latest", "docker.io/library/alpine 3", "localhost:5000/alpine latest"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

func TestPulled(t *testing.T) {
	for progress, want := range map[string]string{
		"":                                     "<nil>",
		`{"status": "a"} {"status": "b"}`:      "<nil>",
		`{"status": "a"} {"error": "no room"}`: "no room",
		`{"status": "a"} {"sta`:                "unexpected EOF",
	} {
		if err := readPullProgress(strings.NewReader(progress)); fmt.Sprint(err) != want {
			t.Errorf("%q: %v, want %s", progress, err, want)
		}
	}
}

func TestExecAndLog(t *testing.T) {
	c, fake := performed(t)
	box := fake.Hosts["store"].Containers[0]
	box.Log = " one\ntwo\n"
	box.Exec = func(argv []string) (string, string, int) { return "out\n", "err\n", len(argv) - 1 }
	on := c.Engine("store")
	if log, err := on.Log(t.Context(), box.ID, 5); err != nil || log != "one\ntwo" {
		t.Errorf("log %q, %v", log, err)
	}
	r, err := on.Exec(t.Context(), box.ID, "true")
	if err != nil || r.Node != "store" || r.Stdout != "out\n" || r.Stderr != "err\n" || r.Duration <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
	var failed *harness.RunError
	if r, err = on.Exec(t.Context(), box.ID, "a", "b", "c"); !errors.As(err, &failed) || r.ExitCode != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestExecEndsWithItsContext: the stream was taken from HTTP and does not.
func TestExecEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	n := answer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("API-Version", "1.41")
		switch {
		case strings.HasSuffix(r.URL.Path, "/exec"):
			w.WriteHeader(http.StatusCreated)
			say(w, `{"Id": "1"}`)
		case strings.HasSuffix(r.URL.Path, "/start"):
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			say(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
			<-release
		}
	})
	defer close(release)
	c, err := Connect(n, harness.EnginePort)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := c.Exec(ctx, "x", "sleep", "60"); !errors.Is(err, ErrTimeout) || time.Since(start) > 5*time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
}

func TestNetworks(t *testing.T) {
	c, fake := performed(t)
	net := &fake.Hosts["store"].Networks[1]
	net.Options = map[string]string{"mtu": "1450"}
	net.Containers = map[string]string{"b": "10.0.0.3/24", "a": "10.0.0.2/24"}
	got, err := c.Engine("store").Network(t.Context(), "mynet")
	want := Network{
		ID: net.ID, Name: "mynet", Driver: "overlay", Scope: "global", Options: net.Options, Subnets: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")},
		Containers: []Endpoint{{"a", "a", netip.MustParseAddr("10.0.0.2")}, {"b", "b", netip.MustParseAddr("10.0.0.3")}},
	}
	if diff := cmp.Diff(want, got, byValue, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	all, err := c.Swarm().Networks(t.Context())
	var names []string
	for _, n := range all {
		names = append(names, n.Name+" "+n.Scope)
	}
	wantNames := []string{"frontend01/bridge local", "frontend02/bridge local", "mynet global", "store/bridge local", "worker01/bridge local"}
	if diff := cmp.Diff(wantNames, names); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestInfo(t *testing.T) {
	c, fake := performed(t)
	got, err := c.Engine("store").Info(t.Context())
	want := Info{
		ID: "ID of store", Name: "store", ServerVersion: "20.10.5", CPUs: 1, Memory: 3854600 << 10, Containers: 1, Images: 3,
		ClusterStore: "consul://192.168.33.11:8500", ClusterAdvertise: "192.168.33.250:2375",
		SystemTime: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	swarm, err := c.Swarm().Info(t.Context())
	if err != nil || swarm.Swarm == nil || len(swarm.Swarm.Members) != 4 {
		t.Errorf("%+v, %v", swarm, err)
	}
	fake.Change(func() { fake.Status = func(s [][2]string) [][2]string { return s[1:] } })
	if swarm, err = c.Swarm().Info(t.Context()); !errors.As(err, new(*StatusError)) {
		t.Errorf("%+v, %v", swarm, err)
	}
	for code, want := range map[int]string{http.StatusInternalServerError: "500", http.StatusForbidden: "403"} {
		c.Engine("store").Close()
		fake.Change(func() {
			fake.Hosts["store"].Answer[harness.EnginePort] = func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(code)
				say(w, `{"Name": "store"}`)
			}
		})
		if _, err := c.Engine("store").Info(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// TestAnswersAreBounded: of an answer that does not end only so much is read.
func TestAnswersAreBounded(t *testing.T) {
	n := answer(t, func(w http.ResponseWriter, _ *http.Request) {
		say(w, `{"Name": "manager", "x": "`)
		for range 9 {
			say(w, strings.Repeat("x", 1<<20))
		}
		say(w, `"}`)
	})
	c, err := Connect(n, harness.EnginePort)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := c.Info(t.Context()); !errors.Is(err, ErrWrongService) {
		t.Error(err)
	}
}

func TestConsul(t *testing.T) {
	c, fake := performed(t)
	ctx := t.Context()
	leader, err := c.Consul().Leader(ctx)
	if err != nil || leader != "172.17.0.2:8300" {
		t.Errorf("leader %q, %v", leader, err)
	}
	keys, err := c.Consul().Keys(ctx, "docker/swarm/nodes/")
	if err != nil || len(keys) != 4 || keys[0] != "docker/swarm/nodes/192.168.33.200:2375" {
		t.Errorf("%q, %v", keys, err)
	}
	entries, err := c.Consul().Entries(ctx, "docker/nodes/")
	if err != nil || len(entries) != 5 || entries[0] != (Entry{"docker/nodes/192.168.33.11:2375", "192.168.33.11:2375", "a session"}) {
		t.Errorf("%+v, %v", entries, err)
	}
	for _, prefix := range []string{"none", "docker/x"} {
		keys, err1 := c.Consul().Keys(ctx, prefix)
		entries, err2 := c.Consul().Entries(ctx, prefix)
		if err := errors.Join(err1, err2); err != nil || len(keys) != 0 || len(entries) != 0 {
			t.Errorf("%s: %q, %q, %v", prefix, keys, entries, err)
		}
	}
	if err := c.Consul().Delete(ctx, "docker/a"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"consul: DELETE /v1/kv/docker/a"}, fake.Calls()); diff != "" {
		t.Error(diff)
	}
	fake.Change(func() { fake.NoLeader = true })
	if _, err := c.Consul().Leader(ctx); !errors.Is(err, ErrNoLeader) {
		t.Error(err)
	}
}

// TestConsulsRefusals: what Consul itself does not allow is not another service.
func TestConsulsRefusals(t *testing.T) {
	for code, want := range map[int]error{http.StatusNotFound: ErrWrongService, http.StatusForbidden: ErrDenied, http.StatusUnauthorized: ErrDenied} {
		c, err := ConnectConsul(answer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }), harness.ConsulPort)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := c.Version(t.Context()); !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", code, err, want)
		}
	}
}

// TestKindOf has what the standard library and Docker's say sorted.
func TestKindOf(t *testing.T) {
	for want, errs := range map[error][]error{
		ErrRefused:      {syscall.ECONNREFUSED},
		ErrClosed:       {syscall.ECONNRESET, errors.New("http: server closed idle connection")},
		ErrTimeout:      {context.DeadlineExceeded, fmt.Errorf("read: %w", timeOut{})},
		ErrWrongService: {errors.New(`malformed HTTP response "SSH"`), errors.New("readLoopPeekFailLocked: %!w(<nil>)")},
		ErrTLS:          {errors.New("remote error: tls: bad certificate"), errors.New("client sent an HTTP request to an HTTPS server"), errors.New("http: server gave HTTP response to HTTPS client")},
		nil:             {errors.New("no room"), context.Canceled},
	} {
		for _, err := range errs {
			if got := kindOf(err); !errors.Is(got, want) {
				t.Errorf("%v: %v, want %v", err, got, want)
			}
		}
	}
}

type timeOut struct{}

func (timeOut) Error() string   { return "i/o timeout" }
func (timeOut) Timeout() bool   { return true }
func (timeOut) Temporary() bool { return true }

// TestTellingEnv: no password is told, be it written as a URL has it or not.
func TestTellingEnv(t *testing.T) {
	for value, want := range map[string]string{
		"":                                  "",
		"consul://192.168.33.11:8500/mine":  "consul://192.168.33.11:8500/mine",
		"nodes://a:2375,b:2375":             "nodes://a:2375,b:2375",
		"localhost,10.0.0.0/8":              "localhost,10.0.0.0/8",
		"http://proxy:3128":                 "http://proxy:3128",
		"http://me@proxy:3128":              "http://me@proxy:3128",
		"http://me:secret@proxy:3128":       "http://me:xxxxx@proxy:3128",
		"me:secret@proxy:3128":              "me:xxxxx@proxy:3128",
		"http://me:s/e#c%r@e:t @proxy:3128": "http://me:xxxxx@proxy:3128",
		"http://:secret@proxy":              "http://:xxxxx@proxy",
	} {
		all := tellingEnv([]string{"PASSWORD=secret", "https_proxy=" + value, "SWARM_DISCOVERY=" + value})
		if diff := cmp.Diff(map[string]string{"https_proxy": want, "SWARM_DISCOVERY": want}, all); diff != "" {
			t.Errorf("%s (-want +got):\n%s", value, diff)
		}
	}
	if all := tellingEnv([]string{"PATH=/bin"}); all != nil {
		t.Errorf("%v", all)
	}
}

func TestOwnName(t *testing.T) {
	for want, names := range map[string][]string{
		"web":          {"/web"},
		"frontend01/a": {"/frontend01/b/a", "/frontend01/a", "/frontend01/c/a"},
		"db":           {"/db", "/app/db"},
		"":             {},
	} {
		if got := ownName(names); got != want {
			t.Errorf("%q: %q", names, got)
		}
	}
}

func TestPort(t *testing.T) {
	for port, want := range map[Port]string{{80, 8080, false}: "80:8080", {53, 8600, true}: "53:8600/udp"} {
		if got := port.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestSummary: a port is listed once for IPv4 and once for IPv6, and one that is
// not published has no host port.
func TestSummary(t *testing.T) {
	c := &Client{node: node{}}
	got := c.containerOf(container.Summary{
		ID: "1", Names: []string{"/a"}, State: "paused",
		Ports: []container.Port{
			{PrivatePort: 8500, PublicPort: 8500, Type: "tcp"},
			{PrivatePort: 8500, PublicPort: 8500, Type: "tcp"},
			{PrivatePort: 53, PublicPort: 53, Type: "udp"},
			{PrivatePort: 8300, Type: "tcp"},
		},
		NetworkSettings: &container.NetworkSettingsSummary{Networks: map[string]*dockernet.EndpointSettings{"b": {}, "a": {IPAddress: "10.0.0.2"}}},
	})
	want := Container{
		ID: "1", Name: "a", Node: "manager", State: "paused", Running: true, Ports: []Port{{53, 53, true}, {8500, 8500, false}},
		Networks: []Attachment{{"a", netip.MustParseAddr("10.0.0.2")}, {Network: "b"}},
	}
	if diff := cmp.Diff(want, got, byValue); diff != "" {
		t.Error(diff)
	}
}

// TestIntroduce has two engines told of one another's peers.
func TestIntroduce(t *testing.T) {
	c, fake := performed(t)
	fake.Hosts["store"].Unknown = []string{"manager", "frontend01", "frontend02", "worker01"}
	fake.Hosts["manager"].Unknown = []string{"store"}
	fake.Hosts["manager"].Suspect = []string{"worker01"}
	count := func(name string) string {
		peers, err := Gossip(t.Context(), c.Node(name))
		if err != nil {
			t.Fatal(err)
		}
		alive := slices.DeleteFunc(slices.Clone(peers), func(p Peer) bool { return p.State != PeerAlive })
		return fmt.Sprintf("%d of %d", len(alive), len(peers))
	}
	if got := count("store") + ", " + count("manager"); got != "1 of 1, 3 of 4" {
		t.Errorf("before: %s", got)
	}
	if err := Introduce(t.Context(), c.Node("manager"), c.Node("store")); err != nil {
		t.Fatal(err)
	}
	if got := count("store") + ", " + count("manager"); got != "5 of 5, 4 of 5" {
		t.Errorf("after: %s", got)
	}
	fake.Change(func() { fake.Hosts["store"].Off = true })
	if err := Introduce(t.Context(), c.Node("manager"), c.Node("store")); !errors.Is(err, ErrRefused) {
		t.Errorf("with one that is off: %v", err)
	}
}

// TestReadPushPull has sizes announced that are not, or should not be, there.
func TestReadPushPull(t *testing.T) {
	for name, test := range map[string]struct {
		header pushPullHeader
		user   int
		want   string
	}{
		"right":         {pushPullHeader{UserStateLen: 3}, 3, "<nil>"},
		"short":         {pushPullHeader{UserStateLen: 3}, 2, "user state: unexpected EOF"},
		"no members":    {pushPullHeader{Nodes: 1}, 0, "member 1 of 1: EOF"},
		"many members":  {pushPullHeader{Nodes: maxMembers + 1}, 0, "10001 members and 0 bytes announced"},
		"fewer than 0":  {pushPullHeader{Nodes: -1}, 0, "-1 members and 0 bytes announced"},
		"a large state": {pushPullHeader{UserStateLen: maxGossip + 1}, 0, "0 members and 4194305 bytes announced"},
		"less than 0":   {pushPullHeader{UserStateLen: -1}, 0, "0 members and -1 bytes announced"},
	} {
		message := encodeKind(pushPullMsg, test.header)
		s, err := readState(bytes.NewReader(append(message, make([]byte, test.user)...)))
		got := fmt.Sprint(err)
		if _, after, ok := strings.Cut(got, "another service answers there: "); ok {
			got = after
		}
		if got != test.want || err == nil && len(s.user) != test.user {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// TestCompressed: what is unpacked is bounded as what comes as it is.
func TestCompressed(t *testing.T) {
	for name, test := range map[string]struct {
		algorithm uint8
		user      int
		want      string
	}{
		"right":             {lzwAlgorithm, 1000, "<nil>"},
		"unknown algorithm": {1, 0, "another service answers there: compressed message: unknown algorithm 1"},
		"too large":         {lzwAlgorithm, maxGossip, "another service answers there: user state: unexpected EOF"},
	} {
		message := state{user: make([]byte, test.user)}.encodeMessage()
		var packed bytes.Buffer
		w := lzw.NewWriter(&packed, lzw.LSB, lzwLitWidth)
		_, err1 := w.Write(message)
		err2 := w.Close()
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		sent := encodeKind(compressMsg, compressed{test.algorithm, packed.Bytes()})
		s, err := readState(bytes.NewReader(sent))
		if fmt.Sprint(err) != test.want || err == nil && len(s.user) != test.user {
			t.Errorf("%s: %d bytes, %v, want %s", name, len(s.user), err, test.want)
		}
	}
}
