package harness

import (
	"net/netip"
	"strings"
	"testing"
)

// TestNumbered: the hosts have places and names in the subnet, as many as it has room for.
func TestNumbered(t *testing.T) {
	wide := netip.MustParsePrefix("10.20.0.0/16")
	got, err := Numbered(101, wide)
	if err != nil {
		t.Fatal(err)
	}
	last := got.Members[99]
	if got.Manager.Addr.String() != "10.20.0.2" || last.Addr.String() != "10.20.0.102" || last.Name != "node100" {
		t.Errorf("%+v, %+v", got.Manager, last)
	}
	if first := got.Members[0]; first.Name != "node001" {
		t.Errorf("the first member is %s", first.Name)
	}
	if ten, err := Numbered(10, wide); err != nil || ten.Members[0].Name != "node1" {
		t.Errorf("%+v, %v", ten, err)
	}
	for _, test := range []struct {
		n      int
		subnet string
		wrong  string
	}{
		{13, "10.20.0.0/28", ""},
		{14, "10.20.0.0/28", "want 2 to 13"},
		{2, "10.20.0.0/28", ""},
		{1, "10.20.0.0/28", "want 2"},
		{5, "10.20.0.0/29", "16 to 28 bits"},
		{5, "10.20.0.0/15", "16 to 28 bits"},
		{5, "240.0.0.0/24", "can't have such addresses"},
		{5, "172.17.4.0/24", "docker0"},
		{5, "10.0.0.0/20", "mynet"},
	} {
		_, err := Numbered(test.n, netip.MustParsePrefix(test.subnet))
		if test.wrong == "" && err != nil || test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
			t.Errorf("%d on %s: %v, want %q", test.n, test.subnet, err, test.wrong)
		}
	}
}

// TestCheckPlace: no host has a subnet's first or last address, or the bridge's.
func TestCheckPlace(t *testing.T) {
	subnet := netip.MustParsePrefix("10.1.2.0/24")
	for addr, isFree := range map[string]bool{
		"10.1.2.0": false, "10.1.2.1": false, "10.1.2.2": true, "10.1.2.254": true, "10.1.2.255": false, "10.1.3.2": false,
	} {
		err := checkPlace(subnet, Host{Name: "store", Addr: netip.MustParseAddr(addr)})
		if (err == nil) != isFree || err != nil && !strings.HasSuffix(err.Error(), "the first is 10.1.2.2, the last 10.1.2.254") {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// TestAround: the narrowest subnet that has all hosts, and none of them at its edges.
func TestAround(t *testing.T) {
	for _, test := range []struct{ addrs, want string }{
		{"10.1.2.11 10.1.2.20", "10.1.2.0/24"},
		{"10.1.2.11 10.1.3.20", "10.1.2.0/23"},
		{"10.1.1.255 10.1.2.20", "10.1.0.0/22"}, // the last of its /24
		{"172.31.4.5 172.31.250.9", "172.31.0.0/16"},
		{"10.1.2.3 10.2.2.3", ""},
		{"172.18.0.5 172.18.0.6", "172.18.0.0/24"}, // docker_gwbridge has it, but hosts may be moved from there
		{"fd00::1 fd00::2", ""},
	} {
		var topology Topology
		for i, a := range strings.Fields(test.addrs) {
			h := Host{Name: string(rune('a' + i)), Addr: netip.MustParseAddr(a)}
			if i == 0 {
				topology.Manager = h
			} else {
				topology.Members = append(topology.Members, h)
			}
		}
		got, err := topology.Around()
		if test.want == "" && err == nil || test.want != "" && (err != nil || got.Subnet.String() != test.want) {
			t.Errorf("%s: %s, %v; want %q", test.addrs, got.Subnet, err, test.want)
		}
	}
}

// TestIn: hosts keep their places, and those that have none are refused, on their own subnet
// and on another one.
func TestIn(t *testing.T) {
	for _, test := range []struct{ addr, own, to, want string }{
		{"10.1.2.20", "10.1.2.0/24", "10.1.2.0/24", "10.1.2.20"},
		{"10.1.2.20", "10.1.2.0/24", "10.9.0.0/16", "10.9.0.20"},
		{"172.18.0.20", "172.18.0.0/24", "10.9.8.0/24", "10.9.8.20"},
		{"172.18.0.20", "172.18.0.0/24", "172.18.0.0/24", "docker_gwbridge inside each host has it"},
		{"10.1.2.0", "10.1.2.0/24", "10.1.2.0/24", "no host can have the address 10.1.2.0 there, as app would"},
		{"10.1.2.255", "10.1.2.0/24", "10.1.2.0/24", "no host can have the address 10.1.2.255 there"},
		{"10.1.3.20", "10.1.2.0/24", "10.1.2.0/24", "no host can have the address 10.1.3.20 there"},
		{"10.1.3.20", "10.1.2.0/24", "10.9.0.0/16", "no host can have the address 10.1.3.20 there"},
		{"fd00::20", "10.1.2.0/24", "10.9.8.0/24", "no host can have the address fd00::20 there"},
		{"fd00::20", "fd00::/64", "10.9.8.0/24", "an IPv4 subnet with 16 to 28 bits is needed"},
		{"10.1.2.20", "10.0.0.0/8", "10.0.0.0/8", "an IPv4 subnet with 16 to 28 bits is needed"},
	} {
		topology := Topology{Subnet: netip.MustParsePrefix(test.own), Manager: Host{Name: "app", Addr: netip.MustParseAddr(test.addr)}}
		moved, err := topology.In(netip.MustParsePrefix(test.to))
		got := moved.Manager.Addr.String()
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, test.want) {
			t.Errorf("%s of %s on %s: %s, want %s", test.addr, test.own, test.to, got, test.want)
		}
	}
}

// TestIsTutorial: sizes, ports and the subnet are not what makes a cluster another one.
func TestIsTutorial(t *testing.T) {
	for what, test := range map[string]struct {
		change func(*Topology)
		want   bool
	}{
		"the page's":     {func(*Topology) {}, true},
		"other sizes":    {func(t *Topology) { t.Manager.CPUs, t.SwarmPort = 8, 4000 }, true},
		"another order":  {func(t *Topology) { t.Members[0], t.Members[1] = t.Members[1], t.Members[0] }, true},
		"fewer hosts":    {func(t *Topology) { t.Members = t.Members[1:] }, false},
		"another name":   {func(t *Topology) { t.Members[0].Name = "web" }, false},
		"another net":    {func(t *Topology) { t.Network = "web" }, false},
		"another subnet": {func(t *Topology) { t.NetworkSubnet = netip.MustParsePrefix("10.9.0.0/24") }, false},
		"replicas":       {func(t *Topology) { t.Replicas = 2 }, false},
	} {
		topology := Tutorial()
		test.change(&topology)
		if got := topology.IsTutorial(); got != test.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
