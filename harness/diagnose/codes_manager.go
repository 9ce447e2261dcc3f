package diagnose

import "labcheck/harness"

// managerRows are the codes of the Swarm manager, without those of its container.
var managerRows = []Code{
	{
		Code: "manager-wrong-arguments", Section: managerSection, Breaks: managerLookKind,
		Title:  "the Swarm manager container has other arguments",
		Cause:  "%s on %s has other arguments than the page gives it",
		Advice: "it works as it is; to have it as the page has it: %s, then %s",
		Looks:  "`docker ps --no-trunc` shows another command than the page's `swarm manage`",
		Why:    "the container was made with further options or in another order",
		Fix:    []string{"docker -H=tcp://MANAGER:2375 rm -f CONTAINER"},
	},
	{
		Code: "manager-wrong-discovery", Section: managerSection, Breaks: managerKind,
		Title: "the Swarm manager looks for its nodes in the wrong place",
		Cause: "%s on %s looks for its nodes in the wrong place",
		Looks: "`docker info` through port 3375 shows no nodes, although their keys are in Consul",
		Why:   "the discovery URL of `swarm manage` has another address, port or path than that of `swarm join`",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 inspect CONTAINER"},
	},
	{
		Code: "manager-wrong-strategy", Section: managerSection, Breaks: strategyKind,
		Title: "the Swarm manager does not spread containers",
		Cause: "%s on %s does not spread containers",
		Looks: "`docker info` shows `Strategy: binpack` or random; containers pile up on one node",
		Why:   "`swarm manage` was started with --strategy",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 rm -f CONTAINER"},
	},
	{
		Code: "manager-blocked", Section: managerSection, Breaks: managerKind,
		Title: "a packet filter stops traffic to the Swarm manager",
		Cause: "the packet filter of %s stops traffic on port %d",
		Looks: "connections to port 3375 time out, and the container is Up",
		Why:   "a rule in the manager's packet filter matches the port",
		Fix:   []string{"iptables-save | grep 3375", "iptables -D CHAIN RULE"},
	},
	{
		Code: "manager-silent", Section: managerSection, Breaks: managerKind, Sure: harness.Likely,
		Title: "the Swarm manager's container runs, and its port does not answer",
		Cause: "the Swarm manager container runs, and port %d does not answer",
		Looks: "the container is Up, and `docker info` through port 3375 hangs or is answered by an engine",
		Why:   "the manager hangs on Consul or a node, or DOCKER_HOST points at 2375",
		Fix:   []string{"docker -H=tcp://MANAGER:2375 restart CONTAINER"},
	},
	{
		Code: "manager-no-primary", Section: managerSection, Breaks: managerKind, Sure: harness.Likely,
		Title:  "no Swarm manager is primary",
		Cause:  "no Swarm manager is primary: what is asked of them waits",
		Advice: "an election takes up to 25 s after the primary or Consul's quorum was lost: ask again",
		Looks:  "every manager says `Role: replica` and names no primary; commands wait",
		Why: "the lock in Consul is held by a manager that is lost, until its TTL of 20 s is over, or Consul " +
			"takes no writes",
		Fix: []string{"consul kv get docker/swarm/leader"},
	},
	{
		Code: "manager-too-old", Section: managerSection, Breaks: memberKind,
		Title:  "the Swarm manager is too old to tell how its nodes are",
		Cause:  "the Swarm manager is version %s: Swarm older than 1.1 does not tell how its nodes are",
		Advice: "use the image swarm:1.2.9",
		Looks:  "`docker info` through the manager lists nodes without a line Status",
		Why:    "the image `swarm` is an old one: Swarm tells the status of nodes since 1.1",
		Fix:    []string{"docker -H=tcp://MANAGER:2375 pull swarm:1.2.9"},
	},
	{
		Code: "manager-two-primaries", Section: managerSection, Breaks: aloneKind,
		Title:  "two Swarm managers are primary",
		Cause:  "the Swarm managers on %s and %s are both primary: neither knows of the other",
		Advice: "more than one manager needs --replication, --advertise and the same discovery for each",
		Looks: "`docker info` through each of the managers says `Role: primary`; both schedule containers, and " +
			"neither knows how many the other started",
		Why: "both were started without --replication, or with discovery paths that differ, so that they hold " +
			"different locks in Consul",
		Fix: []string{
			"docker -H=tcp://HOST:2375 rm -f CONTAINER",
			"docker -H=tcp://HOST:2375 run … manage --replication --advertise HOST:3375 …",
		},
	},
	{
		Code: "manager-proxy", Section: managerSection, Breaks: memberKind,
		Title: "the Swarm manager asks Consul through a proxy",
		Cause: "%s on %s has the proxy %s in its environment, and asks Consul through it",
		Advice: "the docker CLI gives containers the proxies of ~/.docker/config.json; put the hosts into noProxy " +
			"there, or leave them out as above; a restart does not help",
		Looks: "the manager lists no nodes, or all as Pending; `docker logs` shows answers of a proxy",
		Why:   "the docker CLI put HTTP_PROXY of ~/.docker/config.json into the container's environment",
		Fix: []string{
			"docker -H=tcp://HOST:2375 inspect -f '{{.Config.Env}}' CONTAINER",
			"docker -H=tcp://HOST:2375 rm -f CONTAINER",
		},
	},
	{
		Code: "manager-cut-off", Section: managerSection, Breaks: pathKind, Sure: harness.Likely,
		Title:  "the manager's host does not reach an engine",
		Cause:  "the manager's host does not reach the engine of %s, which answers us",
		Advice: "look for what is between: security groups, routes, firewalls",
		Looks:  "the manager lists the node as Pending or with an Error, although the engine answers from here",
		Why: "a packet filter or a route on the manager's host, or on the way, stops what goes to port 2375 " +
			"of the node",
		Fix: []string{"nc -vz NODE 2375"},
	},
	{
		Code: "member-missing", Section: managerSection, Breaks: memberKind, Sure: harness.Likely,
		Title:  "the Swarm manager does not list a registered host",
		Cause:  "%s is registered, and the manager does not list it",
		Advice: "a manager that lost Consul for a while looks again after 60 s",
		Looks:  "the node's key is in Consul and `docker info` through port 3375 lacks it",
		Why:    "the manager lost its watch on Consul, after which it asks again only every 60 s",
		Fix:    []string{"docker -H=tcp://MANAGER:2375 restart CONTAINER"},
	},
	{
		Code: "member-unhealthy", Section: managerSection, Breaks: memberKind,
		Title: "the Swarm manager does not list a host as Healthy", Cause: "the manager lists %s as %s",
		Advice: "its engine answers us: the manager asks it again every 30 to 60 s",
		Looks:  "`docker info` through port 3375 lists the node as Pending or Unhealthy, with an Error",
		Why:    "the manager could not reach the engine when it last asked; it asks a node that failed less often",
		Fix:    []string{"docker -H=tcp://MANAGER:2375 restart CONTAINER"},
	},
}
