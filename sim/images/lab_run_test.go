//go:build lab

package images

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/pkg/stdcopy"

	"labcheck/harness"
	"labcheck/harness/pace"
)

// labLabel marks what these tests make besides images.
const labLabel = "labcheck.images-test"

// start runs a container on a network. It is given a name: only such names are
// in the network's DNS.
func (l *lab) start(c container.Config, on string) string {
	l.t.Helper()
	c.Labels = map[string]string{labLabel: l.namespace}
	made, err := l.engine.ContainerCreate(l.t.Context(), &c, &container.HostConfig{NetworkMode: container.NetworkMode(on)}, nil, nil, l.namespace+"-"+strings.ToLower(rand.Text()[:8]))
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { l.discard(made.ID) })
	if err := l.engine.ContainerStart(l.t.Context(), made.ID, container.StartOptions{}); err != nil {
		l.t.Fatal(err)
	}
	return made.ID
}

func (l *lab) discard(id string) {
	l.t.Helper()
	err := l.engine.ContainerRemove(context.Background(), id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !isNotFound(err) {
		l.t.Error(err)
	}
}

func (l *lab) nameOf(id string) string {
	l.t.Helper()
	c, err := l.engine.ContainerInspect(l.t.Context(), id)
	if err != nil {
		l.t.Fatal(err)
	}
	return strings.TrimPrefix(c.Name, "/")
}

func (l *lab) network(suffix string) string {
	l.t.Helper()
	made, err := l.engine.NetworkCreate(l.t.Context(), l.namespace+suffix, network.CreateOptions{Labels: map[string]string{labLabel: l.namespace}})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		if err := l.engine.NetworkRemove(context.Background(), made.ID); err != nil {
			l.t.Error(err)
		}
	})
	return made.ID
}

// exec runs a command in a container and returns what it wrote.
func (l *lab) exec(id string, argv ...string) (string, error) {
	made, err := l.engine.ContainerExecCreate(l.t.Context(), id, container.ExecOptions{Cmd: argv, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return "", err
	}
	attached, err := l.engine.ContainerExecAttach(l.t.Context(), made.ID, container.ExecAttachOptions{})
	if err != nil {
		return "", err
	}
	defer attached.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, attached.Reader); err != nil {
		return "", err
	}
	state, err := l.engine.ContainerExecInspect(l.t.Context(), made.ID)
	if err == nil && state.ExitCode != 0 {
		err = fmt.Errorf("%v: exit code %d: %s", argv, state.ExitCode, out.String())
	}
	return out.String(), err
}

// eventually waits for a command in a container to answer something.
func (l *lab) eventually(within time.Duration, id, want string, argv ...string) time.Duration {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), pace.Limit(within))
	defer cancel()
	begin := time.Now()
	err := harness.Until(ctx, 50*time.Millisecond, func(context.Context) error {
		out, err := l.exec(id, argv...)
		if err == nil && !strings.Contains(out, want) {
			err = fmt.Errorf("%v: %q, without %q", argv, out, want)
		}
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return time.Since(begin)
}

func runSwarm(l *lab) {
	id := l.start(container.Config{Image: l.ref(Swarm), Cmd: []string{"--version"}}, "none")
	l.ended(id)
	logs, err := l.engine.ContainerLogs(l.t.Context(), id, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		l.t.Fatal(err)
	}
	defer logs.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, logs); err != nil {
		l.t.Fatal(err)
	}
	if !strings.Contains(out.String(), "swarm version 1.2.9") {
		l.t.Errorf("swarm --version: %q", out.String())
	}
}

func (l *lab) ended(id string) {
	l.t.Helper()
	done, failed := l.engine.ContainerWait(l.t.Context(), id, container.WaitConditionNotRunning)
	select {
	case s := <-done:
		if s.StatusCode != 0 {
			l.t.Errorf("exit code %d", s.StatusCode)
		}
	case err := <-failed:
		l.t.Fatal(err)
	}
}

func runWorkload(l *lab) {
	on := l.network("-workload")
	one := l.start(container.Config{Image: l.ref(Workload)}, on)
	two := l.start(container.Config{Image: l.ref(Workload)}, on)
	ping := []string{"ping", "-c", "1", "-W", "2"}
	if _, err := l.exec(one, append(ping, l.nameOf(two))...); err != nil {
		l.t.Error(err)
	}
	if out, err := l.exec(one, append(ping, "nobody")...); err == nil {
		l.t.Errorf("ping nobody: %s", out)
	}
	if out, err := l.exec(one, "nslookup", l.nameOf(two)); err != nil || !strings.Contains(out, "Name:\t"+l.nameOf(two)) {
		l.t.Errorf("%v\n%s", err, out)
	}
	begin := time.Now()
	if err := l.engine.ContainerStop(l.t.Context(), one, container.StopOptions{}); err != nil {
		l.t.Fatal(err)
	}
	pace.Within(l.t, "to stop", time.Since(begin), 3*time.Second)
	l.ended(one)
}

// runConsul starts it as the tutorial does, and again with another address.
func runConsul(l *lab) {
	first, second := l.network("-consul1"), l.network("-consul2")
	id := l.start(container.Config{Image: l.ref(Consul), Hostname: "consul", Cmd: []string{"-server", "-bootstrap"}}, first)
	took := l.eventually(10*time.Second, id, "leader", "consul", "operator", "raft", "list-peers")
	l.t.Logf("a leader after %s", took)
	pace.Within(l.t, "to elect a leader", took, 5*time.Second)
	l.eventually(5*time.Second, id, "Success", "consul", "kv", "put", "it", "stays")
	before := l.address(id)
	if err := l.engine.ContainerStop(l.t.Context(), id, container.StopOptions{}); err != nil {
		l.t.Fatal(err)
	}
	if err := l.engine.NetworkDisconnect(l.t.Context(), first, id, true); err != nil {
		l.t.Fatal(err)
	}
	if err := l.engine.NetworkConnect(l.t.Context(), second, id, nil); err != nil {
		l.t.Fatal(err)
	}
	if err := l.engine.ContainerStart(l.t.Context(), id, container.StartOptions{}); err != nil {
		l.t.Fatal(err)
	}
	after := l.address(id)
	if before == after {
		l.t.Fatalf("the address is %s as before", after)
	}
	// A consistent read, which only a leader answers.
	took = l.eventually(15*time.Second, id, "stays", "consul", "kv", "get", "it")
	l.t.Logf("at %s instead of %s, a leader after %s", after, before, took)
	l.discard(id)
}

func (l *lab) address(id string) string {
	l.t.Helper()
	c, err := l.engine.ContainerInspect(l.t.Context(), id)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, n := range c.NetworkSettings.Networks {
		if n.IPAddress != "" {
			return n.IPAddress
		}
	}
	l.t.Fatal("no address")
	return ""
}
