package diagnose

import (
	"net/netip"
	"testing"

	"labcheck/harness/survey"
)

// TestDescribeLinks: an interface of a container has no address on the host.
func TestDescribeLinks(t *testing.T) {
	got := describeLinks([]survey.Link{
		{Name: "lo", Up: true, MTU: 65536, Addr: netip.MustParsePrefix("127.0.0.1/8")},
		{Name: "eth0", MTU: 1500, Addr: netip.MustParsePrefix("10.77.6.250/24")},
		{Name: "vethcc09913", Up: true, MTU: 1500},
	})
	if want := "eth0 down 10.77.6.250/24, mtu 1500; vethcc09913 up without an address, mtu 1500"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
