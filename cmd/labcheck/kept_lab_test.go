//go:build lab

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"

	"labcheck/harness/prereq"
	"labcheck/harness/subnettest"
	"labcheck/sim"
)

// keptLab is a lab of this test alone.
const keptLab = "kept"

// keeper is the real engine, but for a fault of Docker 20.10 that can't be had on demand:
// it keeps a network to which nothing is attached. It stands before the engine's socket,
// and refuses to remove networks in the words in which the engine refuses to remove one
// to which a container is attached (status 403).
type keeper struct {
	engine *client.Client
	next   http.Handler
	left   atomic.Int64 // how many removals are still refused
}

// startKeeper starts a keeper, and has labcheck use it.
func startKeeper(t *testing.T) *keeper {
	t.Helper()
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	host, err := client.ParseHostURL(engine.DaemonHost())
	if err != nil {
		t.Fatal(err)
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, host.Scheme, host.Host+host.Path)
	}
	transport := &http.Transport{DialContext: dial}
	t.Cleanup(transport.CloseIdleConnections)
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	proxy.Transport, proxy.FlushInterval = transport, -1
	k := &keeper{engine: engine, next: proxy}
	dir, err := os.MkdirTemp("", "kept") // t.TempDir's name may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: k}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	t.Setenv("DOCKER_HOST", "unix://"+l.Addr().String())
	return k
}

// ServeHTTP implements http.Handler.
func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete && path.Base(path.Dir(r.URL.Path)) == "networks" {
		n, err := k.engine.NetworkInspect(r.Context(), path.Base(r.URL.Path), network.InspectOptions{})
		if err == nil && len(n.Containers) == 0 && k.left.Add(-1) >= 0 {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"message":"error while removing network: network %s id %s has active endpoints"}`, n.Name, n.ID)
			return
		}
	}
	k.next.ServeHTTP(w, r)
}

// TestKeptNetwork: if the engine keeps the lab's network though nothing is attached to
// it, down tries for a moment, says what it is and is done; the lab can be made again.
func TestKeptNetwork(t *testing.T) {
	prereq.Program(t, "docker", "apt-get install docker-cli")
	subnet := subnettest.ForLab(t, keptLab)
	removeLab(keptLab) // what an interrupted run has left
	k := startKeeper(t)
	t.Cleanup(func() { k.left.Store(0); removeLab(keptLab) })
	labcheck := func(wantCode int, args ...string) string {
		t.Helper()
		var out, said strings.Builder
		c := exec.Command(labcheckFile(t), append(args, "--lang", "en", "--lab", keptLab)...)
		c.Stdout, c.Stderr = &out, &said
		if err := c.Run(); c.ProcessState == nil || c.ProcessState.ExitCode() != wantCode {
			t.Fatalf("%v: %v, not exit code %d\n%s%s", args, err, wantCode, out.String(), said.String())
		}
		return said.String()
	}
	networks := func() string {
		t.Helper()
		return docker(t, "", "network", "ls", "--quiet", "--filter", "label="+sim.LabelLab+"="+keptLab)
	}
	docker(t, "", "network", "create", "--subnet", subnet.String(), "--label", sim.LabelLab+"="+keptLab, keptLab)

	k.left.Store(1 << 30)
	const kept = "labcheck: the engine keeps network kept though nothing is attached to it: " +
		"Error response from daemon: error while removing network"
	const try = "try: restart the engine"
	t.Run("down", func(t *testing.T) {
		for range 2 { // it is told again as long as it is so
			if said := labcheck(exitHolds, "down"); !strings.Contains(said, kept) || !strings.Contains(said, try) {
				t.Errorf("down says:\n%s", said)
			}
		}
	})
	t.Run("up", func(t *testing.T) {
		before := networks()
		labcheck(exitHolds, "up", "--bare")
		if after := networks(); before == "" || after != before {
			t.Errorf("the network was %q, and the new lab has %q", before, after)
		}
	})
	t.Run("down of what is attached", func(t *testing.T) {
		const foreign = keptLab + "-foreign"
		hosts := docker(t, "", "ps", "--filter", "label="+sim.LabelLab+"="+keptLab, "--format", "{{.Image}}")
		image, _, _ := strings.Cut(hosts, "\n")
		docker(t, "", "run", "--detach", "--name", foreign, "--network", keptLab, "--entrypoint", "sleep", image, "600")
		t.Cleanup(func() { docker(t, "", "rm", "--force", "--volumes", foreign) })
		said := labcheck(exitUnreachable, "down")
		detach := "try: docker network disconnect --force kept " + foreign + "\n"
		if !strings.Contains(said, "has active endpoints") || !strings.Contains(said, detach) {
			t.Errorf("down says:\n%s", said)
		}
	})
	t.Run("down in the end", func(t *testing.T) {
		k.left.Store(3)
		if said := labcheck(exitHolds, "down"); strings.Contains(said, "keeps") || networks() != "" {
			t.Errorf("an engine that refuses three times: %s\nnetworks: %s", said, networks())
		}
	})
}
