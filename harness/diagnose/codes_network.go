package diagnose

import "labcheck/harness"

// networkRows are the codes of the overlay network.
var networkRows = []Code{
	{
		Code: "network-missing", Section: networkSection, Breaks: networkKind,
		Title: "the overlay network is not there", Cause: "no engine has %s",
		Looks: "`docker network ls` on the engine, or on all of them, has no mynet",
		Why: "it was never created or was removed; if only one engine lacks it, that engine has not read the " +
			"cluster store since",
		Fix: []string{"docker -H=tcp://MANAGER:3375 network create --driver overlay mynet"},
	},
	{
		Code: "network-wrong-driver", Section: networkSection, Breaks: networkKind,
		Title: "the network is no overlay network",
		Cause: "%s is no overlay network: it ends at each host",
		Looks: "`docker network ls` shows mynet with the driver bridge; containers reach those on their own " +
			"host only",
		Why: "it was created without --driver overlay, or through port 2375 of one engine",
		Fix: []string{"docker -H=tcp://MANAGER:3375 network create --driver overlay mynet"},
	},
	{
		Code: "network-twice", Section: networkSection, Breaks: networkKind,
		Title: "a host has another network of the same name",
		Cause: "%s has a network of its own that is also called %s",
		Looks: "`docker network ls` on that host shows mynet twice; `docker run --net mynet` takes either",
		Why:   "a local network was given the name of the overlay network",
		Fix:   []string{"docker -H=tcp://HOST:2375 network rm ID"},
	},
	{
		Code: "network-clash", Section: networkSection, Breaks: packetKind,
		Title: "the network's addresses are taken",
		Cause: "the addresses of %s are taken: packets for its containers and for hosts can't be told apart",
		Looks: "containers on mynet lose the hosts, or hosts lose one another, when the first container is attached",
		Why:   "the network's subnet overlaps one of a host's interfaces",
		Fix:   []string{"docker -H=tcp://MANAGER:3375 network create --driver overlay --subnet 10.0.9.0/24 mynet"},
	},
	{
		Code: "network-mtu", Section: networkSection, Breaks: packetKind,
		Title: "the network's MTU does not fit",
		Cause: "%s has an MTU of %d: its packets are too large for those of the hosts, or too small to carry data",
		Looks: "ping works and larger transfers hang, or nothing works at all",
		Why: "the option com.docker.network.driver.mtu of the network leaves no 50 bytes for the VXLAN " +
			"header, or is below 576",
		Fix: []string{
			"docker -H=tcp://MANAGER:3375 network create --driver overlay --opt com.docker.network.driver.mtu=1450 mynet",
		},
	},
	{
		Code: "mtu-small", Section: networkSection, Breaks: packetKind,
		Title:  "a host's MTU is too small for the network",
		Cause:  "%s accepts packets of up to %d bytes, %s sends up to %d: large packets are lost",
		Advice: "if that is not possible create the network with --opt %s=%d",
		Looks:  "ping works and larger transfers to that host hang",
		Why: "the host's interface has an MTU below 1500, as in VPNs, tunnels and some clouds, and mynet uses " +
			"1450 plus 50 bytes of VXLAN",
		Fix: []string{"ip link set eth0 mtu 1500"},
	},
	{
		Code: "consul-data-lost", Section: networkSection, Breaks: networkKind, Sure: harness.Likely,
		Title:  "Consul was made anew and has lost its data",
		Cause:  "Consul was created again and does not know %s: its data is lost",
		Advice: "if creating it hangs or says that pool configuration failed, restart the engines first",
		Looks: "mynet and the nodes are gone, although nobody removed them; Consul's container is younger than " +
			"the others",
		Why: "Consul's container was removed with its data and made again: the page gives it no volume",
		Fix: []string{"docker -H=tcp://MANAGER:3375 network create --driver overlay mynet"},
	},
	{
		Code: "network-no-attach", Section: networkSection, Breaks: packetKind,
		Title:  "an engine can't attach containers to the network any more",
		Cause:  "the engine of %s can't attach containers to %s since its host lost power (moby/libnetwork#2322)",
		Advice: "restart the engine of %s once more: systemctl restart docker, on the host itself",
		Looks: "`docker run --net mynet` on one host fails with `could not get network sandbox` or `endpoint … " +
			"not found`; other hosts can",
		Why: "the host lost power while containers on the network ran: libnetwork's records of them stay, and " +
			"the engine can't tidy them up at its first start",
		Fix: []string{"systemctl restart docker"},
	},
	{
		Code: "host-cut", Section: networkSection, Breaks: engineKind,
		Title: "a packet filter stops all traffic between two hosts",
		Cause: "the packet filter of %s stops all traffic with another host",
		Looks: "two hosts lose each other entirely while both answer everybody else",
		Why:   "a rule in the packet filter drops all packets of an address",
		Fix:   []string{"iptables-save | grep ADDRESS", "iptables -D CHAIN RULE"},
		Fault: "cut HOST,HOST",
	},
	{
		Code: "gossip-blocked", Section: networkSection, Breaks: gossipKind,
		Title: "a packet filter stops the engines' gossip",
		Cause: "the packet filter of %s stops traffic on port %d",
		Looks: "mynet is listed everywhere; new containers are not told to the host, and after a while it is " +
			"taken for failed",
		Why:   "a rule in the packet filter matches port 7946, which the engines use over TCP and UDP",
		Fix:   []string{"iptables-save | grep 7946", "iptables -D CHAIN RULE"},
		Fault: "cut HOST,HOST --port 7946",
	},
	{
		Code: "vxlan-blocked", Section: networkSection, Breaks: packetKind,
		Title: "a packet filter stops the network's packets",
		Cause: "the packet filter of %s stops traffic on port %d",
		Looks: "names resolve, and every ping between the hosts is lost",
		Why:   "a rule in the packet filter matches UDP port 4789, which carries the packets of overlay networks",
		Fix:   []string{"iptables-save | grep 4789", "iptables -D CHAIN RULE"},
		Fault: "cut HOST,HOST --port 4789",
	},
	{
		Code: "gossip-not-joined", Section: networkSection, Breaks: gossipKind,
		Title: "an engine has joined no gossip",
		Cause: "the engine of %s is registered, but has joined no gossip", Advice: "restart the engine",
		Looks: "port 7946 of the host refuses, although its key is below docker/nodes/",
		Why:   "the engine starts its gossip when it finds itself in Consul, and did not: its watch was lost",
		Fix:   []string{"systemctl restart docker"},
	},
	{
		Code: "gossip-silent", Section: networkSection, Breaks: gossipKind, Sure: harness.Likely,
		Title:  "an engine does not answer on its gossip port",
		Cause:  "the engine of %s does not answer on port %d",
		Advice: "let TCP and UDP %d through between the hosts",
		Looks:  "port 7946 of the host does not answer",
		Why:    "a security group or firewall outside the host stops the port, or the engine hangs",
		Fix:    []string{"nc -vz HOST 7946", "nc -vzu HOST 7946"},
	},
	{
		Code: "gossip-cut-off", Section: networkSection, Breaks: gossipKind, Sure: harness.Likely,
		Title:  "no other host reaches an engine's gossip",
		Cause:  "no other host reaches the engine of %s by %s",
		Advice: "let TCP and UDP %d through between the hosts",
		Looks:  "the host's gossip answers from here, and from no other host",
		Why:    "a security group allows this machine and not the hosts among themselves, often TCP only and not UDP",
		Fix:    []string{"nc -vzu HOST 7946"},
	},
	{
		Code: "gossip-split", Section: networkSection, Breaks: gossipKind,
		Title: "the engines' gossip is in parts",
		Cause: "the engines' gossip is in parts that do not find one another any more",
		Advice: "labcheck bootstrap, for the same lab or target, joins them; so does restarting the engines of the " +
			"smaller part. Restart containers that were on %s",
		Looks: "mynet is listed everywhere, and containers in different parts never reach one another",
		Why: "each engine looks for one other, once, when it registers; engines that register at the same " +
			"moment can form two groups",
		Fix: []string{"labcheck bootstrap"},
	},
	{
		Code: "neighbours-lost", Section: networkSection, Breaks: packetKind,
		Title: "an engine did not receive the endpoint events of containers on other hosts",
		Cause: "%s did not receive the endpoint events of containers on %s on other hosts, and will not: the " +
			"containers were attached before the engines had found one another",
		Looks: "containers made earlier never reach those on other hosts; new ones do",
		Why:   "the endpoint event was sent before the engines had found one another, and is not sent again",
		Fix:   []string{"docker -H=tcp://HOST:2375 restart CONTAINER"},
	},
	{
		Code: "neighbour-stale", Section: networkSection, Breaks: packetKind,
		Title:  "an engine sends packets to where earlier containers were",
		Cause:  "%s sends packets for containers on %s to where earlier containers with their addresses were",
		Advice: "restart the engine of %s: it forgets what it was told, and is told again",
		Looks:  "one host's containers lose a container that everybody else reaches",
		Why:    "the engine keeps where an address was that it once had to ask for, after the container is gone",
		Fix:    []string{"systemctl restart docker"},
	},
	{
		Code: "packets-lost", Section: networkSection, Breaks: packetKind, Sure: harness.Possible,
		Title:  "packets between containers are lost",
		Cause:  "containers do not reach one another over %s, although the engines have found one another",
		Advice: "let UDP %d through between the hosts, in both directions",
		Looks:  "test containers do not reach one another, and every layer below looks right",
		Why: "something between the hosts stops or loses UDP 4789, or large packets: a security group, a VPN, " +
			"a bad link",
		Fix: []string{"nc -vzu HOST 4789", "ping -M do -s 1472 HOST"},
	},
}
