//go:build lab

package sim

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/pace"
	"labcheck/harness/subnettest"
)

// onSubnet puts a lab's subnet in for SUBNET, and the first three numbers of its
// addresses for NET.
func onSubnet(o Options, text string) string {
	net := strings.TrimSuffix(o.Subnet.Addr().String(), ".0")
	return strings.NewReplacer("SUBNET", o.Subnet.String(), "NET", net).Replace(text)
}

// filter adds a rule about a lab's subnet to a hook of this machine's packet filter
// for the time of the test.
func filter(t *testing.T, o Options, hook, rule string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("to change the packet filter takes root")
	}
	if on, err := os.ReadFile("/proc/sys/net/bridge/bridge-nf-call-iptables"); hook == "forward" && string(on) != "1\n" {
		t.Skipf("this machine filters no bridges: %q, %v", on, err)
	}
	remove, err := subnettest.AddRule(t.Context(), "labcheck-"+o.Lab, hook, onSubnet(o, rule))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := remove(); err != nil {
			t.Error(err)
		}
	})
}

const dropForwarded = "ip saddr SUBNET ip daddr SUBNET drop"

// Where the hosts can't reach one another up says so soon, with the end of an
// engine's log, and keeps all logs: it is about to remove the hosts.
func TestUpBehindForwardFilter(t *testing.T) {
	o := testOptions(t, "test-filtered")
	before := everything(t, o.Lab)
	filter(t, o, "forward", dropForwarded)
	l, logs := open(t, o), t.TempDir()
	l.KeepLogs(logs)
	began := time.Now()
	_, err := l.Up(t.Context())
	pace.Within(t, "finding out that packets do not arrive", time.Since(began), 15*time.Second)
	var blocked *BlockedError
	if !errors.As(err, &blocked) {
		t.Fatalf("it failed with %v", err)
	}
	if !blocked.bothWays || blocked.from.name.String() != "manager" {
		t.Errorf("it says: %v", blocked)
	}
	if !strings.Contains(err.Error(), "\nlast lines of "+blocked.to.name.String()+": level=") {
		t.Errorf("no end of a log: %v", err)
	}
	for _, h := range l.topology.Hosts() {
		log, err := os.ReadFile(filepath.Join(logs, h.Name, "engine.log"))
		if err != nil || !strings.Contains(string(log), "Starting up") {
			t.Errorf("log of %s: %v: %q", h.Name, err, log)
		}
	}
	if diff := cmp.Diff(before, everything(t, o.Lab)); diff != "" {
		t.Errorf("it left something behind (-before +after):\n%s", diff)
	}
}

// doctor's throw-away hosts tell which way is blocked, for whom, and leave nothing
// behind.
func TestDoctorTriesPackets(t *testing.T) {
	for i, c := range []struct {
		name, hook, rule string
		dial             DialMode
		want             string // empty if all is well
	}{
		{"all", "forward", dropForwarded, DialDirect, "packets between manager (NET.11) and frontend01 (NET.20) do not arrive in either direction: a packet filter of this machine drops what the bridge br-"},
		{"new connections", "forward", "ct state new " + dropForwarded, DialExec, "packets between manager (NET.11) and frontend01 (NET.20) do not arrive in either direction: "},
		{"to", "forward", "ip saddr NET.11 ip daddr NET.20 drop", DialExec, "packets from manager (NET.11) to frontend01 (NET.20) do not arrive: "},
		{"from", "forward", "ip saddr NET.20 ip daddr NET.11 drop", DialExec, "packets from frontend01 (NET.20) to manager (NET.11) do not arrive: "},
		{"new connections one way", "forward", "ct state new ip saddr NET.20 ip daddr NET.11 drop", DialExec, "packets from frontend01 (NET.20) to manager (NET.11) do not arrive: "},
		{"prohibited", "forward", "ip saddr NET.11 ip daddr NET.20 reject with icmp admin-prohibited", DialExec, "packets from manager (NET.11) to frontend01 (NET.20) do not arrive: "},
		{"refused", "forward", "ip saddr NET.11 ip daddr NET.20 meta l4proto tcp reject with tcp reset", DialExec, "packets from manager (NET.11) to frontend01 (NET.20) do not arrive: "},
		{"refused from", "forward", "ip saddr NET.20 ip daddr NET.11 meta l4proto tcp reject with tcp reset", DialExec, "packets from frontend01 (NET.20) to manager (NET.11) do not arrive: "},
		{"into this machine", "input", "ip saddr SUBNET drop", DialDirect, "packets from manager (NET.11) to this machine (NET.1) do not arrive: a packet filter of this machine drops them"},
		{"out of this machine", "output", "ip daddr SUBNET drop", DialDirect, "packets from this machine (NET.1) to manager (NET.11) do not arrive: a packet filter of this machine drops them"},
		{"into this machine, through exec", "input", "ip saddr SUBNET drop", DialExec, ""},
		{"nothing", "input", "ip saddr SUBNET accept", DialDirect, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // most of the time it waits for packets
			o := testOptions(t, fmt.Sprintf("test-doctor-%d", i))
			o.Dial = c.dial
			filter(t, o, c.hook, c.rule)
			got := packetsOf(t, o)
			if got.OK != (c.want == "") || !strings.HasPrefix(got.Found, onSubnet(o, c.want)) {
				t.Errorf("doctor says: %+v", got)
			}
			if n := probes(t, o.Lab); n != 0 {
				t.Errorf("it left %d objects behind", n)
			}
		})
	}
}

// packetsOf is what doctor says of packets.
func packetsOf(t *testing.T, o Options) Check {
	t.Helper()
	checks := Doctor(t.Context(), o)
	i := slices.IndexFunc(checks, func(c Check) bool { return c.Name == "packets" })
	if i < 0 {
		t.Fatalf("doctor says nothing of packets: %+v", checks)
	}
	return checks[i]
}

// probes is how many objects doctor has for a lab.
func probes(t *testing.T, lab string) int {
	t.Helper()
	k, err := connect(context.Background(), newSelection("", os.Getenv), netip.Prefix{})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	found, err := listObjects(context.Background(), k.client, objectFilter{labels: labelFilter(labelProbe + "=" + lab)})
	if err != nil {
		t.Fatal(err)
	}
	return found.count()
}

// A filter between this machine and the hosts is in nobody's way where hosts are
// reached through docker exec. Of a lab that is there doctor tries its own hosts, if
// no fault explains what does not arrive.
func TestDoctorOnLab(t *testing.T) {
	o := testOptions(t, "test-own")
	o.Dial = DialExec
	var l *Lab
	t.Run("input", func(input *testing.T) {
		filter(input, o, "input", "ip saddr SUBNET drop")
		l, _ = up(t, o)
		if got := packetsOf(input, o); !got.OK || got.Found != "hosts reach one another" {
			input.Errorf("behind a filter of what comes in: %+v", got)
		}
	})
	if l == nil {
		l, _ = up(t, o)
	}
	cut := harness.Fault{Kind: harness.FaultCut, Node: "worker01"}
	if err := l.Break(t.Context(), cut); err != nil {
		t.Fatal(err)
	}
	if got := packetsOf(t, o); !got.OK || got.Found != "not tested: fault cut is injected into worker01" {
		t.Errorf("with a fault: %+v", got)
	}
	if _, err := l.Up(t.Context()); err != nil {
		t.Errorf("up with a fault in force blames the packet filter: %v", err)
	}
	if err := l.Mend(t.Context(), cut); err != nil {
		t.Fatal(err)
	}
	filter(t, o, "forward", "ip saddr NET.11 ip daddr NET.200 drop")
	if got := packetsOf(t, o); got.OK || !strings.HasPrefix(got.Found, onSubnet(o, "packets from manager (NET.11) to worker01 (NET.200) do not arrive: ")) {
		t.Errorf("behind a filter of what is forwarded: %+v", got)
	}
}

// doctor leaves nothing behind if it is interrupted or killed while it tries, and up
// waits for it.
func TestDoctorEnded(t *testing.T) {
	after := testOptions(t, "test-after")
	for name, end := range map[string]func(*exec.Cmd) error{
		"killed":     func(c *exec.Cmd) error { return c.Process.Kill() },
		"waited for": func(*exec.Cmd) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "doctor", "test-ended", after.Subnet.String())
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(10*time.Second))
			defer cancel()
			await(ctx, t, "doctor tries", func() bool { return probes(t, "test-ended") > 0 })
			if err := end(cmd); err != nil {
				t.Fatal(err)
			}
			if err := makeBridge(ctx, open(t, after)); err != nil {
				t.Errorf("the subnet is not free again: %v", err)
			}
			await(ctx, t, "nothing is left", func() bool { return probes(t, "test-ended") == 0 })
			_ = cmd.Wait() // it may have been killed
		})
	}
}

func await(ctx context.Context, t *testing.T, what string, is func() bool) {
	t.Helper()
	err := harness.Until(ctx, 50*time.Millisecond, func(context.Context) error {
		if is() {
			return nil
		}
		return errors.New("not so")
	})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// Cancelled, doctor removes its hosts before it returns.
func TestDoctorCancelled(t *testing.T) {
	o := testOptions(t, "test-cancelled")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan []Check, 1)
	go func() { done <- Doctor(ctx, o) }()
	await(t.Context(), t, "doctor tries", func() bool { return probes(t, o.Lab) > 0 })
	cancel()
	<-done
	if n := probes(t, o.Lab); n != 0 {
		t.Errorf("it left %d objects behind", n)
	}
}
