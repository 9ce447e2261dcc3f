//go:build lab

package images

import (
	"bytes"
	"context"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/pkg/stdcopy"
)

// labLabel marks what these tests make besides images.
const labLabel = "labcheck.images-test"

func (l *lab) labels() map[string]string { return map[string]string{labLabel: l.namespace} }

// create makes a container that runs a command, on a network.
func (l *lab) create(ref, on string, argv ...string) string {
	l.t.Helper()
	c := container.Config{Image: ref, Entrypoint: argv[:1], Cmd: argv[1:], Labels: l.labels()}
	host := container.HostConfig{NetworkMode: container.NetworkMode(on)}
	made, err := l.engine.ContainerCreate(l.t.Context(), &c, &host, nil, nil, "")
	if err != nil {
		l.t.Fatal(err)
	}
	return made.ID
}

func (l *lab) discard(id string) {
	l.t.Helper()
	how := container.RemoveOptions{Force: true, RemoveVolumes: true}
	if err := l.engine.ContainerRemove(context.Background(), id, how); err != nil {
		l.t.Error(err)
	}
}

// run runs a command in a container without a network, and returns its output.
func (l *lab) run(n Name, argv ...string) string {
	l.t.Helper()
	return l.runOn("none", n, argv...)
}

func (l *lab) runOn(network string, n Name, argv ...string) string {
	l.t.Helper()
	id := l.create(l.ref(n), network, argv...)
	defer l.discard(id)
	done, failed := l.engine.ContainerWait(l.t.Context(), id, container.WaitConditionNextExit)
	if err := l.engine.ContainerStart(l.t.Context(), id, container.StartOptions{}); err != nil {
		l.t.Errorf("%s: %v: %v", n, argv, err)
		return ""
	}
	var code int64
	select {
	case s := <-done:
		code = s.StatusCode
	case err := <-failed:
		l.t.Fatal(err)
	}
	logs, err := l.engine.ContainerLogs(l.t.Context(), id, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		l.t.Fatal(err)
	}
	defer logs.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, logs); err != nil {
		l.t.Fatal(err)
	}
	if code != 0 {
		l.t.Errorf("%s: %v: exit code %d\n%s", n, argv, code, out.String())
	}
	return out.String()
}

// lookUp has a workload look up names by the engine's DNS.
func lookUp(l *lab) {
	made, err := l.engine.NetworkCreate(l.t.Context(), l.namespace, network.CreateOptions{Labels: l.labels()})
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() {
		if err := l.engine.NetworkRemove(context.Background(), made.ID); err != nil {
			l.t.Error(err)
		}
	}()
	name, host := l.namespace+"-idle", container.HostConfig{NetworkMode: container.NetworkMode(made.ID)}
	config := container.Config{Image: l.ref(Workload), Labels: l.labels()}
	there, err := l.engine.ContainerCreate(l.t.Context(), &config, &host, nil, nil, name)
	if err != nil {
		l.t.Fatal(err)
	}
	defer l.discard(there.ID)
	if err := l.engine.ContainerStart(l.t.Context(), there.ID, container.StartOptions{}); err != nil {
		l.t.Fatal(err)
	}
	if out := l.runOn(made.ID, Workload, "ping", "-c", "1", name); !strings.Contains(out, "1 packets received") {
		l.t.Errorf("ping: %q", out)
	}
	if out := l.runOn(made.ID, Workload, "nslookup", name); !strings.Contains(out, "Address") {
		l.t.Errorf("nslookup: %q", out)
	}
}
