package harness

import (
	"net/netip"
	"testing"
)

// FuzzIn: a topology on a subnet has all hosts in it, each where it was in the
// page's, and can be moved back.
func FuzzIn(f *testing.F) {
	f.Add("192.168.34.0/24")
	f.Add("10.1.2.3/24")
	f.Add("fd00::/24")
	f.Fuzz(func(t *testing.T, s string) {
		subnet, err := netip.ParsePrefix(s)
		if err != nil {
			return
		}
		page := Tutorial()
		moved, err := page.In(subnet)
		if err != nil {
			return
		}
		back, err := moved.In(page.Subnet)
		if err != nil {
			t.Fatal(err)
		}
		for i, h := range moved.Hosts() {
			if was := page.Hosts()[i]; !subnet.Contains(h.Addr) || h.Addr.As4()[3] != was.Addr.As4()[3] || back.Hosts()[i] != was {
				t.Errorf("%s: %s at %s, and back at %s", s, h.Name, h.Addr, back.Hosts()[i].Addr)
			}
		}
	})
}
