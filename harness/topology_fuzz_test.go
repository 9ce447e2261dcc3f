package harness

import (
	"net/netip"
	"reflect"
	"testing"
)

// FuzzIn checks that all hosts of a moved topology are in its subnet, keep their
// place in it, and can be moved back.
func FuzzIn(f *testing.F) {
	f.Add("192.168.34.0/24")
	f.Add("10.1.2.3/24")
	f.Add("10.20.0.0/16")
	f.Add("10.20.0.0/28")
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
			was := page.Hosts()[i]
			isMoved := placeOf(subnet, h.Addr) == placeOf(page.Subnet, was.Addr)
			if !subnet.Contains(h.Addr) || !isMoved || !reflect.DeepEqual(back.Hosts()[i], was) {
				t.Errorf("%s: %s at %s, and back at %s", s, h.Name, h.Addr, back.Hosts()[i].Addr)
			}
		}
	})
}
