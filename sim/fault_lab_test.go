//go:build lab

package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/pace"
)

// TestFaults puts each fault in force on hosts with nothing but engines, sees
// what it does, and takes it off. What becomes of the tutorial's cluster is
// tested in harness/tutorial.
func TestFaults(t *testing.T) {
	l, nodes := up(t, testOptions(t, "test-faults"))
	t.Run("pause", func(t *testing.T) { testPause(t, l, nodes[4]) })
	t.Run("kill", func(t *testing.T) { testKill(t, l, nodes[4]) })
	t.Run("cut", func(t *testing.T) { testCuts(t, l, nodes) })
	t.Run("restart", func(t *testing.T) { testReboot(t, l, nodes[4]) })
	t.Run("slow", func(t *testing.T) { testSlow(t, l, nodes[4]) })
	t.Run("fill disk", func(t *testing.T) { testFillDisk(t, l, nodes[4]) })
	t.Run("wrong", func(t *testing.T) { testWrongFaults(t, l) })
}

// during puts a fault in force, has it listed as the only one, refuses it a
// second time, and takes it off again.
func during(t *testing.T, l *Lab, f harness.Fault, do func()) {
	t.Helper()
	if err := l.Mend(t.Context(), f); !errors.Is(err, harness.ErrNotInForce) {
		t.Errorf("mended before it was in force: %v", err)
	}
	if err := l.Break(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	inForce(t, l, f)
	if err := l.Break(t.Context(), f); !errors.Is(err, harness.ErrInForce) {
		t.Errorf("a second time: %v", err)
	}
	do()
	if err := l.Mend(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	inForce(t, l)
}

func inForce(t *testing.T, l *Lab, want ...harness.Fault) {
	t.Helper()
	got, err := l.Faults(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults in force (-want +got):\n%s", diff)
	}
}

func testPause(t *testing.T, l *Lab, n harness.Node) {
	during(t, l, harness.Fault{Kind: harness.FaultPause, Node: n.Name()}, func() {
		ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(time.Second))
		defer cancel()
		conn, err := n.Dial(ctx, harness.EnginePort)
		if err != nil {
			t.Fatalf("a paused host's kernel takes connections: %v", err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		fmt.Fprint(conn, "GET /_ping HTTP/1.0\r\n\r\n")
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("a paused host answers")
		}
		byExec := *n.(*node)
		byExec.mode = DialExec
		if _, err := byExec.Dial(t.Context(), harness.EnginePort); !errors.Is(err, harness.ErrFrozen) {
			t.Errorf("a connection by docker exec: %v, want %v", err, harness.ErrFrozen)
		}
		if err := l.Break(t.Context(), harness.Fault{Kind: harness.FaultCut, Node: n.Name()}); err == nil {
			t.Error("a paused host was cut off")
		}
	})
}

func testKill(t *testing.T, l *Lab, n harness.Node) {
	made := sh(t, n, "docker create labcheck/workload")
	during(t, l, harness.Fault{Kind: harness.FaultKill, Node: n.Name()}, func() {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if conn, err := n.Dial(ctx, harness.EnginePort); err == nil {
			conn.Close()
			t.Error("a host that is off takes connections")
		}
	})
	if got := sh(t, n, "docker ps --all --quiet --no-trunc"); got != made {
		t.Errorf("containers after the power cut: %s, before: %s", got, made)
	}
	sh(t, n, "docker rm "+made)
}

// asks tells whether a host reaches another's engine, as the page does.
func asks(t *testing.T, from, to harness.Node) bool {
	t.Helper()
	_, err := from.Exec(t.Context(), "timeout", formatSeconds(pace.Limit(2*time.Second)),
		"docker", "-H", "tcp://"+to.Addr().String()+":2375", "version")
	var failed *harness.RunError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return err == nil
}

// testCuts tries each sort of cut, which way it lets nothing through, and that
// all else still passes.
func testCuts(t *testing.T, l *Lab, nodes []harness.Node) {
	store, worker, frontend := nodes[4], nodes[3], nodes[1]
	before := rules(t, store)
	tests := []struct {
		name                       string
		cut                        harness.Fault
		out, in, others, hostsSide bool
	}{
		{"two hosts", harness.Fault{Peer: "worker01"}, false, false, true, true},
		{"from all", harness.Fault{}, false, false, false, true},
		{"the engine's port", harness.Fault{Peer: "worker01", Port: harness.EnginePort}, false, false, true, true},
		{"another port", harness.Fault{Peer: "worker01", Port: harness.GossipPort}, true, true, true, true},
		{"the engine's port, one way", harness.Fault{Peer: "worker01", Port: harness.EnginePort, OneWay: true}, false, true, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cut.Kind, tt.cut.Node = harness.FaultCut, "store"
			during(t, l, tt.cut, func() {
				got := []bool{asks(t, store, worker), asks(t, worker, store), asks(t, frontend, store), ping(t, store) == nil}
				if diff := cmp.Diff([]bool{tt.out, tt.in, tt.others, tt.hostsSide}, got); diff != "" {
					t.Errorf("from it, to it, from others, from outside the lab (-want +got):\n%s", diff)
				}
			})
			if diff := cmp.Diff(before, rules(t, store)); diff != "" {
				t.Errorf("rules (-before +after):\n%s", diff)
			}
			if !asks(t, store, worker) || !asks(t, worker, store) {
				t.Error("after it was healed nothing passes")
			}
		})
	}
}

func rules(t *testing.T, n harness.Node) string {
	t.Helper()
	return sh(t, n, "iptables-save | grep '^-A'")
}

// testReboot holds that a reboot ends cuts and that the list says so.
func testReboot(t *testing.T, l *Lab, n harness.Node) {
	cut := harness.Fault{Kind: harness.FaultCut, Node: n.Name(), Peer: "manager"}
	full := harness.Fault{Kind: harness.FaultFillDisk, Node: n.Name()}
	if err := errors.Join(l.Break(t.Context(), cut), l.Break(t.Context(), full)); err != nil {
		t.Fatal(err)
	}
	if err := l.Restart(t.Context(), n.Name()); err != nil {
		t.Fatal(err)
	}
	inForce(t, l)
	if err := l.Mend(t.Context(), cut); !errors.Is(err, harness.ErrNotInForce) {
		t.Errorf("mended after the reboot: %v", err)
	}
}

// testSlow measures the delay where the kernel can do it, and else wants to be
// told that it can't.
func testSlow(t *testing.T, l *Lab, n harness.Node) {
	f := harness.Fault{Kind: harness.FaultSlow, Node: n.Name(), Delay: 300 * time.Millisecond, Loss: 0}
	err := l.Break(t.Context(), f)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Logf("seen here: refused, %v", err)
		inForce(t, l)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Log("seen here: this kernel has netem")
	inForce(t, l, f)
	start := time.Now()
	if err := ping(t, n); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < f.Delay {
		t.Errorf("an answer after %s", took)
	}
	if err := l.Mend(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	inForce(t, l)
}

// testFillDisk wants what a full disk does: nothing new can be made, what is
// there can be looked at and removed, and stays removed.
func testFillDisk(t *testing.T, l *Lab, n harness.Node) {
	sh(t, n, "docker create --name old labcheck/workload && docker run -d --name runs labcheck/workload")
	free := sh(t, n, "df --output=source,size /var/lib/docker /var/lib/docker/containers")
	during(t, l, harness.Fault{Kind: harness.FaultFillDisk, Node: n.Name()}, func() {
		_, err := n.Exec(t.Context(), "docker", "run", "labcheck/workload", "true")
		var failed *harness.RunError
		if !errors.As(err, &failed) || !strings.Contains(failed.Result.Stderr, "no space left on device") {
			t.Errorf("a new container: %v", err)
		}
		if _, err := n.Exec(t.Context(), "sh", "-c", "docker save labcheck/workload >/tmp/image"); err == nil {
			t.Error("an image was written to the full disk")
		}
		if got := sh(t, n, "docker exec runs echo alive; docker ps --all --format '{{.Names}}' | sort | xargs"); got != "alive\nold runs" {
			t.Errorf("what was there before: %q", got)
		}
		sh(t, n, "docker rm old")
	})
	if got := sh(t, n, "df --output=source,size /var/lib/docker /var/lib/docker/containers"); got != free {
		t.Errorf("disks after: %s\nbefore: %s", got, free)
	}
	if got := sh(t, n, "docker run --rm labcheck/workload echo made"); got != "made" {
		t.Errorf("a new container, afterwards: %q", got)
	}
	if err := l.Restart(t.Context(), n.Name()); err != nil {
		t.Fatal(err)
	}
	if got := sh(t, n, "docker ps --all --format '{{.Names}}'"); got != "runs" {
		t.Errorf("after a reboot there is %q, not what was left", got)
	}
	sh(t, n, "docker rm runs")
}

func testWrongFaults(t *testing.T, l *Lab) {
	for _, f := range []harness.Fault{
		{Kind: harness.FaultPause, Node: "nobody"},
		{Kind: harness.FaultKind("flood"), Node: "store"},
		{Kind: harness.FaultStop, Node: "manager", Service: "consul"},
	} {
		if err := l.Break(t.Context(), f); err == nil || errors.Is(err, harness.ErrInForce) {
			t.Errorf("%s: %v", f, err)
		}
	}
	inForce(t, l)
}
