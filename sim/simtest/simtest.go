// Package simtest starts labs for Go tests: real hosts on a free subnet of this
// machine, which are removed when the test has ended or its process was killed.
//
//	func TestMain(m *testing.M) { simtest.Main(m) }
//
//	func TestOnSwarm(t *testing.T) {
//		lab := simtest.New(t, sim.Options{})
//		if err := tutorial.Default().Bootstrap(t.Context(), lab.Cluster, nil); err != nil {
//			t.Fatal(err)
//		}
//		// lab.Cluster.Swarm() is a client of the Swarm manager.
//	}
//
// example_test.go is a test to copy. Labs need a Docker engine, as labcheck does. The
// first lab on a machine makes the images of the hosts, which takes a minute or more.
package simtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"labcheck/harness/engine"
	"labcheck/harness/subnettest"
	"labcheck/sim"
)

const (
	// watchdog is the first argument of a test binary that is a lab's watchdog.
	watchdog = "watchdog"
	// envMain holds the process ID of a test binary whose TestMain can be a watchdog.
	envMain = "LABCHECK_TEST_MAIN"
)

// Main is the TestMain of a package that calls New: it lets the test binary be the
// watchdog of a test's lab.
func Main(m *testing.M) {
	serveWatchdog()
	os.Exit(m.Run())
}

// MainWithLeakCheck is Main, and fails if tests leave goroutines behind.
func MainWithLeakCheck(m *testing.M) {
	serveWatchdog()
	goleak.VerifyTestMain(m)
}

// serveWatchdog is the watchdog if this process was started as one, and does not
// return then.
func serveWatchdog() {
	if len(os.Args) != 2 || os.Args[1] != watchdog {
		_ = os.Setenv(envMain, strconv.Itoa(os.Getpid())) // fails for invalid names only
		return
	}
	if err := sim.Watch(context.Background(), os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Lab is the lab of a test.
type Lab struct {
	*sim.Lab
	// Cluster has clients of the services on the hosts.
	Cluster *engine.Cluster
}

// New starts the hosts of a lab, on which nothing of the tutorial was done, and removes
// them when the test ends. It fails the test if it can't. What an interrupted run has
// left of the lab is removed before.
//
// The zero Options are a lab of this test's own: with a name that is made of the test's,
// on a free subnet, with the test binary as its watchdog. A test that uses the lab of
// another test, by its name, waits until that has ended.
//
// New does not depend on t.Context(), which ends before the cleanup functions of the
// test are called: they can use the lab, and start another one.
func New(t *testing.T, o sim.Options) *Lab {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if o.Lab == "" {
		o.Lab = nameLab(t.Name())
	}
	if !o.Subnet.IsValid() {
		o.Subnet = subnettest.ForLab(t, o.Lab)
	}
	if o.Watchdog == nil {
		var err error
		if o.Watchdog, err = ownWatchdog(); err != nil {
			t.Fatal(err)
		}
	}
	lab, err := sim.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Down(ctx); err != nil {
			t.Error(err)
		}
		lab.Close()
	})
	if err := lab.Down(ctx); err != nil {
		t.Fatal(err)
	}
	return &Lab{lab, Connect(t, lab)}
}

// Connect starts the hosts of a lab that do not run yet, and returns the cluster
// that they are to become. The lab stays when the test ends.
func Connect(t *testing.T, lab *sim.Lab) *engine.Cluster {
	t.Helper()
	start := time.Now()
	nodes, err := lab.Up(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("engines answer after %s", time.Since(start).Round(time.Millisecond))
	cluster, err := engine.Open(lab.Topology(), nodes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Close() })
	return cluster
}

// ownWatchdog returns the command line that runs this test binary as a watchdog.
func ownWatchdog() ([]string, error) {
	if os.Getenv(envMain) != strconv.Itoa(os.Getpid()) {
		return nil, errors.New("a lab of a test needs a watchdog; add to the package: " +
			"func TestMain(m *testing.M) { simtest.Main(m) }")
	}
	return []string{os.Args[0], watchdog}, nil
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// nameLab returns the name of the lab of a test: the same in each run, and another one
// for a test of the same name in another package.
func nameLab(test string) string {
	folder, _ := os.Getwd() // the package's; the name does without it
	sum := sha256.Sum256([]byte(folder + "\x00" + test))
	name := notInNames.ReplaceAllString(strings.ToLower(test), "-")
	return strings.Trim(name[:min(len(name), 24)], "-") + "-" + hex.EncodeToString(sum[:3])
}
