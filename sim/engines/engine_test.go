package engines

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

// connect returns docker's own client of a simulated engine.
func connect(t *testing.T, delay time.Duration) *client.Client {
	t.Helper()
	server := httptest.NewServer(NewEngine(7, delay))
	c, err := client.NewClientWithOpts(
		client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		server.Close()
	})
	return c
}

// swarmLabel is where Swarm keeps its own ID of a container.
const swarmLabel = "com.docker.swarm.id"

// create makes a container of a command.
func create(t *testing.T, c *client.Client, name string, command ...string) string {
	t.Helper()
	config := &container.Config{Image: "labcheck/workload", Cmd: command, Labels: map[string]string{swarmLabel: "s"}}
	made, err := c.ContainerCreate(t.Context(), config, &container.HostConfig{NetworkMode: "default"}, nil, nil, name)
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

func start(t *testing.T, c *client.Client, id string) {
	t.Helper()
	if err := c.ContainerStart(t.Context(), id, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
}

// TestEngine asks what Swarm asks when it takes an engine in.
func TestEngine(t *testing.T) {
	c := connect(t, 0)
	create(t, c, "stopped")
	start(t, c, create(t, c, "running"))
	info, err := c.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := []any{info.Name, info.ServerVersion, info.OperatingSystem, info.NCPU, info.Containers, info.ContainersRunning}
	if diff := cmp.Diff([]any{"sim0007", Simulated, Simulated, 1, 2, 1}, got); diff != "" {
		t.Errorf("info (-want +got):\n%s", diff)
	}
	if at, err := time.Parse(time.RFC3339Nano, info.SystemTime); err != nil || time.Since(at) > time.Minute {
		t.Errorf("system time %q", info.SystemTime)
	}
	version, err := c.ServerVersion(t.Context())
	if err != nil || version.Version != Simulated || version.APIVersion != apiVersion {
		t.Errorf("version %+v, %v", version, err)
	}
	images, err := c.ImageList(t.Context(), image.ListOptions{All: true})
	if err != nil || len(images) != 1 {
		t.Errorf("images %v, %v", images, err)
	}
	volumes, err := c.VolumeList(t.Context(), volume.ListOptions{})
	if err != nil || len(volumes.Volumes) != 0 {
		t.Errorf("volumes %v, %v", volumes, err)
	}
	networks, err := c.NetworkList(t.Context(), network.ListOptions{})
	if err != nil || len(networks) != 3 {
		t.Fatalf("networks %v, %v", networks, err)
	}
	one, err := c.NetworkInspect(t.Context(), networks[0].ID, network.InspectOptions{})
	if err != nil || one.Name != "bridge" {
		t.Errorf("network %+v, %v", one, err)
	}
	if _, err := c.ContainerExecCreate(t.Context(), "running", container.ExecOptions{Cmd: []string{"true"}}); err == nil {
		t.Error("a simulated engine took a request that Swarm does not need here")
	}
}

// TestContainer follows a container through its life, as the client and as the events
// tell it.
func TestContainer(t *testing.T) {
	c := connect(t, 0)
	said, _ := c.Events(t.Context(), events.ListOptions{})
	awaitListener(t, c, said)
	id := create(t, c, "web", "idle")
	inspectsAs(t, c, id, container.StateCreated)
	start(t, c, id)
	inspectsAs(t, c, "web", container.StateRunning)
	if err := c.ContainerRemove(t.Context(), id, container.RemoveOptions{}); !errdefs.IsConflict(err) {
		t.Errorf("removing a running container: %v", err)
	}
	if err := c.ContainerStop(t.Context(), id[:12], container.StopOptions{}); err != nil {
		t.Error(err)
	}
	inspectsAs(t, c, id, container.StateExited)
	start(t, c, id)
	if err := c.ContainerRemove(t.Context(), id, container.RemoveOptions{Force: true}); err != nil {
		t.Error(err)
	}
	if _, err := c.ContainerInspect(t.Context(), id); !errdefs.IsNotFound(err) {
		t.Errorf("the container is removed: %v", err)
	}
	want := []events.Action{"create", "start", "kill", "die", "stop", "start", "kill", "die", "destroy"}
	var got []events.Action
	for range want {
		m := receive(t, said)
		got = append(got, m.Action)
		if m.Type != events.ContainerEventType || m.Actor.ID != id {
			t.Errorf("event %+v", m)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// awaitListener waits until the stream of events has begun.
func awaitListener(t *testing.T, c *client.Client, said <-chan events.Message) {
	t.Helper()
	for i := range 100 {
		id := create(t, c, "")
		if err := c.ContainerRemove(t.Context(), id, container.RemoveOptions{}); err != nil {
			t.Fatal(err)
		}
		select {
		case m := <-said:
			for m.Action != events.ActionDestroy || m.Actor.ID != id {
				m = receive(t, said)
			}
			return
		case <-time.After(time.Duration(i) * time.Millisecond):
		}
	}
	t.Fatal("no event arrives")
}

func receive(t *testing.T, said <-chan events.Message) events.Message {
	t.Helper()
	select {
	case m := <-said:
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("no event arrives")
		return events.Message{}
	}
}

func inspectsAs(t *testing.T, c *client.Client, id, state string) {
	t.Helper()
	got, err := c.ContainerInspect(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got.State.Status != state || got.Name != "/web" || got.Path != "idle" || got.Config.Labels[swarmLabel] != "s" {
		t.Errorf("inspected as %+v, %+v, want %s", got.ContainerJSONBase, got.State, state)
	}
	attached := got.NetworkSettings.Networks["bridge"]
	if isRunning := state == container.StateRunning; attached == nil || (attached.IPAddress != "") != isRunning {
		t.Errorf("on the bridge: %+v", attached)
	}
}

// TestContainerThatEnds wants a container to stop by itself if its command does.
func TestContainerThatEnds(t *testing.T) {
	c := connect(t, 0)
	id := create(t, c, "", "sleep", "0.05")
	start(t, c, id)
	ended, failed := c.ContainerWait(t.Context(), id, container.WaitConditionNotRunning)
	select {
	case e := <-ended:
		if e.StatusCode != 0 {
			t.Errorf("exit code %d", e.StatusCode)
		}
	case err := <-failed:
		t.Fatal(err)
	}
	if got := list(t, c, container.ListOptions{}); len(got) != 0 {
		t.Errorf("running: %v", got)
	}
}

func list(t *testing.T, c *client.Client, o container.ListOptions) []container.Summary {
	t.Helper()
	found, err := c.ContainerList(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestList wants what is asked for: all containers or those that run, or those of an ID.
func TestList(t *testing.T) {
	c := connect(t, 0)
	created := create(t, c, "created")
	running := create(t, c, "running")
	start(t, c, running)
	byID := container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("id", created))}
	unknown := container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("id", "0123"))}
	for _, test := range []struct {
		name string
		o    container.ListOptions
		want []string
	}{
		{"running", container.ListOptions{}, []string{running}},
		{"all, newest first", container.ListOptions{All: true}, []string{running, created}},
		{"one", byID, []string{created}},
		{"none", unknown, nil},
	} {
		var got []string
		for _, s := range list(t, c, test.o) {
			got = append(got, s.ID)
			if len(s.Names) != 1 || s.Image != "labcheck/workload" || s.NetworkSettings.Networks["bridge"] == nil {
				t.Errorf("listed as %+v", s)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestNameInUse wants a name to be given once.
func TestNameInUse(t *testing.T) {
	c := connect(t, 0)
	create(t, c, "web")
	_, err := c.ContainerCreate(t.Context(), &container.Config{Image: "x"}, nil, nil, nil, "web")
	if !errdefs.IsConflict(err) {
		t.Errorf("a second container of the same name: %v", err)
	}
}

// TestDelay wants creating and starting to take as long as was set, together.
func TestDelay(t *testing.T) {
	c := connect(t, time.Second)
	began := time.Now()
	id := create(t, c, "")
	if half := time.Since(began); half < time.Second/2 || half >= time.Second {
		t.Errorf("creating took %s, want half a second", half)
	}
	start(t, c, id)
	if took := time.Since(began); took < time.Second {
		t.Errorf("both took %s, want a second", took)
	}
}

// TestUnreadEvents wants a stream that is not read to end, and the engine to go on.
func TestUnreadEvents(t *testing.T) {
	e := NewEngine(1, 0)
	unread := e.listen()
	for range maxUnread + 1 {
		e.create("", &container.Config{}, &container.HostConfig{})
	}
	read := 0
	for range unread {
		read++
	}
	if read != maxUnread || len(e.listeners) != 0 {
		t.Errorf("%d events were kept for %d listeners, want %d and the end", read, len(e.listeners), maxUnread)
	}
}

// TestRun answers as several engines, and ends.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, Options{Addr: loopback, First: 41, Count: 3}) }()
	for i, name := range []string{"sim0041", "sim0042", "sim0043"} {
		c := dialEngine(t, i)
		info, err := infoWithin(t, c)
		if err != nil || info != name {
			t.Errorf("engine %d is %s, want %s: %v", i, info, name, err)
		}
		_, _ = c.Events(ctx, events.ListOptions{}) // a stream does not keep it from ending
	}
	if err := Run(ctx, Options{Addr: loopback, Count: 1}); err == nil {
		t.Error("ports that are in use were taken")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestOptions refuses what can't be simulated.
func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no address": {Count: 1},
		"no engine":  {Addr: loopback},
		"too many":   {Addr: loopback, Count: MaxCount + 1},
		"short TTL":  {Addr: loopback, Count: 1, Consul: "127.0.0.1:8500", TTL: minTTL - 1},
	} {
		if err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}
