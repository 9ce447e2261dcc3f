//go:build lab

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"labcheck/harness"
	"labcheck/harness/pace"
	"labcheck/harness/subnettest"
)

// captureLab is a lab of this test alone.
type captureLab struct {
	*testing.T
	flags []string
}

// The hosts of the containers near, which pings, and far.
const nearHost, farHost = "frontend01", "worker01"

// TestCapture captures what a host receives and sends while a container pings another
// with packets that mynet has to fragment.
func TestCapture(t *testing.T) {
	t.Parallel()
	const lab = "capture"
	x := &captureLab{t, []string{"--lab", lab, "--subnet", subnettest.ForLab(t, lab).String()}}
	removeLab(lab) // what an interrupted run has left
	t.Cleanup(func() { removeLab(lab) })
	x.wantRun(exitHolds, "", "up", "--quiet")
	for host, name := range map[string]string{nearHost: "near", farHost: "far"} {
		x.execOn(host, "docker", "run", "-d", "--name", name, "--net", "mynet", "labcheck/workload")
	}
	x.await("near reaches far", func() error {
		_, err := x.runCommand("exec", nearHost, "--", "docker", "exec", "near", "ping", "-c", "1", "-w", "1", "far")
		return err
	})
	t.Run("packets", func(t *testing.T) { x.on(t).checkPackets() })
	t.Run("limits", func(t *testing.T) { x.on(t).checkLimits() })
	t.Run("killed", func(t *testing.T) { x.on(t).checkKilled() })
	t.Run("reader", func(t *testing.T) { x.on(t).checkReader() })
	t.Run("refused", func(t *testing.T) { x.on(t).checkRefused() })
	t.Run("host", func(t *testing.T) { x.on(t).checkHostOff() })
}

func (x *captureLab) on(t *testing.T) *captureLab { return &captureLab{t, x.flags} }

// pings is how often near pings, and pingFragments the packets of mynet that each ping
// has in each direction: 3008 bytes in packets of up to 1430.
const pings, pingFragments = 5, 3

func (x *captureLab) ping() {
	x.execOn(nearHost, "docker", "exec", "near", "ping", "-c", fmt.Sprint(pings), "-s", "3000", "far")
}

// checkPackets: --port 4789 has both directions of VXLAN and nothing else, where there
// is more.
func (x *captureLab) checkPackets() {
	began := time.Now()
	vxlan := x.start("--port", "4789", "--for", "5m")
	all := x.start("--for", "5m")
	x.ping()
	x.wantRun(exitHolds, "", "status")
	for _, c := range []*runningCapture{vxlan, all} {
		c.signal(os.Interrupt)
		c.wantEnd(exitInterrupted, ": interrupted\n")
	}
	x.wantNothingLeft()
	counts := countPackets(x.T, vxlan.file, began)
	want := pings * pingFragments
	near, far := x.addr(nearHost), x.addr(farHost)
	if counts.others > 0 || counts.vxlan[[2]string{near, far}] < want || counts.vxlan[[2]string{far, near}] < want {
		x.Errorf("--port 4789: %+v, want at least %d VXLAN packets each way between %s and %s, and no others", counts, want, near, far)
	}
	if got := countPackets(x.T, all.file, began); got.others == 0 || got.vxlan[[2]string{near, far}] < want {
		x.Errorf("without --port: %+v, want other packets, too", got)
	}
	if said := fmt.Sprintf("captured %d packets, ", counts.all); !strings.Contains(vxlan.said.String(), said) {
		x.Errorf("it says %q, want %q", vxlan.said.String(), said)
	}
}

// checkLimits: a capture ends by itself, with a file of whole packets.
func (x *captureLab) checkLimits() {
	began := time.Now()
	sized := x.start("--size", "10kB", "--for", "5m")
	x.ping()
	sized.wantEnd(exitHolds, ": ended by --size 10kB\n")
	countPackets(x.T, sized.file, began)
	if info, err := os.Stat(sized.file); err != nil || info.Size() > 10_000 || info.Size() < 10_000-1600 {
		x.Errorf("the file: %v, %v, want nearly 10 kB", info.Size(), err)
	}
	began = time.Now()
	timed := x.start("--for", "1s")
	timed.wantEnd(exitHolds, ": ended by --for 1s\n")
	pace.Within(x.T, "--for 1s", time.Since(began), 4*time.Second)
	countPackets(x.T, timed.file, began)
	x.wantNothingLeft()
}

// checkKilled: nothing is left on the host where nobody could clean up.
func (x *captureLab) checkKilled() {
	began := time.Now()
	c := x.start("--for", "5m")
	if !strings.Contains(x.processes(), "perl") {
		x.Errorf("the host has no perl while it captures:\n%s", x.processes())
	}
	x.ping()
	c.signal(syscall.SIGKILL)
	<-c.ended
	x.wantNothingLeft()
	countPackets(x.T, c.file, began)
}

// checkReader: the end of who reads the packets is the capture's.
func (x *captureLab) checkReader() {
	out, in, err := os.Pipe()
	if err != nil {
		x.Fatal(err)
	}
	c := x.startTo(in, "--for", "5m", "-o", "-")
	_ = in.Close()
	if _, err := pcapgo.NewReader(out); err != nil {
		x.Error(err)
	}
	_ = out.Close()
	x.ping()
	c.wantEnd(exitHolds, ": the reader of the output has ended\n")
	x.wantNothingLeft()
}

func (x *captureLab) checkRefused() {
	kept := filepath.Join(x.TempDir(), "kept")
	if err := os.WriteFile(kept, []byte("kept"), 0o600); err != nil {
		x.Fatal(err)
	}
	x.wantRun(exitUsage, "there is no host nobody; there are manager, frontend01, ", "capture", "nobody", "-o", kept)
	x.wantRun(exitUsage, "worker01 has no interface eth9; it has docker0, docker_gwbridge, eth0, lo, ", "capture", farHost, "--interface", "eth9", "-o", kept)
	x.wantRun(exitHolds, "", "fault", "pause", "store")
	x.wantRun(exitUnreachable, "store is paused\n   try: labcheck fault resume store --lab capture\n", "capture", "store", "-o", kept)
	x.wantRun(exitHolds, "", "fault", "resume", "store")
	if content, err := os.ReadFile(kept); err != nil || string(content) != "kept" {
		x.Errorf("a capture that can't begin changed its file: %q, %v", content, err)
	}
	x.wantRun(exitUsage, "no such file or directory", "capture", farHost, "-o", filepath.Join(kept+"not", "there"))
	x.wantNothingLeft()
}

// checkHostOff: a host that is switched off ends the capture, which is an error.
func (x *captureLab) checkHostOff() {
	began := time.Now()
	c := x.start("--for", "5m")
	x.ping()
	x.wantRun(exitHolds, "", "fault", "kill", farHost)
	c.wantEnd(exitUnreachable, "labcheck: capture on worker01: the host went off, or ")
	countPackets(x.T, c.file, began)
	x.wantRun(exitUnreachable, "worker01 is off\n   try: labcheck fault start worker01 --lab capture\n", "capture", farHost, "-o", os.DevNull)
	x.wantRun(exitHolds, "", "down")
	x.wantRun(exitUnreachable, "there is no lab capture\n", "capture", farHost, "-o", os.DevNull)
}

// runCommand runs a command on the lab, and returns what it says. The error has its
// stderr.
func (x *captureLab) runCommand(args ...string) (string, error) {
	var out, said bytes.Buffer
	words, options := args, []string{}
	for i, word := range args {
		if word == "--" {
			words, options = args[:i], args[i:]
		}
	}
	line := append(append(append([]string{}, words...), x.flags...), options...)
	if code := run(x.Context(), line, strings.NewReader(""), &out, &said); code != exitHolds {
		return out.String(), &failedRun{code, said.String()}
	}
	return out.String(), nil
}

// failedRun is a command that failed.
type failedRun struct {
	code int
	said string
}

func (e *failedRun) Error() string { return fmt.Sprintf("exit code %d: %s", e.code, e.said) }

// wantRun runs a command, and wants an exit code and words on stderr.
func (x *captureLab) wantRun(code int, words string, args ...string) {
	x.Helper()
	_, err := x.runCommand(args...)
	got := &failedRun{}
	if err != nil {
		errors.As(err, &got)
	}
	if got.code != code || !strings.Contains(got.said, words) {
		x.Fatalf("%s: %v, want %d and %q", strings.Join(args, " "), got, code, words)
	}
}

func (x *captureLab) execOn(host string, argv ...string) string {
	x.Helper()
	out, err := x.runCommand(append([]string{"exec", host, "--"}, argv...)...)
	if err != nil {
		x.Fatalf("%s on %s: %v", strings.Join(argv, " "), host, err)
	}
	return out
}

// addr returns the address of a host.
func (x *captureLab) addr(host string) string {
	fields := strings.Fields(x.execOn(host, "ip", "-brief", "-4", "address", "show", "eth0"))
	return netip.MustParsePrefix(fields[len(fields)-1]).Addr().String()
}

func (x *captureLab) processes() string { return x.execOn(farHost, "ps", "-e", "-o", "comm=") }

// wantNothingLeft waits until no capture runs on the host.
func (x *captureLab) wantNothingLeft() {
	x.Helper()
	x.await("the capture ends on the host", func() error {
		if all := x.processes(); strings.Contains(all, "perl") {
			return fmt.Errorf("it runs perl:\n%s", all)
		}
		return nil
	})
}

func (x *captureLab) await(what string, probe func() error) {
	x.Helper()
	ctx, cancel := context.WithTimeout(x.Context(), pace.Limit(time.Minute))
	defer cancel()
	if err := harness.Until(ctx, 100*time.Millisecond, func(context.Context) error { return probe() }); err != nil {
		x.Fatalf("%s: %v", what, err)
	}
}

// runningCapture is a labcheck capture in a process of its own.
type runningCapture struct {
	*testing.T
	process *os.Process
	file    string
	said    lockedBuffer
	ended   chan struct{}
	code    int // when it has ended
}

// start starts a capture on the host of far to a file, and waits until it has begun.
func (x *captureLab) start(args ...string) *runningCapture {
	x.Helper()
	file := filepath.Join(x.TempDir(), "packets")
	c := x.startTo(nil, append(args, "-o", file)...)
	c.file = file
	return c
}

func (x *captureLab) startTo(out *os.File, args ...string) *runningCapture {
	x.Helper()
	c := &runningCapture{T: x.T, ended: make(chan struct{})}
	cmd := exec.Command(labcheckFile(x.T), append(append([]string{"capture", farHost}, x.flags...), args...)...)
	cmd.Stderr, cmd.Env = &c.said, append(os.Environ(), "LC_ALL=C")
	if out != nil {
		cmd.Stdout = out
	}
	if err := cmd.Start(); err != nil {
		x.Fatal(err)
	}
	c.process = cmd.Process
	go func() {
		defer close(c.ended)
		_ = cmd.Wait() // how it ended is in ProcessState
		c.code = cmd.ProcessState.ExitCode()
	}()
	x.Cleanup(func() {
		_ = cmd.Process.Kill() // unless it has ended
		<-c.ended
	})
	x.await("the capture begins", func() error {
		if said := c.said.String(); !strings.Contains(said, "capturing on eth0 of "+farHost) {
			return fmt.Errorf("it says %q", said)
		}
		return nil
	})
	return c
}

func (c *runningCapture) signal(s os.Signal) {
	c.Helper()
	if err := c.process.Signal(s); err != nil {
		c.Fatal(err)
	}
}

// wantEnd waits for the end of the capture.
func (c *runningCapture) wantEnd(code int, words string) {
	c.Helper()
	if !within(c.ended, pace.Limit(20*time.Second)) {
		c.Fatalf("the capture does not end: %s", c.said.String())
	}
	if said := c.said.String(); c.code != code || !strings.Contains(said, words) {
		c.Errorf("exit code %d, want %d; it says %q, want %q", c.code, code, said, words)
	}
}

// packetCounts are those of a file.
type packetCounts struct {
	all, others int
	vxlan       map[[2]string]int // by the hosts that sent and received them
}

// countPackets counts the packets of a file. Each must be whole, with a time since began.
func countPackets(t *testing.T, file string, began time.Time) packetCounts {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	counts := packetCounts{vxlan: map[[2]string]int{}}
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return counts
		}
		if err != nil {
			t.Fatalf("packet %d: %v", counts.all, err)
		}
		// A container shares the machine's clock; files have it in nanoseconds.
		if info.Timestamp.Before(began) || info.Timestamp.After(time.Now()) || info.Length != info.CaptureLength {
			t.Errorf("packet %d: %+v, since %s", counts.all, info, began)
		}
		counts.all++
		packet := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default)
		ip, isIP := packet.NetworkLayer().(*layers.IPv4)
		if packet.Layer(layers.LayerTypeVXLAN) == nil || !isIP {
			counts.others++
			continue
		}
		counts.vxlan[[2]string{ip.SrcIP.String(), ip.DstIP.String()}]++
	}
}
