package subnettest

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var prefixes = cmpopts.EquateComparable(netip.Prefix{})

func TestCandidates(t *testing.T) {
	var first, last netip.Prefix
	n := 0
	for p := range candidateSubnets() {
		if n++; n == 1 {
			first = p
		}
		last = p
		if !p.Addr().IsPrivate() || p != p.Masked() || p.Bits() != 24 {
			t.Errorf("candidate %s", p)
		}
		for _, used := range []string{"192.168.33.0/24", "172.17.0.0/16", "172.18.0.0/16", "10.0.0.0/16"} {
			if p.Overlaps(netip.MustParsePrefix(used)) {
				t.Errorf("candidate %s overlaps %s", p, used)
			}
		}
	}
	if first.String() != "192.168.36.0/24" || last.String() != "10.254.255.0/24" || n != 219+11*256+191*256 {
		t.Errorf("%d candidates from %s to %s", n, first, last)
	}
}

func TestOverlaps(t *testing.T) {
	subnet := netip.MustParsePrefix("192.168.40.0/24")
	for _, c := range []struct {
		used    string
		atLeast int
		want    bool
	}{
		{"192.168.40.128/25", 0, true},
		{"192.168.41.0/24", 0, false},
		{"192.168.0.0/16", 1, true},
		{"192.168.0.0/16", 24, false},
		{"0.0.0.0/0", 1, false},
		{"fe80::/64", 0, false},
	} {
		if got := overlapsAny([]netip.Prefix{netip.MustParsePrefix(c.used)}, subnet, c.atLeast); got != c.want {
			t.Errorf("%s of at least %d bits: %v", c.used, c.atLeast, got)
		}
	}
}

// The table was recorded on a machine of Intel's byte order.
func TestParseRoutes(t *testing.T) {
	table, err := os.ReadFile("testdata/route")
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseRoutes(string(table))
	if err != nil {
		t.Fatal(err)
	}
	var want []netip.Prefix
	for _, p := range []string{"0.0.0.0/0", "172.17.0.0/16", "192.0.2.0/24"} {
		want = append(want, netip.MustParsePrefix(p))
	}
	if diff := cmp.Diff(want, got, prefixes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	for _, wrong := range []string{"\neth0 0 0", "\neth0 X 0 3 0 0 0 0", "\neth0 0 0 3 0 0 0 X"} {
		if _, err := parseRoutes(wrong); err == nil {
			t.Errorf("%q was read", wrong)
		}
	}
}

// TestTryHold checks that only one process can take a lock, and that the lock is
// free after its process was killed.
func TestTryHold(t *testing.T) {
	what := fmt.Sprintf("test of %d", os.Getpid())
	end := startHolder(t, what)
	if err := tryHold(t, what); err == nil {
		t.Error("two processes have the same lock")
	}
	if err := tryHold(t, what+" besides"); err != nil {
		t.Errorf("another lock: %v", err)
	}
	end()
	if err := tryHold(t, what); err != nil {
		t.Errorf("after the other process was killed: %v", err)
	}
}

// startHolder starts a process that takes a lock, and returns a function that
// kills the process.
func startHolder(t *testing.T, what string) (kill func()) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestHoldingChild$", "-test.v")
	child.Env = append(os.Environ(), "SUBNETTEST_HOLD="+what)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "held" {
		t.Log(lines.Text())
	}
	return func() {
		_ = child.Process.Kill() // Wait tells whether it was
		if err := child.Wait(); err == nil {
			t.Error("the holder ended by itself")
		}
	}
}

func TestHoldingChild(t *testing.T) {
	what := os.Getenv("SUBNETTEST_HOLD")
	if what == "" {
		t.Skip("TestTryHold runs it")
	}
	if err := tryHold(t, what); err != nil {
		t.Fatal(err)
	}
	fmt.Println("held")
	time.Sleep(time.Minute) // it is killed before
}
