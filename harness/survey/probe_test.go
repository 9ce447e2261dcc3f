package survey

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"labcheck/harness"
)

// answer is of a lab's frontend02, as another user than root is told it, with rules
// added to its packet filter, a full file system and Consul out of reach.
const answer = `== user
1000
== link
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
2: docker0: <NO-CARRIER,BROADCAST,MULTICAST> mtu 1500 qdisc noqueue state DOWN mode DEFAULT group default qlen 1000\    link/ether 02:42:ac:11:00:01 brd ff:ff:ff:ff:ff:ff
343: eth0@if344: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc noqueue state UP mode DEFAULT group default \    link/ether 02:42:c0:a8:48:15 brd ff:ff:ff:ff:ff:ff link-netnsid 0
== addr
1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever preferred_lft forever
2: docker0    inet 172.17.0.1/16 scope global docker0\       valid_lft forever preferred_lft forever
343: eth0    inet 192.168.33.21/24 brd 192.168.33.255 scope global eth0\       valid_lft forever preferred_lft forever
== rule
-A INPUT -p udp -m udp --dport 4789 -j DROP
-A INPUT -s 192.168.33.250/32 -j DROP
-A INPUT -s 192.168.33.250/32 -p tcp -m tcp --dport 9999 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-t raw -A PREROUTING -p tcp -m tcp --dport 3375 -j DROP
== forward
1
== disk
Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/vda         264212084 15627576  79873688      17% /var/lib/docker
/dev/vda         264212084 15627576  79873688      17% /var/lib/docker
tmpfs                 4096     4096         0     100% /var/lib/docker/volumes
overlay                  0        0         0        - /var/lib/docker/overlay2
== engine
Name:	dockerd
Umask:	0022
State:	T (stopped)
== neighbour
10.0.0.3 dev vx-000100-974fe lladdr 02:42:0a:00:00:03 PERMANENT
nsenter: cannot open /var/run/docker/netns/*: No such file or directory
== forward to
33:33:00:00:00:01 dev eth0 self permanent
02:42:0a:00:00:03 dev vx-000100-974fe dst 192.168.33.20 self permanent
02:42:0a:00:00:04 dev vx-000100-974fe dst
== silent
no answer from tcp 192.168.33.11 8500
`

func TestParseProbe(t *testing.T) {
	want := Probe{
		User: true,
		Links: []Link{
			{"lo", true, 65536, netip.MustParsePrefix("127.0.0.1/8")},
			{"docker0", false, 1500, netip.MustParsePrefix("172.17.0.1/16")},
			{"eth0", true, 1400, netip.MustParsePrefix("192.168.33.21/24")},
		},
		Rules: []string{
			"-A INPUT -p udp -m udp --dport 4789 -j DROP",
			"-A INPUT -s 192.168.33.250/32 -j DROP",
			"-A INPUT -s 192.168.33.250/32 -p tcp -m tcp --dport 9999 -j DROP",
			"-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP",
			"-t raw -A PREROUTING -p tcp -m tcp --dport 3375 -j DROP",
		},
		Forward:    "1",
		Full:       []string{"/var/lib/docker/volumes: 0 KiB of 4096 KiB free"},
		Engine:     Stopped,
		Neighbours: []netip.Addr{netip.MustParseAddr("10.0.0.3")},
		Forwards:   map[string]netip.Addr{"02:42:0a:00:00:03": netip.MustParseAddr("192.168.33.20")},
		Told:       true,
		Dialled:    true,
		Silent:     []string{"tcp 192.168.33.11 8500"},
	}
	got := ParseProbe(answer)
	opts := cmp.Options{cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})}
	if diff := cmp.Diff(want, got, opts); diff != "" {
		t.Error(diff)
	}
	frontend02, store := harness.Tutorial().Members[1], harness.Tutorial().Members[3]
	if l, ok := got.LinkOf(frontend02); !ok || l.Name != "eth0" {
		t.Errorf("%v %v", l, ok)
	}
	if ParseProbe("== link\n1: a: <BROADCAST,LOWER_UP> mtu 1500").Links[0].Up {
		t.Error("an interface that is not up is up")
	}
	if _, ok := got.LinkOf(store); ok {
		t.Error("an interface with another host's address")
	}
}

// TestRulesAbout: a rule about a port is about that port only, one about a host
// about all that is said to it, and the engine's own are about neither.
func TestRulesAbout(t *testing.T) {
	p, hosts := ParseProbe(answer), harness.Tutorial().Hosts()
	for _, c := range []struct {
		port  uint16
		hosts []harness.Host
		want  int
	}{{4789, nil, 1}, {4789, hosts, 2}, {478, nil, 0}, {7946, hosts, 1}, {7946, hosts[:2], 0}, {3375, nil, 1}, {2375, nil, 0}} {
		if got := p.RulesAbout(c.port, c.hosts); len(got) != c.want {
			t.Errorf("port %d, %d hosts: %q", c.port, len(c.hosts), got)
		}
	}
}

func FuzzParseProbe(f *testing.F) {
	f.Add(answer)
	f.Add("== link\n1: a mtu\n== addr\nx\n== disk\na b c d e f\n== engine\nState:\n== silent\nno answer from")
	f.Fuzz(func(t *testing.T, s string) {
		p := ParseProbe(s)
		lines := strings.Count(s, "\n") + 1
		if n := len(p.Links) + len(p.Rules) + len(p.Full) + len(p.Neighbours) + len(p.Silent); n > lines {
			t.Errorf("%d things were read of %d lines", n, lines)
		}
		for _, h := range harness.Tutorial().Hosts() {
			if l, ok := p.LinkOf(h); ok && l.Addr.Addr() != h.Addr {
				t.Errorf("%+v has not the address of %s", l, h.Name)
			}
		}
		if all := p.RulesAbout(2375, harness.Tutorial().Hosts()); len(all) > len(p.Rules) {
			t.Errorf("%d rules of %d", len(all), len(p.Rules))
		}
		for _, r := range p.Rules {
			if r == "" {
				t.Errorf("an empty rule of %q", s)
			}
		}
	})
}
