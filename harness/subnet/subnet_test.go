package subnet

import (
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var prefixes = cmpopts.EquateComparable(netip.Prefix{})

func TestCandidates(t *testing.T) {
	var first, last netip.Prefix
	n := 0
	for p := range candidates() {
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

func TestFree(t *testing.T) {
	used := []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("172.16.0.0/12")}
	free, err := Free(used)
	if err != nil {
		t.Fatal(err)
	}
	for p := range free {
		if overlapsAny(used, p, 0) {
			t.Errorf("Free yields %s, which is used", p)
		}
		return
	}
	t.Error("Free yields nothing")
}

func TestOverlaps(t *testing.T) {
	subnet := netip.MustParsePrefix("192.168.40.0/24")
	for _, c := range []struct {
		used    string
		atLeast int
		want    bool
	}{
		{"192.168.40.128/25", 0, true},
		{"192.168.40.200/32", 0, true},
		{"192.168.41.0/24", 0, false},
		{"192.168.0.0/16", 0, true},
		{"192.168.0.0/16", 24, false},
		{"192.168.40.0/24", 24, true},
		{"fe80::/64", 0, false},
	} {
		if got := overlapsAny([]netip.Prefix{netip.MustParsePrefix(c.used)}, subnet, c.atLeast); got != c.want {
			t.Errorf("%s of at least %d bits: %v", c.used, c.atLeast, got)
		}
	}
}

// The table was recorded on a machine of Intel's byte order; the last three routes
// were added by hand: those of a VPN that takes all traffic, and one that drops it.
func TestParseRoutes(t *testing.T) {
	table, err := os.ReadFile("testdata/route")
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseRoutes(string(table))
	if err != nil {
		t.Fatal(err)
	}
	want := []Route{
		{netip.MustParsePrefix("172.17.0.0/16"), "docker0"},
		{netip.MustParsePrefix("192.0.2.0/24"), "eth0"},
		{netip.MustParsePrefix("192.168.34.200/32"), "*"},
	}
	if diff := cmp.Diff(want, got, prefixes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	if got, err := parseRoutes("\neth0 0 0 3 0 0 0 0"); err != nil || len(got) != 0 {
		t.Errorf("the default route: %v, %v", got, err)
	}
	for _, wrong := range []string{"\neth0 0 0", "\neth0 X 0 3 0 0 0 0", "\neth0 0 0 3 0 0 0 X"} {
		if _, err := parseRoutes(wrong); err == nil {
			t.Errorf("%q was read", wrong)
		}
	}
}

// TestInterfaceSubnets: this machine's loopback interface has a subnet, too.
func TestInterfaceSubnets(t *testing.T) {
	got, err := interfaceSubnets()
	if err != nil || !slices.Contains(got, netip.MustParsePrefix("127.0.0.0/8")) {
		t.Errorf("%v, %v", got, err)
	}
}
