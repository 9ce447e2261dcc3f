package sim

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/pkg/stdcopy"

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

// frame returns what an engine sends if a command writes to stdout or stderr.
func frame(to stdcopy.StdType, text string) []byte {
	var b bytes.Buffer
	_, _ = stdcopy.NewStdWriter(&b, to).Write([]byte(text)) // a buffer takes all
	return b.Bytes()
}

func stream(frames ...[]byte) *execConn {
	sent := bufio.NewReader(bytes.NewReader(bytes.Join(frames, nil)))
	return newExecConn(types.HijackedResponse{Reader: sent}, netip.AddrPort{})
}

func TestExecConnReads(t *testing.T) {
	c := stream(frame(stdcopy.Stdout, "conn"), frame(stdcopy.Stdout, "ected\nHTTP/1.1 "), frame(stdcopy.Stderr, "noise"), frame(stdcopy.Stdout, "200 OK"))
	if err := c.awaitConnected(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || string(got) != "HTTP/1.1 200 OK" {
		t.Fatalf("read %q, %v", got, err)
	}
}

func TestExecConnWithoutRelay(t *testing.T) {
	c := stream(frame(stdcopy.Stdout, "OCI runtime exec failed: \"relay\": executable file not found\r\n"))
	err := c.awaitConnected()
	if err == nil || err.Error() != `relay ended: OCI runtime exec failed: "relay": executable file not found` {
		t.Fatalf("%v", err)
	}
}

func TestExecConnRefused(t *testing.T) {
	c := stream(frame(stdcopy.Stderr, "connect: Connection refused\n"))
	if err := c.awaitConnected(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("%v, want ECONNREFUSED", err)
	}
}

func TestExecConnRelayEnds(t *testing.T) {
	c := stream(frame(stdcopy.Stderr, "no interface has 192.168.33.20\n"))
	err := c.awaitConnected()
	if err == nil || err.Error() != "relay ended: no interface has 192.168.33.20" {
		t.Fatalf("%v", err)
	}
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
