package diagnose

import (
	"slices"

	"labcheck/harness"
)

// Code is a kind of cause. It is the same for good.
type Code struct {
	Code string
	// Section is of docs/diagnosis.md, and explains the code: hosts-and-engines.
	Section string
	// Title says what is wrong, of any cluster.
	Title string
	// Cause and Advice say of one cluster what is wrong and what to do. They are formats
	// of the package lang; Advice is empty if only commands help.
	Cause, Advice string
	// Breaks is what it breaks, of the same host.
	Breaks kind
	// Sure is how sure such a finding is; Certain if it is empty.
	Sure harness.Confidence
}

// The sections of docs/diagnosis.md that explain findings.
const (
	hostsSection   = "hosts-and-engines"
	consulSection  = "consul"
	managerSection = "the-swarm-manager"
	joinsSection   = "nodes-that-join"
	networkSection = "the-network"

	unexplainedSection = "why-it-is-broken"
)

// Codes returns all codes that a finding can have, by section.
func Codes() []Code { return slices.Clone(codes) }

// codeOf returns a code of the table.
func codeOf(code string) Code {
	return codes[slices.IndexFunc(codes, func(c Code) bool { return c.Code == code })]
}

var codes = []Code{
	{
		Code: "unreachable", Section: hostsSection, Breaks: engineKind,
		Title:  "a service can't be reached from this machine",
		Advice: "look for what is between: security groups, routes, firewalls",
	},
	{
		Code: "host-down", Section: hostsSection, Breaks: engineKind,
		Title: "a host is down", Cause: "the host %s is down",
		Advice: "start the host, and look at why it ended",
	},
	{
		Code: "host-frozen", Section: hostsSection, Breaks: engineKind, Sure: harness.Likely,
		Title:  "a host takes connections and runs nothing",
		Cause:  "%s accepts connections, but nothing runs on it",
		Advice: "the machine is paused or overloaded: resume or restart it",
	},
	{
		Code: "host-link-down", Section: hostsSection, Breaks: engineKind,
		Title:  "no network interface that is up has the host's address",
		Cause:  "no network interface of %s that is up has the address %s",
		Advice: "bring the interface up, or give it its address again",
	},
	{
		Code: "host-unreachable", Section: hostsSection, Breaks: engineKind, Sure: harness.Likely,
		Title:  "a host can't be reached, although its engine runs",
		Cause:  "%s can't be reached on port %d, although its engine runs",
		Advice: "look for what is between: security groups, routes, firewalls",
	},
	{
		Code: "host-name", Section: hostsSection, Breaks: nameKind,
		Title: "a host has another name", Cause: "the host at %[1]s calls itself %[2]s, not %[3]s",
	},
	{
		Code: "engine-port-blocked", Section: hostsSection, Breaks: engineKind,
		Title: "a packet filter stops traffic to an engine",
		Cause: "the packet filter of %s stops traffic on port %d",
	},
	{
		Code: "engine-ended", Section: hostsSection, Breaks: engineKind,
		Title: "no engine listens", Cause: "no engine listens on port %d of %s",
		Advice: "start the engine with --host=tcp://%s: systemctl start docker, on the host itself",
	},
	{
		Code: "engine-bad-advertise", Section: hostsSection, Breaks: engineKind,
		Title:  "an engine does not start because it can't advertise its address",
		Cause:  "the engine of %s does not start: what it is to advertise is no address of it",
		Advice: "start it with --cluster-advertise=%s",
	},
	{
		Code: "engine-no-backend", Section: hostsSection, Breaks: engineKind,
		Title: "an engine was built without the backend of its cluster store",
		Cause: "the engine of %s does not start: it was built without the backend that its cluster store names",
		Advice: "start it with --cluster-store=%s, and an engine that has Consul's backend (up to 20.10; Debian 12's " +
			"has not)",
	},
	{
		Code: "engine-port-taken", Section: hostsSection, Breaks: engineKind,
		Title:  "another service has the engine's port",
		Cause:  "what answers on port %d of %s is not a Docker engine",
		Advice: "stop what has the port and start the engine",
	},
	{
		Code: "engine-frozen", Section: hostsSection, Breaks: engineKind,
		Title: "an engine is stopped by a signal",
		Cause: "the engine of %s is stopped: it accepts connections but does not answer",
	},
	{
		Code: "engine-silent", Section: hostsSection, Breaks: engineKind, Sure: harness.Likely,
		Title:  "an engine gives no answer",
		Cause:  "the engine of %s accepts connections but does not answer",
		Advice: "restart it: systemctl restart docker, on the host itself",
	},
	{
		Code: "engine-hangs", Section: hostsSection, Breaks: engineKind, Sure: harness.Likely,
		Title:  "an engine runs and does not answer",
		Cause:  "the engine of %s runs, accepts connections and does not answer",
		Advice: "restart it: systemctl restart docker, on the host itself",
	},
	{
		Code: "engine-same-id", Section: hostsSection, Breaks: memberKind,
		Title: "two engines have the same ID", Cause: "the engines of %s and %s have the same ID",
		Advice: "the host was copied: remove /etc/docker/key.json on %s and restart its engine",
	},
	{
		Code: "engine-too-new", Section: hostsSection, Breaks: settingKind,
		Title:  "an engine is too new for a cluster store",
		Cause:  "the engine of %s is %s: --cluster-store is gone since 23.0",
		Advice: "install Engine 20.10 or older",
	},
	{
		Code: "engine-no-store", Section: hostsSection, Breaks: settingKind,
		Title: "an engine has no cluster store",
		Cause: "the engine of %s has no cluster store: overlay networks do not reach it",
		Advice: "restart the engine with --cluster-store=%s --cluster-advertise=%s (in /etc/default/docker or the " +
			"unit), on the host itself",
	},
	{
		Code: "engine-wrong-store", Section: hostsSection, Breaks: settingKind,
		Title: "an engine has another cluster store",
		Cause: "the engine of %s has another cluster store",
		Advice: "restart the engine with --cluster-store=%s --cluster-advertise=%s (in /etc/default/docker or the " +
			"unit), on the host itself",
	},
	{
		Code: "engine-wrong-advertise", Section: hostsSection, Breaks: settingKind,
		Title: "an engine does not advertise its own address",
		Cause: "the engine of %s does not advertise its own address",
		Advice: "restart the engine with --cluster-store=%s --cluster-advertise=%s (in /etc/default/docker or the " +
			"unit), on the host itself",
	},
	{
		Code: "engine-not-registered", Section: hostsSection, Breaks: registeredKind,
		Title:  "an engine is not registered with Consul",
		Cause:  "the engine of %s is not registered with Consul",
		Advice: "an engine registers within its discovery.heartbeat, 20 s by default; restart the engine if it does not",
	},
	{
		Code: "engine-short-ttl", Section: hostsSection, Breaks: registeredKind,
		Title:  "an engine's discovery.ttl is shorter than Consul allows",
		Cause:  "the engine of %s never registers: Consul refuses sessions as short as half its discovery.ttl",
		Advice: "restart it with discovery.ttl=60, or without that option",
	},
	{
		Code: "disk-full", Section: hostsSection, Breaks: diskKind,
		Title:  "an engine has no room left",
		Cause:  "there is no room left where the engine of %s writes",
		Advice: "make room: %s shows what takes it",
	},
	{
		Code: "forwarding-off", Section: hostsSection, Breaks: packetKind,
		Title: "a host's kernel does not forward packets",
		Cause: "the kernel of %s does not forward packets: published ports lead nowhere",
	},
	{
		Code: "bridge-over-hosts", Section: hostsSection, Breaks: packetKind,
		Title: "a network interface has addresses of other hosts",
		Cause: "the interface %s of %s has addresses of other hosts: what goes to %s does not leave the host",
		Advice: "if the network is needed, create it again with another --subnet; default-address-pools in " +
			"/etc/docker/daemon.json keeps Docker away from the hosts' addresses",
	},
	{
		Code: "docker-rules-lost", Section: hostsSection, Breaks: placeKind,
		Title: "a packet filter has lost Docker's rules",
		Cause: "the packet filter of %s has lost Docker's rules: its containers reach nothing outside of it",
		Advice: "restart the engine of %s, which adds them again, after whatever flushes the filter (systemctl " +
			"restart docker)",
	},
	{
		Code: "filter-stops-all", Section: hostsSection, Breaks: placeKind,
		Title:  "a packet filter stops all traffic of a host's containers",
		Cause:  "the packet filter of %s stops all that its containers send and receive",
		Advice: "take the rule away, on %s itself: %s",
	},
	{
		Code: "containers-cut-off", Section: hostsSection, Breaks: placeKind, Sure: harness.Likely,
		Title:  "containers of a host do not reach what the host reaches",
		Cause:  "the Swarm container on %s does not reach %s, although the host does",
		Advice: "look at the packet filter and the routes of the host: iptables-save, nft list ruleset, ip route",
	},
	{
		Code: "engine-proxy", Section: hostsSection, Breaks: registeredKind,
		Title: "an engine asks its cluster store through a proxy",
		Cause: "the engine of %s is not registered with Consul: it asks Consul through the proxy %s",
		Advice: "add %s to NO_PROXY where the engine has its proxy from (such as " +
			"/etc/systemd/system/docker.service.d) and restart the engine of %s",
	},
	{
		Code: "consul-no-image", Section: consulSection, Breaks: consulBoxKind,
		Title: "the Consul container and its image are not there",
		Cause: "%s on %s is not there, and neither is its image %s",
	},
	{
		Code: "consul-missing", Section: consulSection, Breaks: consulBoxKind,
		Title: "the Consul container is not there", Cause: "%s on %s is not there",
	},
	{
		Code: "consul-port-taken", Section: consulSection, Breaks: consulBoxKind,
		Title: "another container has the port of the Consul container",
		Cause: "container %s has the port %d of %s",
	},
	{
		Code: "consul-paused", Section: consulSection, Breaks: consulBoxKind,
		Title: "the Consul container is paused", Cause: "%s on %s is paused",
	},
	{
		Code: "consul-restarting", Section: consulSection, Breaks: consulBoxKind,
		Title: "the Consul container ends and is started again and again",
		Cause: "%s on %s ends and is started again and again",
	},
	{
		Code: "consul-stopped", Section: consulSection, Breaks: consulBoxKind,
		Title: "the Consul container does not run", Cause: "%s on %s does not run",
	},
	{
		Code: "consul-wrong-port", Section: consulSection, Breaks: consulBoxKind,
		Title: "the Consul container is not published on its port",
		Cause: "%s on %s is not published on its port",
	},
	{
		Code: "consul-other-image", Section: consulSection, Breaks: imageKind,
		Title: "the Consul container is of an image with another name",
		Cause: "%s on %s is of an image with another name: Swarm hides its own containers by that name",
	},
	{
		Code: "consul-restart-policy", Section: consulSection, Breaks: consulLookKind,
		Title: "the Consul container has another restart policy",
		Cause: "%s on %s has another restart policy than the page gives it",
	},
	{
		Code: "consul-wrong-arguments", Section: consulSection, Breaks: consulLookKind,
		Title:  "the Consul container has other arguments",
		Cause:  "%s on %s has other arguments than the page gives it",
		Advice: "it works as it is; its data is lost if it is created again: %s, then %s",
	},
	{
		Code: "consul-no-leader", Section: consulSection, Breaks: consulKind, Sure: harness.Likely,
		Title: "Consul has no leader", Cause: "%s on %s answers but has no leader",
		Advice: "an election takes up to 10 s after a start: ask again; else look at docker logs %s",
	},
	{
		Code: "consul-no-bootstrap", Section: consulSection, Breaks: consulKind,
		Title: "Consul was started without -bootstrap",
		Cause: "Consul was started without -bootstrap: it waits for other servers and never has a leader",
	},
	{
		Code: "consul-no-quorum", Section: consulSection, Breaks: consulKind,
		Title: "Consul has lost its quorum",
		Cause: "Consul has lost its quorum: %d of its %d servers run, and a leader needs %d",
	},
	{
		Code: "consul-blocked", Section: consulSection, Breaks: consulKind,
		Title: "a packet filter stops traffic to Consul",
		Cause: "the packet filter of %s stops traffic on port %d",
	},
	{
		Code: "consul-silent", Section: consulSection, Breaks: consulKind, Sure: harness.Likely,
		Title: "Consul's container runs, and its port does not answer",
		Cause: "the Consul container runs, and port %d does not answer",
	},
	{
		Code: "consul-unreachable", Section: consulSection, Breaks: reachKind, Sure: harness.Likely,
		Title: "a host does not reach Consul", Cause: "%s can't reach Consul",
		Advice: "look for what is between: security groups, routes, firewalls",
	},
	{
		Code: "manager-no-image", Section: managerSection, Breaks: managerBoxKind,
		Title: "the Swarm manager container and its image are not there",
		Cause: "%s on %s is not there, and neither is its image %s",
	},
	{
		Code: "manager-missing", Section: managerSection, Breaks: managerBoxKind,
		Title: "the Swarm manager container is not there", Cause: "%s on %s is not there",
	},
	{
		Code: "manager-port-taken", Section: managerSection, Breaks: managerBoxKind,
		Title: "another container has the port of the Swarm manager container",
		Cause: "container %s has the port %d of %s",
	},
	{
		Code: "manager-paused", Section: managerSection, Breaks: managerBoxKind,
		Title: "the Swarm manager container is paused", Cause: "%s on %s is paused",
	},
	{
		Code: "manager-restarting", Section: managerSection, Breaks: managerBoxKind,
		Title: "the Swarm manager container ends and is started again and again",
		Cause: "%s on %s ends and is started again and again",
	},
	{
		Code: "manager-stopped", Section: managerSection, Breaks: managerBoxKind,
		Title: "the Swarm manager container does not run", Cause: "%s on %s does not run",
	},
	{
		Code: "manager-wrong-port", Section: managerSection, Breaks: managerBoxKind,
		Title: "the Swarm manager container is not published on its port",
		Cause: "%s on %s is not published on its port",
	},
	{
		Code: "manager-other-image", Section: managerSection, Breaks: imageKind,
		Title: "the Swarm manager container is of an image with another name",
		Cause: "%s on %s is of an image with another name: Swarm hides its own containers by that name",
	},
	{
		Code: "manager-restart-policy", Section: managerSection, Breaks: managerLookKind,
		Title: "the Swarm manager container has another restart policy",
		Cause: "%s on %s has another restart policy than the page gives it",
	},
	{
		Code: "manager-wrong-arguments", Section: managerSection, Breaks: managerLookKind,
		Title:  "the Swarm manager container has other arguments",
		Cause:  "%s on %s has other arguments than the page gives it",
		Advice: "it works as it is; to have it as the page has it: %s, then %s",
	},
	{
		Code: "manager-wrong-discovery", Section: managerSection, Breaks: managerKind,
		Title: "the Swarm manager looks for its nodes in the wrong place",
		Cause: "%s on %s looks for its nodes in the wrong place",
	},
	{
		Code: "manager-wrong-strategy", Section: managerSection, Breaks: strategyKind,
		Title: "the Swarm manager does not spread containers",
		Cause: "%s on %s does not spread containers",
	},
	{
		Code: "manager-blocked", Section: managerSection, Breaks: managerKind,
		Title: "a packet filter stops traffic to the Swarm manager",
		Cause: "the packet filter of %s stops traffic on port %d",
	},
	{
		Code: "manager-silent", Section: managerSection, Breaks: managerKind, Sure: harness.Likely,
		Title: "the Swarm manager's container runs, and its port does not answer",
		Cause: "the Swarm manager container runs, and port %d does not answer",
	},
	{
		Code: "manager-no-primary", Section: managerSection, Breaks: managerKind, Sure: harness.Likely,
		Title:  "no Swarm manager is primary",
		Cause:  "no Swarm manager is primary: what is asked of them waits",
		Advice: "an election takes up to 25 s after the primary or Consul's quorum was lost: ask again",
	},
	{
		Code: "manager-too-old", Section: managerSection, Breaks: memberKind,
		Title:  "the Swarm manager is too old to tell how its nodes are",
		Cause:  "the Swarm manager is version %s: Swarm older than 1.1 does not tell how its nodes are",
		Advice: "use the image swarm:1.2.9",
	},
	{
		Code: "manager-two-primaries", Section: managerSection, Breaks: aloneKind,
		Title:  "two Swarm managers are primary",
		Cause:  "the Swarm managers on %s and %s are both primary: neither knows of the other",
		Advice: "more than one manager needs --replication, --advertise and the same discovery for each",
	},
	{
		Code: "manager-proxy", Section: managerSection, Breaks: memberKind,
		Title: "the Swarm manager asks Consul through a proxy",
		Cause: "%s on %s has the proxy %s in its environment, and asks Consul through it",
		Advice: "the docker CLI gives containers the proxies of ~/.docker/config.json; put the hosts into noProxy " +
			"there, or leave them out as above; a restart does not help",
	},
	{
		Code: "manager-cut-off", Section: managerSection, Breaks: pathKind, Sure: harness.Likely,
		Title:  "the manager's host does not reach an engine",
		Cause:  "the manager's host does not reach the engine of %s, which answers us",
		Advice: "look for what is between: security groups, routes, firewalls",
	},
	{
		Code: "member-missing", Section: managerSection, Breaks: memberKind, Sure: harness.Likely,
		Title:  "the Swarm manager does not list a registered host",
		Cause:  "%s is registered, and the manager does not list it",
		Advice: "a manager that lost Consul for a while looks again after 60 s",
	},
	{
		Code: "member-unhealthy", Section: managerSection, Breaks: memberKind,
		Title: "the Swarm manager does not list a host as Healthy", Cause: "the manager lists %s as %s",
		Advice: "its engine answers us: the manager asks it again every 30 to 60 s",
	},
	{
		Code: "join-no-image", Section: joinsSection, Breaks: joinKind,
		Title: "a join container and its image are not there",
		Cause: "%s on %s is not there, and neither is its image %s",
	},
	{
		Code: "join-missing", Section: joinsSection, Breaks: joinKind,
		Title: "a join container is not there", Cause: "%s on %s is not there",
	},
	{
		Code: "join-paused", Section: joinsSection, Breaks: joinKind,
		Title: "a join container is paused", Cause: "%s on %s is paused",
	},
	{
		Code: "join-restarting", Section: joinsSection, Breaks: joinKind,
		Title: "a join container ends and is started again and again",
		Cause: "%s on %s ends and is started again and again",
	},
	{
		Code: "join-stopped", Section: joinsSection, Breaks: joinKind,
		Title: "a join container does not run", Cause: "%s on %s does not run",
	},
	{
		Code: "join-other-arguments", Section: joinsSection, Breaks: joinLookKind,
		Title:  "a join container has other arguments",
		Cause:  "%s on %s has other arguments than the page gives it",
		Advice: "it works as it is; to have it as the page has it: %s, then %s",
	},
	{
		Code: "join-proxy", Section: joinsSection, Breaks: keyKind,
		Title: "a join container asks Consul through a proxy",
		Cause: "%s on %s has the proxy %s in its environment, and asks Consul through it",
		Advice: "the docker CLI gives containers the proxies of ~/.docker/config.json; put the hosts into noProxy " +
			"there, or leave them out as above; a restart does not help",
	},
	{
		Code: "join-twice", Section: joinsSection, Breaks: joinLookKind,
		Title: "a join container runs more than once on a host", Cause: "%s runs more than once on %s",
	},
	{
		Code: "join-other-image", Section: joinsSection, Breaks: imageKind,
		Title: "a join container is of an image with another name",
		Cause: "%s on %s is of an image with another name: Swarm hides its own containers by that name",
	},
	{
		Code: "join-restart-policy", Section: joinsSection, Breaks: rebootKind,
		Title: "a join container has another restart policy",
		Cause: "%s on %s has another restart policy than the page gives it",
	},
	{
		Code: "join-wrong-discovery", Section: joinsSection, Breaks: joinKind,
		Title: "a host registers in the wrong place", Cause: "%s on %s registers in the wrong place",
	},
	{
		Code: "join-wrong-address", Section: joinsSection, Breaks: joinKind,
		Title: "a host registers another host's address",
		Cause: "%s on %s registers another address than the host's engine has",
	},
	{
		Code: "join-wrong-port", Section: joinsSection, Breaks: joinKind,
		Title: "a host registers another port than its engine's",
		Cause: "%s on %s registers another address than the host's engine has",
	},
	{
		Code: "key-missing", Section: joinsSection, Breaks: keyKind,
		Title:  "a host's key is not in Consul",
		Cause:  "the join container of %s runs, but its key is not in Consul",
		Advice: "it registers again by itself within 60 s",
	},
	{
		Code: "key-wrong", Section: joinsSection, Breaks: keyKind,
		Title: "a host's key in Consul holds another address",
		Cause: "the key of %s in Consul holds another address",
	},
	{
		Code: "key-stale", Section: joinsSection, Breaks: keyKind,
		Title: "a host's key in Consul never expires",
		Cause: "the key of %s in Consul belongs to no session: it stays when the host is gone",
	},
	{
		Code: "key-without-node", Section: joinsSection, Breaks: listKind,
		Title:  "Consul has a key of a node that does not exist",
		Cause:  "Consul has a key for %s, which is no node of the cluster",
		Advice: "a swarm join elsewhere keeps it there, or did until lately: a key that nobody renews goes within 180 s",
	},
	{
		Code: "key-no-address", Section: joinsSection, Breaks: listKind,
		Title: "Consul has a key that is no address", Cause: "Consul has a key %s, which is no address",
		Advice: "a swarm join elsewhere keeps it there, or did until lately: a key that nobody renews goes within 180 s",
	},
	{
		Code: "manager-joined", Section: joinsSection, Breaks: listKind,
		Title:  "the manager's host has joined the cluster",
		Cause:  "the manager's host has joined the cluster as a node",
		Advice: "a swarm join elsewhere keeps it there, or did until lately: a key that nobody renews goes within 180 s",
	},
	{
		Code: "network-missing", Section: networkSection, Breaks: networkKind,
		Title: "the overlay network is not there", Cause: "no engine has %s",
	},
	{
		Code: "network-wrong-driver", Section: networkSection, Breaks: networkKind,
		Title: "the network is no overlay network",
		Cause: "%s is no overlay network: it ends at each host",
	},
	{
		Code: "network-twice", Section: networkSection, Breaks: networkKind,
		Title: "a host has another network of the same name",
		Cause: "%s has a network of its own that is also called %s",
	},
	{
		Code: "network-clash", Section: networkSection, Breaks: packetKind,
		Title: "the network's addresses are taken",
		Cause: "the addresses of %s are taken: packets for its containers and for hosts can't be told apart",
	},
	{
		Code: "network-mtu", Section: networkSection, Breaks: packetKind,
		Title: "the network's MTU does not fit",
		Cause: "%s has an MTU of %d: its packets are too large for those of the hosts, or too small to carry data",
	},
	{
		Code: "mtu-small", Section: networkSection, Breaks: packetKind,
		Title:  "a host's MTU is too small for the network",
		Cause:  "%s accepts packets of up to %d bytes, %s sends up to %d: large packets are lost",
		Advice: "if that is not possible create the network with --opt %s=%d",
	},
	{
		Code: "consul-data-lost", Section: networkSection, Breaks: networkKind, Sure: harness.Likely,
		Title:  "Consul was made anew and has lost its data",
		Cause:  "Consul was created again and does not know %s: its data is lost",
		Advice: "if creating it hangs or says that pool configuration failed, restart the engines first",
	},
	{
		Code: "network-no-attach", Section: networkSection, Breaks: packetKind,
		Title:  "an engine can't attach containers to the network any more",
		Cause:  "the engine of %s can't attach containers to %s since its host lost power (moby/libnetwork#2322)",
		Advice: "restart the engine of %s once more: systemctl restart docker, on the host itself",
	},
	{
		Code: "host-cut", Section: networkSection, Breaks: engineKind,
		Title: "a packet filter stops all traffic between two hosts",
		Cause: "the packet filter of %s stops all traffic with another host",
	},
	{
		Code: "gossip-blocked", Section: networkSection, Breaks: gossipKind,
		Title: "a packet filter stops the engines' gossip",
		Cause: "the packet filter of %s stops traffic on port %d",
	},
	{
		Code: "vxlan-blocked", Section: networkSection, Breaks: packetKind,
		Title: "a packet filter stops the network's packets",
		Cause: "the packet filter of %s stops traffic on port %d",
	},
	{
		Code: "gossip-not-joined", Section: networkSection, Breaks: gossipKind,
		Title: "an engine has joined no gossip",
		Cause: "the engine of %s is registered, but has joined no gossip", Advice: "restart the engine",
	},
	{
		Code: "gossip-silent", Section: networkSection, Breaks: gossipKind, Sure: harness.Likely,
		Title:  "an engine does not answer on its gossip port",
		Cause:  "the engine of %s does not answer on port %d",
		Advice: "let TCP and UDP %d through between the hosts",
	},
	{
		Code: "gossip-cut-off", Section: networkSection, Breaks: gossipKind, Sure: harness.Likely,
		Title:  "no other host reaches an engine's gossip",
		Cause:  "no other host reaches the engine of %s by %s",
		Advice: "let TCP and UDP %d through between the hosts",
	},
	{
		Code: "gossip-split", Section: networkSection, Breaks: gossipKind,
		Title: "the engines' gossip is in parts",
		Cause: "the engines' gossip is in parts that do not find one another any more",
		Advice: "labcheck bootstrap, for the same lab or target, joins them; so does restarting the engines of the " +
			"smaller part. Restart containers that were on %s",
	},
	{
		Code: "neighbours-lost", Section: networkSection, Breaks: packetKind,
		Title: "an engine did not receive the endpoint events of containers on other hosts",
		Cause: "%s did not receive the endpoint events of containers on %s on other hosts, and will not: the " +
			"containers were attached before the engines had found one another",
	},
	{
		Code: "neighbour-stale", Section: networkSection, Breaks: packetKind,
		Title:  "an engine sends packets to where earlier containers were",
		Cause:  "%s sends packets for containers on %s to where earlier containers with their addresses were",
		Advice: "restart the engine of %s: it forgets what it was told, and is told again",
	},
	{
		Code: "packets-lost", Section: networkSection, Breaks: packetKind, Sure: harness.Possible,
		Title:  "packets between containers are lost",
		Cause:  "containers do not reach one another over %s, although the engines have found one another",
		Advice: "let UDP %d through between the hosts, in both directions",
	},
	{
		Code: "unexplained", Section: unexplainedSection, Sure: harness.Possible,
		Title: "no cause was found", Cause: "no cause was found for %d of the false claims",
		Advice: "what was ruled out is listed; the claim's own expected and seen say more",
	},
}
