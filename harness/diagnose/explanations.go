package diagnose

import "strings"

// Explanation is what is known of a code, of any cluster. Words in capitals stand for
// what differs.
type Explanation struct {
	// Looks is how it shows, and Why how it comes about; texts of the package lang.
	Looks, Why string
	// Fix is the commands that usually fix it.
	Fix []string
}

// faultOf is the labcheck fault that shows a code on a lab.
var faultOf = map[string]string{
	"host-down":           "kill HOST",
	"host-frozen":         "pause HOST",
	"disk-full":           "fill-disk HOST",
	"host-cut":            "cut HOST,HOST",
	"engine-port-blocked": "cut HOST,HOST --port 2375",
	"consul-blocked":      "cut HOST,HOST --port 8500",
	"gossip-blocked":      "cut HOST,HOST --port 7946",
	"vxlan-blocked":       "cut HOST,HOST --port 4789",
	"consul-stopped":      "stop consul",
	"manager-stopped":     "stop manager",
	"join-stopped":        "stop join:HOST",
}

// explanationOf returns the explanation of a code: its own, or that of the codes of
// containers which end like it.
func explanationOf(code string) (Explanation, bool) {
	if e, ok := explanations[code]; ok {
		return e, true
	}
	for _, service := range []string{"consul-", "manager-", "join-"} {
		if end, ok := strings.CutPrefix(code, service); ok {
			e, known := ofContainers[end]
			return e, known
		}
	}
	return Explanation{}, false
}

// ofContainers explains the codes of the page's containers, without the service.
var ofContainers = map[string]Explanation{
	"no-image": {
		Looks: "`docker run` answers `No such image`, or tries to pull and fails",
		Why:   "the image was removed, or was never loaded on a host without a registry",
		Fix:   []string{"docker -H=tcp://HOST:2375 pull IMAGE", "docker -H=tcp://HOST:2375 run …"},
	},
	"missing": {
		Looks: "`docker ps --all` on the host lacks it",
		Why:   "the page's command was not typed for this host, or the container was removed",
		Fix:   []string{"docker -H=tcp://HOST:2375 run …"},
	},
	"port-taken": {
		Looks: "the port answers, but not as it should; the container is Created, not Up",
		Why:   "another container was published on the port first",
		Fix:   []string{"docker -H=tcp://HOST:2375 rm -f OTHER", "docker -H=tcp://HOST:2375 start CONTAINER"},
	},
	"paused": {
		Looks: "`docker ps` shows it as Up (Paused); its port is open and nothing answers",
		Why:   "`docker pause` was typed, or a tool for backups left it so",
		Fix:   []string{"docker -H=tcp://HOST:2375 unpause CONTAINER"},
	},
	"restarting": {
		Looks: "`docker ps` shows Restarting, or Up for a few seconds again and again",
		Why: "the program ends because of its arguments or environment, and the restart policy starts it " +
			"again; `docker logs` has the reason",
		Fix: []string{"docker -H=tcp://HOST:2375 logs CONTAINER", "docker -H=tcp://HOST:2375 rm -f CONTAINER"},
	},
	"stopped": {
		Looks: "`docker ps --all` shows it as Exited",
		Why: "it was stopped by hand, its host was restarted and it has no restart policy, or its program " +
			"ended; the exit code tells: 0 or 137 by hand, 1 or 2 by itself",
		Fix: []string{"docker -H=tcp://HOST:2375 start CONTAINER"},
	},
	"wrong-port": {
		Looks: "`docker port` shows another port than the page's, or none",
		Why:   "-p was left out, or has another host port",
		Fix:   []string{"docker -H=tcp://HOST:2375 rm -f CONTAINER", "docker -H=tcp://HOST:2375 run …"},
	},
	"other-image": {
		Looks: "`docker ps` shows another IMAGE; through port 3375 Swarm's own containers appear in lists that " +
			"should hide them",
		Why: "the image was retagged, or pulled from another registry",
		Fix: []string{"docker -H=tcp://HOST:2375 tag IMAGE NAME"},
	},
	"restart-policy": {
		Looks: "all works until the host restarts; then the container stays Exited, or comes up though it should not",
		Why:   "--restart was left out of `docker run`, or has another value",
		Fix:   []string{"docker -H=tcp://HOST:2375 update --restart=POLICY CONTAINER"},
	},
}

var explanations = map[string]Explanation{
	"bridge-over-hosts": {
		Looks: "`ip route` on the host shows two routes to other hosts' addresses, one of them to a bridge; " +
			"packets to these hosts never leave",
		Why: "a network was created on the host whose subnet covers other hosts: docker_gwbridge and `docker " +
			"network create` take the next free range of Docker's pools, 172.17.0.0/16 and following",
		Fix: []string{
			"ip route get ADDRESS", "docker network inspect NETWORK",
			"ip link set BRIDGE down", "docker network rm NETWORK",
		},
	},
	"docker-rules-lost": {
		Looks: "the host reaches everything and its containers reach nothing outside of it; `iptables-save -t " +
			"nat` lacks MASQUERADE, or the chain DOCKER",
		Why: "a firewall was started or reloaded, or `iptables -F` was typed, after the engine had added its " +
			"rules",
		Fix: []string{"systemctl restart docker"},
	},
	"filter-stops-all": {
		Looks: "the host reaches everything and its containers reach nothing outside of it, although Docker's " +
			"own rules are there",
		Why: "a rule in DOCKER-USER or FORWARD, or the policy of a firewall, drops all that the engine's " +
			"bridges forward",
		Fix: []string{"iptables -S DOCKER-USER", "iptables -D DOCKER-USER RULE"},
	},
	"containers-cut-off": {
		Looks: "`docker logs` of the Swarm container shows time-outs, while the same address answers on the " +
			"host",
		Why: "something between the container's bridge and the host's interface stops the packets: a rule " +
			"that labcheck does not read, a route, or a security module",
		Fix: []string{"iptables-save", "nft list ruleset", "ip route"},
	},
	"engine-proxy": {
		Looks: "the engine's log shows answers of a proxy to requests for its cluster store, such as 403 or " +
			"502; `systemctl show docker -p Environment` has HTTP_PROXY",
		Why: "the engine was given a proxy to pull images, and the hosts' addresses are not in NO_PROXY",
		Fix: []string{"systemctl edit docker", "systemctl restart docker"},
	},
	"network-no-attach": {
		Looks: "`docker run --net mynet` on one host fails with `could not get network sandbox` or `endpoint … " +
			"not found`; other hosts can",
		Why: "the host lost power while containers on the network ran: libnetwork's records of them stay, and " +
			"the engine can't tidy them up at its first start",
		Fix: []string{"systemctl restart docker"},
	},
	"manager-too-old": {
		Looks: "`docker info` through the manager lists nodes without a line Status",
		Why:   "the image `swarm` is an old one: Swarm tells the status of nodes since 1.1",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 pull swarm:1.2.9"},
	},
	"manager-two-primaries": {
		Looks: "`docker info` through each of the managers says `Role: primary`; both schedule containers, and " +
			"neither knows how many the other started",
		Why: "both were started without --replication, or with discovery paths that differ, so that they hold " +
			"different locks in Consul",
		Fix: []string{
			"docker -H=tcp://HOST:2375 rm -f CONTAINER",
			"docker -H=tcp://HOST:2375 run … manage --replication --advertise HOST:3375 …",
		},
	},
	"manager-proxy": {
		Looks: "the manager lists no nodes, or all as Pending; `docker logs` shows answers of a proxy",
		Why:   "the docker CLI put HTTP_PROXY of ~/.docker/config.json into the container's environment",
		Fix: []string{
			"docker -H=tcp://HOST:2375 inspect -f '{{.Config.Env}}' CONTAINER",
			"docker -H=tcp://HOST:2375 rm -f CONTAINER",
		},
	},
	"join-proxy": {
		Looks: "the join container runs and its key is not in Consul; `docker logs` shows answers of a proxy",
		Why:   "the docker CLI put HTTP_PROXY of ~/.docker/config.json into the container's environment",
		Fix: []string{
			"docker -H=tcp://HOST:2375 inspect -f '{{.Config.Env}}' CONTAINER",
			"docker -H=tcp://HOST:2375 rm -f CONTAINER",
		},
	},
	"join-other-arguments": {
		Looks: "`docker inspect` shows arguments that the page does not have, such as --ttl or --heartbeat; the " +
			"node is listed as Healthy",
		Why: "the container was started by other instructions, or tuned; it works",
		Fix: []string{"docker -H=tcp://HOST:2375 inspect -f '{{.Args}}' CONTAINER"},
	},
	"unreachable": {
		Looks: "claims about that service are not checked; a connection to it from this machine ends with no " +
			"answer, no route or a refusal",
		Why: "something between this machine and the node stops the connection before the service sees it: a " +
			"security group, a route, a firewall, an ssh login",
		Fix: []string{"labcheck doctor", "nc -vz ADDRESS PORT"},
	},
	"host-down": {
		Looks: "connections to all its ports time out or find no route, and no command can be run on it; Swarm " +
			"lists it as Healthy for up to three minutes more",
		Why: "it lost power, was shut down, or its machine was ended",
		Fix: []string{"labcheck up"},
	},
	"host-frozen": {
		Looks: "a connection is accepted, because the kernel's queue takes it, and no byte ever comes back; " +
			"ping may still answer",
		Why: "the virtual machine is paused or suspended, or it is so short of memory or CPU that no process runs",
		Fix: []string{"labcheck fault resume HOST"},
	},
	"host-link-down": {
		Looks: "`ip addr` on the host's console shows the interface without UP, or without the address; from " +
			"elsewhere the host looks switched off",
		Why: "the interface was taken down, or DHCP gave another address than the cluster was built with",
		Fix: []string{"ip link set eth0 up", "ip addr add ADDRESS/24 dev eth0"},
	},
	"host-unreachable": {
		Looks: "the engine answers on the host itself, and nothing answers from outside",
		Why: "a security group or a firewall outside the host drops the packets: the host's own packet filter " +
			"was read and has no such rule",
		Fix: []string{"nc -vz ADDRESS 2375"},
	},
	"host-name": {
		Looks: "`docker info` shows another Name than the page's, so Swarm lists the node by a name that " +
			"constraints such as node==store do not match",
		Why: "the host was renamed, or was made from an image without its name being set",
		Fix: []string{"hostname NAME"},
	},
	"engine-port-blocked": {
		Looks: "connections to port 2375 time out (DROP) or are refused (REJECT), although dockerd listens",
		Why: "a rule in the host's packet filter, often a default policy of the distribution's firewall, " +
			"matches the engine's port",
		Fix: []string{"iptables-save | grep 2375", "iptables -D CHAIN RULE"},
	},
	"engine-ended": {
		Looks: "connections to port 2375 are refused at once; `ps` on the host shows no dockerd",
		Why:   "dockerd was stopped, crashed, or was started without --host=tcp://…:2375",
		Fix:   []string{"systemctl start docker", "journalctl -u docker -n 50"},
	},
	"engine-bad-advertise": {
		Looks: "dockerd ends seconds after its start, with a line about `advertise` in its log",
		Why: "--cluster-advertise names an interface or address that the host does not have, for example eth0 " +
			"on a host whose interface is ens5",
		Fix: []string{"ip addr", "dockerd --cluster-advertise=ADDRESS:2375 …"},
	},
	"engine-no-backend": {
		Looks: "dockerd does not start: `discovery service not supported`, or an unknown backend, in its log",
		Why: "the engine was compiled without libkv's Consul backend, as Debian 12's is, or the scheme of " +
			"--cluster-store is misspelt",
		Fix: []string{"dockerd --version", "dockerd --cluster-store=consul://ADDRESS:8500 …"},
	},
	"engine-port-taken": {
		Looks: "port 2375 answers, but not with the Engine API: a web page, or 404",
		Why:   "another program was started on 2375 before the engine, which then could not listen",
		Fix:   []string{"ss -ltnp 'sport = :2375'", "systemctl restart docker"},
	},
	"engine-frozen": {
		Looks: "`docker info` hangs; `ps` shows dockerd in state T",
		Why:   "dockerd received SIGSTOP: from a debugger, a job control, or an experiment",
		Fix:   []string{"pkill -CONT -x dockerd"},
	},
	"engine-silent": {
		Looks: "`docker info` connects and hangs, and what the host says of dockerd does not tell why",
		Why:   "the engine deadlocks, waits for a disk, or packets of its answers are lost on the way",
		Fix:   []string{"systemctl restart docker", "labcheck fault list"},
	},
	"engine-hangs": {
		Looks: "dockerd runs, `docker ps` answers sometimes and `docker info` does not",
		Why: "the engine waits inside for something that does not end: mostly its cluster store, and if that " +
			"answers, a disk or a plugin",
		Fix: []string{"systemctl restart docker"},
	},
	"engine-same-id": {
		Looks: "Swarm lists only one of the two hosts, and its log says that the ID is duplicated",
		Why:   "the host was cloned from the other with /etc/docker/key.json in place, from which the ID is made",
		Fix:   []string{"rm /etc/docker/key.json", "systemctl restart docker"},
	},
	"engine-too-new": {
		Looks: "`docker info` shows version 23 or later and no Cluster Store; dockerd refuses the flag",
		Why: "--cluster-store and --cluster-advertise were removed in Engine 23.0, and with them overlay " +
			"networks over Consul",
		Fix: []string{"docker version"},
	},
	"engine-no-store": {
		Looks: "`docker info` shows no Cluster Store; mynet is missing in this host's `network ls`",
		Why: "the engine was started without the two flags, for example because the unit file was replaced by " +
			"an update",
		Fix: []string{"systemctl cat docker", "systemctl restart docker"},
	},
	"engine-wrong-store": {
		Looks: "`docker info` shows another address or path as Cluster Store; networks made elsewhere do not " +
			"appear here",
		Why: "the flag has another address, port or path than the other engines': they share nothing with this one",
		Fix: []string{"docker info", "systemctl restart docker"},
	},
	"engine-wrong-advertise": {
		Looks: "`docker info` shows another host's address, another port or none as Cluster Advertise; others " +
			"send its packets astray",
		Why: "the flag was copied from another host, or its interface has several addresses",
		Fix: []string{"docker info", "systemctl restart docker"},
	},
	"engine-not-registered": {
		Looks: "`consul kv get -recurse docker/nodes/` lacks the host",
		Why: "the engine's first attempt failed because Consul was not there yet, and the next comes a " +
			"heartbeat later",
		Fix: []string{"systemctl restart docker"},
	},
	"engine-short-ttl": {
		Looks: "the engine's log repeats `cannot set or renew session for ttl`, and the host never appears " +
			"below docker/nodes/",
		Why: "the session gets half of discovery.ttl, and Consul refuses sessions shorter than 10 s",
		Fix: []string{"dockerd --cluster-store-opt discovery.ttl=60 …"},
	},
	"disk-full": {
		Looks: "`docker run` and `docker pull` fail with `no space left on device`; what runs goes on",
		Why:   "images, logs of containers or volumes filled the file system below /var/lib/docker",
		Fix:   []string{"docker -H=tcp://ADDRESS:2375 system df", "docker -H=tcp://ADDRESS:2375 image prune"},
	},
	"forwarding-off": {
		Looks: "published ports such as 8500 and 3375 do not answer from outside, and answer on the host itself",
		Why: "net.ipv4.ip_forward was set to 0, by hand, by sysctl.d or by a hardening script, after dockerd " +
			"had set it to 1",
		Fix: []string{"sysctl -w net.ipv4.ip_forward=1"},
	},
	"consul-wrong-arguments": {
		Looks: "`docker ps --no-trunc` shows another command than `/bin/start -server -bootstrap`",
		Why:   "the container was made by another command line than the page's",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 inspect CONTAINER"},
	},
	"consul-no-leader": {
		Looks: "/v1/status/leader is empty, and every write answers `No cluster leader`",
		Why:   "the election is not over yet, or the server kept peers in its data that do not exist any more",
		Fix:   []string{"curl http://MANAGER:8500/v1/status/leader", "docker -H=tcp://MANAGER:2375 logs CONTAINER"},
	},
	"consul-no-bootstrap": {
		Looks: "Consul answers, never has a leader, and logs `no known peers`",
		Why:   "a single server elects itself only with -bootstrap; without it, it waits for others to join",
		Fix: []string{
			"docker -H=tcp://MANAGER:2375 run --restart=unless-stopped -d -p 8500:8500 -h consul progrium/consul -server -bootstrap",
		},
	},
	"consul-no-quorum": {
		Looks: "Consul answers reads that may be stale and refuses writes; the Swarm managers lose their lock",
		Why:   "more than half of the servers are lost: of three, two must run",
		Fix:   []string{"docker -H=tcp://HOST:2375 start CONTAINER"},
	},
	"consul-blocked": {
		Looks: "connections to port 8500 time out, from outside or from one host only; engines hang that wait " +
			"for their cluster store",
		Why: "a rule in the packet filter of the manager, or of the host that dials, matches the port",
		Fix: []string{"iptables-save | grep 8500", "iptables -D CHAIN RULE"},
	},
	"consul-silent": {
		Looks: "the container is Up, and port 8500 neither answers nor refuses",
		Why:   "Consul hangs, or the port is forwarded to an address that the container does not have any more",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 restart CONTAINER"},
	},
	"consul-unreachable": {
		Looks: "the host's engine hangs or loses its registration, while Consul answers everybody else",
		Why:   "something between the host and the manager stops port 8500",
		Fix:   []string{"nc -vz MANAGER 8500"},
	},
	"manager-wrong-arguments": {
		Looks: "`docker ps --no-trunc` shows another command than the page's `swarm manage`",
		Why:   "the container was made with further options or in another order",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 rm -f CONTAINER"},
	},
	"manager-wrong-discovery": {
		Looks: "`docker info` through port 3375 shows no nodes, although their keys are in Consul",
		Why:   "the discovery URL of `swarm manage` has another address, port or path than that of `swarm join`",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 inspect CONTAINER"},
	},
	"manager-wrong-strategy": {
		Looks: "`docker info` shows `Strategy: binpack` or random; containers pile up on one node",
		Why:   "`swarm manage` was started with --strategy",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 rm -f CONTAINER"},
	},
	"manager-blocked": {
		Looks: "connections to port 3375 time out, and the container is Up",
		Why:   "a rule in the manager's packet filter matches the port",
		Fix:   []string{"iptables-save | grep 3375", "iptables -D CHAIN RULE"},
	},
	"manager-silent": {
		Looks: "the container is Up, and `docker info` through port 3375 hangs or is answered by an engine",
		Why:   "the manager hangs on Consul or a node, or DOCKER_HOST points at 2375",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 restart CONTAINER"},
	},
	"manager-no-primary": {
		Looks: "every manager says `Role: replica` and names no primary; commands wait",
		Why: "the lock in Consul is held by a manager that is lost, until its TTL of 20 s is over, or Consul " +
			"takes no writes",
		Fix: []string{"consul kv get docker/swarm/leader"},
	},
	"manager-cut-off": {
		Looks: "the manager lists the node as Pending or with an Error, although the engine answers from here",
		Why: "a packet filter or a route on the manager's host, or on the way, stops what goes to port 2375 " +
			"of the node",
		Fix: []string{"nc -vz NODE 2375"},
	},
	"member-missing": {
		Looks: "the node's key is in Consul and `docker info` through port 3375 lacks it",
		Why:   "the manager lost its watch on Consul, after which it asks again only every 60 s",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 restart CONTAINER"},
	},
	"member-unhealthy": {
		Looks: "`docker info` through port 3375 lists the node as Pending or Unhealthy, with an Error",
		Why:   "the manager could not reach the engine when it last asked; it asks a node that failed less often",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 restart CONTAINER"},
	},
	"join-twice": {
		Looks: "`docker ps` on the node shows two `swarm join` containers",
		Why:   "the page's command was typed twice: nothing stops the second one, and both renew the same key",
		Fix:   []string{"docker -H=tcp://NODE:2375 rm -f CONTAINER"},
	},
	"join-wrong-discovery": {
		Looks: "the container runs and logs errors, or its key appears below another path of Consul's",
		Why:   "the discovery URL has another address, port or path than that of the manager",
		Fix:   []string{"docker -H=tcp://NODE:2375 inspect CONTAINER"},
	},
	"join-wrong-address": {
		Looks: "another host is registered in this one's place; Swarm lists one node less",
		Why:   "the address in --advertise was not changed when the command was repeated for this host",
		Fix:   []string{"docker -H=tcp://NODE:2375 rm -f CONTAINER"},
	},
	"join-wrong-port": {
		Looks: "Swarm lists the node as Pending: connection refused",
		Why:   "--advertise has a port on which no engine listens; the wrong key stays until its TTL of 180 s is over",
		Fix:   []string{"docker -H=tcp://NODE:2375 rm -f CONTAINER"},
	},
	"key-missing": {
		Looks: "`consul kv get -recurse docker/swarm/nodes/` lacks the node, and its join container runs",
		Why: "the key was deleted, or Consul lost its data; the container writes it again at its next " +
			"heartbeat of 60 s",
		Fix: []string{"docker -H=tcp://NODE:2375 restart CONTAINER"},
	},
	"key-wrong": {
		Looks: "the key's value is not the address in its name, and Swarm dials the value",
		Why:   "the key was written by hand",
		Fix: []string{
			"consul kv delete docker/swarm/nodes/ADDRESS:2375",
			"docker -H=tcp://NODE:2375 restart CONTAINER",
		},
	},
	"key-stale": {
		Looks: "the node stays in Swarm's list after it is gone",
		Why: "the key belongs to no session, so nothing deletes it: it was put there by hand, or restored " +
			"from a backup",
		Fix: []string{
			"consul kv delete docker/swarm/nodes/ADDRESS:2375",
			"docker -H=tcp://NODE:2375 restart CONTAINER",
		},
	},
	"key-without-node": {
		Looks: "`docker info` through port 3375 lists one node too many, as Pending",
		Why:   "a host that is not part of the cluster has joined it, or left less than 180 s ago",
		Fix:   []string{"consul kv delete docker/swarm/nodes/ADDRESS:2375"},
	},
	"key-no-address": {
		Looks: "the manager's log repeats `Invalid` for an entry, and Swarm may list no node at all",
		Why:   "somebody wrote a key below docker/swarm/nodes/ that is no ADDRESS:PORT",
		Fix:   []string{"consul kv delete docker/swarm/nodes/KEY"},
	},
	"manager-joined": {
		Looks: "`docker info` through port 3375 lists the manager as a fifth node, which gets containers",
		Why:   "`swarm join` was typed with the manager's own address",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 rm -f CONTAINER"},
	},
	"network-missing": {
		Looks: "`docker network ls` on the engine, or on all of them, has no mynet",
		Why: "it was never created or was removed; if only one engine lacks it, that engine has not read the " +
			"cluster store since",
		Fix: []string{"docker -H=tcp://MANAGER:3375 network create --driver overlay mynet"},
	},
	"network-wrong-driver": {
		Looks: "`docker network ls` shows mynet with the driver bridge; containers reach those on their own " +
			"host only",
		Why: "it was created without --driver overlay, or through port 2375 of one engine",
		Fix: []string{"docker -H=tcp://MANAGER:3375 network create --driver overlay mynet"},
	},
	"network-twice": {
		Looks: "`docker network ls` on that host shows mynet twice; `docker run --net mynet` takes either",
		Why:   "a local network was given the name of the overlay network",
		Fix:   []string{"docker -H=tcp://HOST:2375 network rm ID"},
	},
	"network-clash": {
		Looks: "containers on mynet lose the hosts, or hosts lose one another, when the first container is attached",
		Why:   "the network's subnet overlaps one of a host's interfaces",
		Fix:   []string{"docker -H=tcp://MANAGER:3375 network create --driver overlay --subnet 10.0.9.0/24 mynet"},
	},
	"network-mtu": {
		Looks: "ping works and larger transfers hang, or nothing works at all",
		Why: "the option com.docker.network.driver.mtu of the network leaves no 50 bytes for the VXLAN " +
			"header, or is below 576",
		Fix: []string{
			"docker -H=tcp://MANAGER:3375 network create --driver overlay --opt com.docker.network.driver.mtu=1450 mynet",
		},
	},
	"mtu-small": {
		Looks: "ping works and larger transfers to that host hang",
		Why: "the host's interface has an MTU below 1500, as in VPNs, tunnels and some clouds, and mynet uses " +
			"1450 plus 50 bytes of VXLAN",
		Fix: []string{"ip link set eth0 mtu 1500"},
	},
	"consul-data-lost": {
		Looks: "mynet and the nodes are gone, although nobody removed them; Consul's container is younger than " +
			"the others",
		Why: "Consul's container was removed with its data and made again: the page gives it no volume",
		Fix: []string{"docker -H=tcp://MANAGER:3375 network create --driver overlay mynet"},
	},
	"host-cut": {
		Looks: "two hosts lose each other entirely while both answer everybody else",
		Why:   "a rule in the packet filter drops all packets of an address",
		Fix:   []string{"iptables-save | grep ADDRESS", "iptables -D CHAIN RULE"},
	},
	"gossip-blocked": {
		Looks: "mynet is listed everywhere; new containers are not told to the host, and after a while it is " +
			"taken for failed",
		Why: "a rule in the packet filter matches port 7946, which the engines use over TCP and UDP",
		Fix: []string{"iptables-save | grep 7946", "iptables -D CHAIN RULE"},
	},
	"vxlan-blocked": {
		Looks: "names resolve, and every ping between the hosts is lost",
		Why:   "a rule in the packet filter matches UDP port 4789, which carries the packets of overlay networks",
		Fix:   []string{"iptables-save | grep 4789", "iptables -D CHAIN RULE"},
	},
	"gossip-not-joined": {
		Looks: "port 7946 of the host refuses, although its key is below docker/nodes/",
		Why:   "the engine starts its gossip when it finds itself in Consul, and did not: its watch was lost",
		Fix:   []string{"systemctl restart docker"},
	},
	"gossip-silent": {
		Looks: "port 7946 of the host does not answer",
		Why:   "a security group or firewall outside the host stops the port, or the engine hangs",
		Fix:   []string{"nc -vz HOST 7946", "nc -vzu HOST 7946"},
	},
	"gossip-cut-off": {
		Looks: "the host's gossip answers from here, and from no other host",
		Why:   "a security group allows this machine and not the hosts among themselves, often TCP only and not UDP",
		Fix:   []string{"nc -vzu HOST 7946"},
	},
	"gossip-split": {
		Looks: "mynet is listed everywhere, and containers in different parts never reach one another",
		Why: "each engine looks for one other, once, when it registers; engines that register at the same " +
			"moment can form two groups",
		Fix: []string{"labcheck bootstrap"},
	},
	"neighbours-lost": {
		Looks: "containers made earlier never reach those on other hosts; new ones do",
		Why:   "the endpoint event was sent before the engines had found one another, and is not sent again",
		Fix:   []string{"docker -H=tcp://HOST:2375 restart CONTAINER"},
	},
	"neighbour-stale": {
		Looks: "one host's containers lose a container that everybody else reaches",
		Why:   "the engine keeps where an address was that it once had to ask for, after the container is gone",
		Fix:   []string{"systemctl restart docker"},
	},
	"packets-lost": {
		Looks: "test containers do not reach one another, and every layer below looks right",
		Why: "something between the hosts stops or loses UDP 4789, or large packets: a security group, a VPN, " +
			"a bad link",
		Fix: []string{"nc -vzu HOST 4789", "ping -M do -s 1472 HOST"},
	},
	"unexplained": {
		Looks: "claims are false, and all that was asked of the cluster is right",
		Why:   "the cause is over, or is none that labcheck knows",
		Fix:   []string{"labcheck check --out DIR", "labcheck diagnose --packets"},
	},
}
