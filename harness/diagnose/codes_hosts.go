package diagnose

import "labcheck/harness"

// hostRows are the codes of hosts and engines.
var hostRows = []Code{
	{
		Code: "unreachable", Section: hostsSection, Breaks: engineKind,
		Title:  "a service can't be reached from this machine",
		Advice: "look for what is between: security groups, routes, firewalls",
		Looks: "claims about that service are not checked; a connection to it from this machine ends with no " +
			"answer, no route or a refusal",
		Why: "something between this machine and the node stops the connection before the service sees it: a " +
			"security group, a route, a firewall, an ssh login",
		Fix: []string{"labcheck doctor", "nc -vz ADDRESS PORT"},
	},
	{
		Code: "host-down", Section: hostsSection, Breaks: engineKind,
		Title: "a host is down", Cause: "the host %s is down",
		Advice: "start the host, and look at why it ended",
		Looks: "connections to all its ports time out or find no route, and no command can be run on it; Swarm " +
			"lists it as Healthy for up to three minutes more",
		Why:   "it lost power, was shut down, or its machine was ended",
		Fix:   []string{"labcheck up"},
		Fault: "kill HOST",
	},
	{
		Code: "host-frozen", Section: hostsSection, Breaks: engineKind, Sure: harness.Likely,
		Title:  "a host takes connections and runs nothing",
		Cause:  "%s accepts connections, but nothing runs on it",
		Advice: "the machine is paused or overloaded: resume or restart it",
		Looks: "a connection is accepted, because the kernel's queue takes it, and no byte ever comes back; " +
			"ping may still answer",
		Why:   "the virtual machine is paused or suspended, or it is so short of memory or CPU that no process runs",
		Fix:   []string{"labcheck fault resume HOST"},
		Fault: "pause HOST",
	},
	{
		Code: "host-link-down", Section: hostsSection, Breaks: engineKind,
		Title:  "no network interface that is up has the host's address",
		Cause:  "no network interface of %s that is up has the address %s",
		Advice: "bring the interface up, or give it its address again",
		Looks: "`ip addr` on the host's console shows the interface without UP, or without the address; from " +
			"elsewhere the host looks switched off",
		Why: "the interface was taken down, or DHCP gave another address than the cluster was built with",
		Fix: []string{"ip link set eth0 up", "ip addr add ADDRESS/24 dev eth0"},
	},
	{
		Code: "host-unreachable", Section: hostsSection, Breaks: engineKind, Sure: harness.Likely,
		Title:  "a host can't be reached, although its engine runs",
		Cause:  "%s can't be reached on port %d, although its engine runs",
		Advice: "look for what is between: security groups, routes, firewalls",
		Looks:  "the engine answers on the host itself, and nothing answers from outside",
		Why: "a security group or a firewall outside the host drops the packets: the host's own packet filter " +
			"was read and has no such rule",
		Fix: []string{"nc -vz ADDRESS 2375"},
	},
	{
		Code: "host-name", Section: hostsSection, Breaks: nameKind,
		Title: "a host has another name", Cause: "the host at %[1]s calls itself %[2]s, not %[3]s",
		Looks: "`docker info` shows another Name than the page's, so Swarm lists the node by a name that " +
			"constraints such as node==store do not match",
		Why: "the host was renamed, or was made from an image without its name being set",
		Fix: []string{"hostname NAME"},
	},
	{
		Code: "engine-port-blocked", Section: hostsSection, Breaks: engineKind,
		Title: "a packet filter stops traffic to an engine",
		Cause: "the packet filter of %s stops traffic on port %d",
		Looks: "connections to port 2375 time out (DROP) or are refused (REJECT), although dockerd listens",
		Why: "a rule in the host's packet filter, often a default policy of the distribution's firewall, " +
			"matches the engine's port",
		Fix:   []string{"iptables-save | grep 2375", "iptables -D CHAIN RULE"},
		Fault: "cut HOST,HOST --port 2375",
	},
	{
		Code: "engine-ended", Section: hostsSection, Breaks: engineKind,
		Title: "no engine listens", Cause: "no engine listens on port %d of %s",
		Advice: "start the engine with --host=tcp://%s: systemctl start docker, on the host itself",
		Looks:  "connections to port 2375 are refused at once; `ps` on the host shows no dockerd",
		Why:    "dockerd was stopped, crashed, or was started without --host=tcp://…:2375",
		Fix:    []string{"systemctl start docker", "journalctl -u docker -n 50"},
	},
	{
		Code: "engine-bad-advertise", Section: hostsSection, Breaks: engineKind,
		Title:  "an engine does not start because it can't advertise its address",
		Cause:  "the engine of %s does not start: what it is to advertise is no address of it",
		Advice: "start it with --cluster-advertise=%s",
		Looks:  "dockerd ends seconds after its start, with a line about `advertise` in its log",
		Why: "--cluster-advertise names an interface or address that the host does not have, for example eth0 " +
			"on a host whose interface is ens5",
		Fix: []string{"ip addr", "dockerd --cluster-advertise=ADDRESS:2375 …"},
	},
	{
		Code: "engine-no-backend", Section: hostsSection, Breaks: engineKind,
		Title: "an engine was built without the backend of its cluster store",
		Cause: "the engine of %s does not start: it was built without the backend that its cluster store names",
		Advice: "start it with --cluster-store=%s, and an engine that has Consul's backend (up to 20.10; Debian 12's " +
			"has not)",
		Looks: "dockerd does not start: `discovery service not supported`, or an unknown backend, in its log",
		Why: "the engine was compiled without libkv's Consul backend, as Debian 12's is, or the scheme of " +
			"--cluster-store is misspelt",
		Fix: []string{"dockerd --version", "dockerd --cluster-store=consul://ADDRESS:8500 …"},
	},
	{
		Code: "engine-port-taken", Section: hostsSection, Breaks: engineKind,
		Title:  "another service has the engine's port",
		Cause:  "what answers on port %d of %s is not a Docker engine",
		Advice: "stop what has the port and start the engine",
		Looks:  "port 2375 answers, but not with the Engine API: a web page, or 404",
		Why:    "another program was started on 2375 before the engine, which then could not listen",
		Fix:    []string{"ss -ltnp 'sport = :2375'", "systemctl restart docker"},
	},
	{
		Code: "engine-frozen", Section: hostsSection, Breaks: engineKind,
		Title: "an engine is stopped by a signal",
		Cause: "the engine of %s is stopped: it accepts connections but does not answer",
		Looks: "`docker info` hangs; `ps` shows dockerd in state T",
		Why:   "dockerd received SIGSTOP: from a debugger, a job control, or an experiment",
		Fix:   []string{"pkill -CONT -x dockerd"},
	},
	{
		Code: "engine-silent", Section: hostsSection, Breaks: engineKind, Sure: harness.Likely,
		Title:  "an engine gives no answer",
		Cause:  "the engine of %s accepts connections but does not answer",
		Advice: "restart it: systemctl restart docker, on the host itself",
		Looks:  "`docker info` connects and hangs, and what the host says of dockerd does not tell why",
		Why:    "the engine deadlocks, waits for a disk, or packets of its answers are lost on the way",
		Fix:    []string{"systemctl restart docker", "labcheck fault list"},
	},
	{
		Code: "engine-hangs", Section: hostsSection, Breaks: engineKind, Sure: harness.Likely,
		Title:  "an engine runs and does not answer",
		Cause:  "the engine of %s runs, accepts connections and does not answer",
		Advice: "restart it: systemctl restart docker, on the host itself",
		Looks:  "dockerd runs, `docker ps` answers sometimes and `docker info` does not",
		Why: "the engine waits inside for something that does not end: mostly its cluster store, and if that " +
			"answers, a disk or a plugin",
		Fix: []string{"systemctl restart docker"},
	},
	{
		Code: "engine-same-id", Section: hostsSection, Breaks: memberKind,
		Title: "two engines have the same ID", Cause: "the engines of %s and %s have the same ID",
		Advice: "the host was copied: remove /etc/docker/key.json on %s and restart its engine",
		Looks:  "Swarm lists only one of the two hosts, and its log says that the ID is duplicated",
		Why:    "the host was cloned from the other with /etc/docker/key.json in place, from which the ID is made",
		Fix:    []string{"rm /etc/docker/key.json", "systemctl restart docker"},
	},
	{
		Code: "engine-too-new", Section: hostsSection, Breaks: settingKind,
		Title:  "an engine is too new for a cluster store",
		Cause:  "the engine of %s is %s: --cluster-store is gone since 23.0",
		Advice: "install Engine 20.10 or older",
		Looks:  "`docker info` shows version 23 or later and no Cluster Store; dockerd refuses the flag",
		Why: "--cluster-store and --cluster-advertise were removed in Engine 23.0, and with them overlay " +
			"networks over Consul",
		Fix: []string{"docker version"},
	},
	{
		Code: "engine-no-store", Section: hostsSection, Breaks: settingKind,
		Title: "an engine has no cluster store",
		Cause: "the engine of %s has no cluster store: overlay networks do not reach it",
		Advice: "restart the engine with --cluster-store=%s --cluster-advertise=%s (in /etc/default/docker or the " +
			"unit), on the host itself",
		Looks: "`docker info` shows no Cluster Store; mynet is missing in this host's `network ls`",
		Why: "the engine was started without the two flags, for example because the unit file was replaced by " +
			"an update",
		Fix: []string{"systemctl cat docker", "systemctl restart docker"},
	},
	{
		Code: "engine-wrong-store", Section: hostsSection, Breaks: settingKind,
		Title: "an engine has another cluster store",
		Cause: "the engine of %s has another cluster store",
		Advice: "restart the engine with --cluster-store=%s --cluster-advertise=%s (in /etc/default/docker or the " +
			"unit), on the host itself",
		Looks: "`docker info` shows another address or path as Cluster Store; networks made elsewhere do not " +
			"appear here",
		Why: "the flag has another address, port or path than the other engines': they share nothing with this one",
		Fix: []string{"docker info", "systemctl restart docker"},
	},
	{
		Code: "engine-wrong-advertise", Section: hostsSection, Breaks: settingKind,
		Title: "an engine does not advertise its own address",
		Cause: "the engine of %s does not advertise its own address",
		Advice: "restart the engine with --cluster-store=%s --cluster-advertise=%s (in /etc/default/docker or the " +
			"unit), on the host itself",
		Looks: "`docker info` shows another host's address, another port or none as Cluster Advertise; others " +
			"send its packets astray",
		Why: "the flag was copied from another host, or its interface has several addresses",
		Fix: []string{"docker info", "systemctl restart docker"},
	},
	{
		Code: "engine-not-registered", Section: hostsSection, Breaks: registeredKind,
		Title:  "an engine is not registered with Consul",
		Cause:  "the engine of %s is not registered with Consul",
		Advice: "an engine registers within its discovery.heartbeat, 20 s by default; restart the engine if it does not",
		Looks:  "`consul kv get -recurse docker/nodes/` lacks the host",
		Why: "the engine's first attempt failed because Consul was not there yet, and the next comes a " +
			"heartbeat later",
		Fix: []string{"systemctl restart docker"},
	},
	{
		Code: "engine-short-ttl", Section: hostsSection, Breaks: registeredKind,
		Title:  "an engine's discovery.ttl is shorter than Consul allows",
		Cause:  "the engine of %s never registers: Consul refuses sessions as short as half its discovery.ttl",
		Advice: "restart it with discovery.ttl=60, or without that option",
		Looks: "the engine's log repeats `cannot set or renew session for ttl`, and the host never appears " +
			"below docker/nodes/",
		Why: "the session gets half of discovery.ttl, and Consul refuses sessions shorter than 10 s",
		Fix: []string{"dockerd --cluster-store-opt discovery.ttl=60 …"},
	},
	{
		Code: "disk-full", Section: hostsSection, Breaks: diskKind,
		Title:  "an engine has no room left",
		Cause:  "there is no room left where the engine of %s writes",
		Advice: "make room: %s shows what takes it",
		Looks:  "`docker run` and `docker pull` fail with `no space left on device`; what runs goes on",
		Why:    "images, logs of containers or volumes filled the file system below /var/lib/docker",
		Fix:    []string{"docker -H=tcp://ADDRESS:2375 system df", "docker -H=tcp://ADDRESS:2375 image prune"},
		Fault:  "fill-disk HOST",
	},
	{
		Code: "forwarding-off", Section: hostsSection, Breaks: packetKind,
		Title: "a host's kernel does not forward packets",
		Cause: "the kernel of %s does not forward packets: published ports lead nowhere",
		Looks: "published ports such as 8500 and 3375 do not answer from outside, and answer on the host itself",
		Why: "net.ipv4.ip_forward was set to 0, by hand, by sysctl.d or by a hardening script, after dockerd " +
			"had set it to 1",
		Fix: []string{"sysctl -w net.ipv4.ip_forward=1"},
	},
	{
		Code: "bridge-over-hosts", Section: hostsSection, Breaks: packetKind,
		Title: "a network interface has addresses of other hosts",
		Cause: "the interface %s of %s has addresses of other hosts: what goes to %s does not leave the host",
		Advice: "if the network is needed, create it again with another --subnet; default-address-pools in " +
			"/etc/docker/daemon.json keeps Docker away from the hosts' addresses",
		Looks: "`ip route` on the host shows two routes to other hosts' addresses, one of them to a bridge; " +
			"packets to these hosts never leave",
		Why: "a network was created on the host whose subnet covers other hosts: docker_gwbridge and `docker " +
			"network create` take the next free range of Docker's pools, 172.17.0.0/16 and following",
		Fix: []string{
			"ip route get ADDRESS", "docker network inspect NETWORK",
			"ip link set BRIDGE down", "docker network rm NETWORK",
		},
	},
	{
		Code: "docker-rules-lost", Section: hostsSection, Breaks: placeKind,
		Title: "a packet filter has lost Docker's rules",
		Cause: "the packet filter of %s has lost Docker's rules: its containers reach nothing outside of it",
		Advice: "restart the engine of %s, which adds them again, after whatever flushes the filter (systemctl " +
			"restart docker)",
		Looks: "the host reaches everything and its containers reach nothing outside of it; `iptables-save -t " +
			"nat` lacks MASQUERADE, or the chain DOCKER",
		Why: "a firewall was started or reloaded, or `iptables -F` was typed, after the engine had added its " +
			"rules",
		Fix: []string{"systemctl restart docker"},
	},
	{
		Code: "filter-stops-all", Section: hostsSection, Breaks: placeKind,
		Title:  "a packet filter stops all traffic of a host's containers",
		Cause:  "the packet filter of %s stops all that its containers send and receive",
		Advice: "take the rule away, on %s itself: %s",
		Looks: "the host reaches everything and its containers reach nothing outside of it, although Docker's " +
			"own rules are there",
		Why: "a rule in DOCKER-USER or FORWARD, or the policy of a firewall, drops all that the engine's " +
			"bridges forward",
		Fix: []string{"iptables -S DOCKER-USER", "iptables -D DOCKER-USER RULE"},
	},
	{
		Code: "containers-cut-off", Section: hostsSection, Breaks: placeKind, Sure: harness.Likely,
		Title:  "containers of a host do not reach what the host reaches",
		Cause:  "the Swarm container on %s does not reach %s, although the host does",
		Advice: "look at the packet filter and the routes of the host: iptables-save, nft list ruleset, ip route",
		Looks: "`docker logs` of the Swarm container shows time-outs, while the same address answers on the " +
			"host",
		Why: "something between the container's bridge and the host's interface stops the packets: a rule " +
			"that labcheck does not read, a route, or a security module",
		Fix: []string{"iptables-save", "nft list ruleset", "ip route"},
	},
	{
		Code: "engine-proxy", Section: hostsSection, Breaks: registeredKind,
		Title: "an engine asks its cluster store through a proxy",
		Cause: "the engine of %s is not registered with Consul: it asks Consul through the proxy %s",
		Advice: "add %s to NO_PROXY where the engine has its proxy from (such as " +
			"/etc/systemd/system/docker.service.d) and restart the engine of %s",
		Looks: "the engine's log shows answers of a proxy to requests for its cluster store, such as 403 or " +
			"502; `systemctl show docker -p Environment` has HTTP_PROXY",
		Why: "the engine was given a proxy to pull images, and the hosts' addresses are not in NO_PROXY",
		Fix: []string{"systemctl edit docker", "systemctl restart docker"},
	},
}
