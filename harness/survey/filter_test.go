package survey

import (
	"strings"
	"testing"

	"labcheck/harness"
)

// TestRules: a rule is about a port, a host, all that is forwarded, or nothing that
// matters.
func TestRules(t *testing.T) {
	hosts := harness.Tutorial().Hosts()
	for line, want := range map[string]string{
		"-A INPUT -p tcp -m tcp --dport 2375 -j DROP":                                "port",
		"-A INPUT -p tcp -m multiport --dports 22,2370:2380 -j DROP":                 "port",
		"-A INPUT -p tcp -m multiport --dports 22,2376 -j DROP":                      "",
		"-A INPUT -p tcp -m tcp --dport 2000:3000 -j REJECT":                         "port",
		"-A INPUT -p tcp -m tcp --dport 23750 -j DROP":                               "",
		"-A INPUT -p tcp -m tcp --dport 2375 -m conntrack --ctstate INVALID -j DROP": "",
		"-A INPUT -s 192.168.33.250/32 -j DROP":                                      "port",
		"-A DOCKER-USER -d 192.168.33.0/24 -j DROP":                                  "port",
		"-A INPUT ! -s 192.168.33.0/24 -j DROP":                                      "",
		"-A INPUT -s 192.168.34.0/24 -j DROP":                                        "",
		"-A INPUT -s 192.168.33.250/32 -p icmp -j DROP":                              "",
		"-A DOCKER-USER -j DROP":                                                     "all",
		"-A DOCKER-USER -p tcp -j DROP":                                              "all",
		"-A DOCKER-USER -p udp -j DROP":                                              "",
		"-A DOCKER-USER -s 192.168.34.0/24 -j DROP":                                  "",
		"-A DOCKER-USER -i eth0 -j REJECT --reject-with icmp-port-unreachable":       "all",
		"-A FORWARD -j DROP":                                                         "all",
		"-A FORWARD -i docker_gwbridge -o docker_gwbridge -j DROP":                   "",
		"-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP":                             "",
		"-A FORWARD -m conntrack --ctstate INVALID -j DROP":                          "",
	} {
		p := Probe{Rules: []string{line}}
		got := strings.Repeat("port", len(p.RulesAbout(2375, hosts))) + strings.Repeat("all", len(p.RulesForContainers()))
		if got != want {
			t.Errorf("%s is about %q, not %q", line, got, want)
		}
	}
}

// TestLostRules: what a filter keeps lets containers out or not; nothing is said of
// one that could not be read.
func TestLostRules(t *testing.T) {
	const out, nat = "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT\n", "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n"
	for kept, want := range map[string]int{
		"== kept\n" + out + nat:                                          0,
		"== kept\n:FORWARD DROP [0:0]\n" + out + nat:                     0,
		"== kept\n" + nat:                                                0, // nothing stops them
		"== kept\n:FORWARD DROP [12:345]\n" + nat:                        1,
		"== kept\n:FORWARD DROP [0:0]\n-A INPUT -i lo -j ACCEPT\n" + nat: 1,
		"== kept\n" + out:                                                1,
		"== kept\n:FORWARD DROP [0:0]\n":                                 2,
		"== kept\n":                                                      1,
		"":                                                               0,
	} {
		if got := ParseProbe("== rule\n" + kept + "== forward\n1\n").LostRules(); len(got) != want {
			t.Errorf("%q: %q is lost", kept, got)
		}
	}
}

// TestLinkOver: an interface takes what goes to other hosts if its network is nearer
// than the host's own.
func TestLinkOver(t *testing.T) {
	store := harness.Tutorial().Members[3]
	host := harness.Tutorial().Members[2]
	const own = "== link\n2: eth0: <UP> mtu 1500\n3: docker_gwbridge: <BROADCAST,UP> mtu 1500\n== addr\n2: eth0 inet 192.168.33.200/24\n3: docker_gwbridge inet "
	for rest, want := range map[string]bool{
		"192.168.33.241/28\n": true,
		"172.18.0.1/16\n":     false,
		"192.168.33.1/28\n":   false,
		"192.168.33.1/24\n":   false,
		"192.168.33.1/24\n== silent\nno answer from tcp 192.168.33.250 7946\n": true,
		"192.168.33.1/24\n== silent\nno answer from tcp 192.168.33.25 7946\n":  false,
		"192.168.0.1/16\n": false,
	} {
		if l, over := ParseProbe(own+rest).LinkOver(host, store.Addr); over != want {
			t.Errorf("%q: %+v %v", rest, l, over)
		}
	}
}
