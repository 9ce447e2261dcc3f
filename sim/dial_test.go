package sim

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/docker/docker/api/types"

	"labcheck/harness"
	"labcheck/harness/subnet"
)

// A topology address outside a lab is somebody else's.
func TestDialRefusesWithoutBridge(t *testing.T) {
	n := labBridge{id: "0123456789abcdef", subnet: netip.MustParsePrefix("192.168.33.0/24")}
	_, err := dialDirect(t.Context(), n, netip.MustParseAddrPort("192.168.33.11:2375"))
	if !errors.Is(err, ErrNotOurs) {
		t.Fatalf("dial without a bridge: %v, want ErrNotOurs", err)
	}
}

func TestDialModeResolves(t *testing.T) {
	elsewhere := labBridge{id: "0123456789abcdef", subnet: netip.MustParsePrefix("192.168.33.0/24")}
	for mode, want := range map[DialMode]DialMode{DialAuto: DialExec, DialDirect: DialDirect, DialExec: DialExec} {
		if got := mode.resolve(elsewhere); got != want {
			t.Errorf("%s where the bridge is elsewhere: %s, want %s", mode, got, want)
		}
	}
}

func TestDialModeSet(t *testing.T) {
	var m DialMode
	if err := m.Set("exec"); err != nil || m != DialExec {
		t.Errorf("Set(exec): %v, %v", m, err)
	}
	if err := m.Set("sideways"); err == nil {
		t.Error("Set(sideways): no error")
	}
}

func frame(stream byte, payload string) []byte {
	h := []byte{stream, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(h[4:], uint32(len(payload)))
	return append(h, payload...)
}

func stream(frames ...[]byte) *execConn {
	return &execConn{streams: types.HijackedResponse{Reader: bufio.NewReader(bytes.NewReader(bytes.Join(frames, nil)))}}
}

func TestExecConnReads(t *testing.T) {
	c := stream(frame(frameStdout, "conn"), frame(frameStdout, "ected\nHTTP/1.1 "), frame(frameStderr, "noise"), frame(frameStdout, "200 OK"))
	if err := c.awaitConnected(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || string(got) != "HTTP/1.1 200 OK" {
		t.Fatalf("read %q, %v", got, err)
	}
}

func TestExecConnWithoutRelay(t *testing.T) {
	c := stream(frame(frameStdout, "OCI runtime exec failed: \"relay\": executable file not found\r\n"))
	err := c.awaitConnected()
	if err == nil || err.Error() != `relay ended: OCI runtime exec failed: "relay": executable file not found` {
		t.Fatalf("%v", err)
	}
}

func TestExecConnRefused(t *testing.T) {
	c := stream(frame(frameStderr, "connect: Connection refused\n"))
	if err := c.awaitConnected(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("%v, want ECONNREFUSED", err)
	}
}

func TestExecConnRelayEnds(t *testing.T) {
	c := stream(frame(frameStderr, "no interface has 192.168.33.20\n"))
	err := c.awaitConnected()
	if err == nil || err.Error() != "relay ended: no interface has 192.168.33.20" {
		t.Fatalf("%v", err)
	}
}

// FuzzExecConn holds that no stream makes the reader panic or read on for ever,
// and that what it yields is what the stdout frames carry.
func FuzzExecConn(f *testing.F) {
	f.Add(append(frame(frameStdout, connectedLine), frame(frameStdout, "hello")...))
	f.Add(frame(3, "x"))
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		c := stream(b)
		if c.awaitConnected() != nil {
			return
		}
		got, _ := io.ReadAll(c)
		if len(got) > len(b) {
			t.Fatalf("%d bytes came out of %d", len(got), len(b))
		}
	})
}

func TestOverlapping(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skip("this machine has no interface lo")
	}
	if _, ok := overlappingAddr(*lo, netip.MustParsePrefix("127.0.0.0/24")); !ok {
		t.Error("127.0.0.1/8 of lo does not overlap with 127.0.0.0/24")
	}
	if _, ok := overlappingAddr(*lo, netip.MustParsePrefix("192.168.33.0/24")); ok {
		t.Error("lo overlaps with 192.168.33.0/24")
	}
}

func TestCheckMachineNamesWhatHasTheSubnet(t *testing.T) {
	err := checkMachine(netip.MustParsePrefix("127.0.0.0/24"), nil)
	var taken *SubnetError
	if !errors.As(err, &taken) || !strings.HasSuffix(taken.Error(), ": interface lo of this machine has 127.0.0.1/8") {
		t.Fatalf("%v", err)
	}
}

// A route of this machine to a part of the subnet, or to more than it, is in the way.
func TestFindRoute(t *testing.T) {
	routes, err := subnet.Routes()
	if err != nil || len(routes) == 0 {
		t.Skipf("this machine has no routes: %v", err)
	}
	to := routes[0].To
	for _, wanted := range []netip.Prefix{to, netip.PrefixFrom(to.Addr(), 31), netip.PrefixFrom(to.Addr(), to.Bits()-1).Masked()} {
		usedBy, err := findRoute(wanted, nil)
		if err != nil || usedBy == nil {
			t.Errorf("%s: no route, %v", wanted, err)
		}
	}
	if usedBy, err := findRoute(netip.MustParsePrefix("240.0.0.0/24"), nil); usedBy != nil || err != nil {
		t.Errorf("240.0.0.0/24: %v, %v", usedBy, err)
	}
}

var _ harness.Node = (*node)(nil)
