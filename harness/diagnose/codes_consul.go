package diagnose

import "labcheck/harness"

// consulRows are the codes of Consul, without those of its container.
var consulRows = []Code{
	{
		Code: "consul-wrong-arguments", Section: consulSection, Breaks: consulLookKind,
		Title:  "the Consul container has other arguments",
		Cause:  "%s on %s has other arguments than the page gives it",
		Advice: "it works as it is; its data is lost if it is created again: %s, then %s",
		Looks:  "`docker ps --no-trunc` shows another command than `/bin/start -server -bootstrap`",
		Why:    "the container was made by another command line than the page's",
		Fix:    []string{"docker -H=tcp://MANAGER:2375 inspect CONTAINER"},
	},
	{
		Code: "consul-no-leader", Section: consulSection, Breaks: consulKind, Sure: harness.Likely,
		Title: "Consul has no leader", Cause: "%s on %s answers but has no leader",
		Advice: "an election takes up to 10 s after a start: ask again; else look at docker logs %s",
		Looks:  "/v1/status/leader is empty, and every write answers `No cluster leader`",
		Why:    "the election is not over yet, or the server kept peers in its data that do not exist any more",
		Fix:    []string{"curl http://MANAGER:8500/v1/status/leader", "docker -H=tcp://MANAGER:2375 logs CONTAINER"},
	},
	{
		Code: "consul-no-bootstrap", Section: consulSection, Breaks: consulKind,
		Title: "Consul was started without -bootstrap",
		Cause: "Consul was started without -bootstrap: it waits for other servers and never has a leader",
		Looks: "Consul answers, never has a leader, and logs `no known peers`",
		Why:   "a single server elects itself only with -bootstrap; without it, it waits for others to join",
		Fix: []string{
			"docker -H=tcp://MANAGER:2375 run --restart=unless-stopped -d -p 8500:8500 -h consul progrium/consul -server -bootstrap",
		},
	},
	{
		Code: "consul-no-quorum", Section: consulSection, Breaks: consulKind,
		Title: "Consul has lost its quorum",
		Cause: "Consul has lost its quorum: %d of its %d servers run, and a leader needs %d",
		Looks: "Consul answers reads that may be stale and refuses writes; the Swarm managers lose their lock",
		Why:   "more than half of the servers are lost: of three, two must run",
		Fix:   []string{"docker -H=tcp://HOST:2375 start CONTAINER"},
	},
	{
		Code: "consul-blocked", Section: consulSection, Breaks: consulKind,
		Title: "a packet filter stops traffic to Consul",
		Cause: "the packet filter of %s stops traffic on port %d",
		Looks: "connections to port 8500 time out, from outside or from one host only; engines hang that wait " +
			"for their cluster store",
		Why:   "a rule in the packet filter of the manager, or of the host that dials, matches the port",
		Fix:   []string{"iptables-save | grep 8500", "iptables -D CHAIN RULE"},
		Fault: "cut HOST,HOST --port 8500",
	},
	{
		Code: "consul-silent", Section: consulSection, Breaks: consulKind, Sure: harness.Likely,
		Title: "Consul's container runs, and its port does not answer",
		Cause: "the Consul container runs, and port %d does not answer",
		Looks: "the container is Up, and port 8500 neither answers nor refuses",
		Why:   "Consul hangs, or the port is forwarded to an address that the container does not have any more",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 restart CONTAINER"},
	},
	{
		Code: "consul-unreachable", Section: consulSection, Breaks: reachKind, Sure: harness.Likely,
		Title: "a host does not reach Consul", Cause: "%s can't reach Consul",
		Advice: "look for what is between: security groups, routes, firewalls",
		Looks:  "the host's engine hangs or loses its registration, while Consul answers everybody else",
		Why:    "something between the host and the manager stops port 8500",
		Fix:    []string{"nc -vz MANAGER 8500"},
	},
}
