package harness

import (
	"net/netip"
	"testing"
)

// FuzzIn checks that all hosts of a moved topology are in its subnet, keep their last
// octet, and can be moved back.
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
			was, octet := page.Hosts()[i], h.Addr.As4()[3]
			if !subnet.Contains(h.Addr) || octet != was.Addr.As4()[3] || back.Hosts()[i] != was {
				t.Errorf("%s: %s at %s, and back at %s", s, h.Name, h.Addr, back.Hosts()[i].Addr)
			}
		}
	})
}
