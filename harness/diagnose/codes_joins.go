package diagnose

// joinRows are the codes of nodes that join.
var joinRows = []Code{
	{
		Code: "join-other-arguments", Section: joinsSection, Breaks: joinLookKind,
		Title:  "a join container has other arguments",
		Cause:  "%s on %s has other arguments than the page gives it",
		Advice: "it works as it is; to have it as the page has it: %s, then %s",
		Looks: "`docker inspect` shows arguments that the page does not have, such as --ttl or --heartbeat; the " +
			"node is listed as Healthy",
		Why: "the container was started by other instructions, or tuned; it works",
		Fix: []string{"docker -H=tcp://HOST:2375 inspect -f '{{.Args}}' CONTAINER"},
	},
	{
		Code: "join-proxy", Section: joinsSection, Breaks: keyKind,
		Title: "a join container asks Consul through a proxy",
		Cause: "%s on %s has the proxy %s in its environment, and asks Consul through it",
		Advice: "the docker CLI gives containers the proxies of ~/.docker/config.json; put the hosts into noProxy " +
			"there, or leave them out as above; a restart does not help",
		Looks: "the join container runs and its key is not in Consul; `docker logs` shows answers of a proxy",
		Why:   "the docker CLI put HTTP_PROXY of ~/.docker/config.json into the container's environment",
		Fix: []string{
			"docker -H=tcp://HOST:2375 inspect -f '{{.Config.Env}}' CONTAINER",
			"docker -H=tcp://HOST:2375 rm -f CONTAINER",
		},
	},
	{
		Code: "join-twice", Section: joinsSection, Breaks: joinLookKind,
		Title: "a join container runs more than once on a host", Cause: "%s runs more than once on %s",
		Looks: "`docker ps` on the node shows two `swarm join` containers",
		Why:   "the page's command was typed twice: nothing stops the second one, and both renew the same key",
		Fix:   []string{"docker -H=tcp://NODE:2375 rm -f CONTAINER"},
	},
	{
		Code: "join-wrong-discovery", Section: joinsSection, Breaks: joinKind,
		Title: "a host registers in the wrong place", Cause: "%s on %s registers in the wrong place",
		Looks: "the container runs and logs errors, or its key appears below another path of Consul's",
		Why:   "the discovery URL has another address, port or path than that of the manager",
		Fix:   []string{"docker -H=tcp://NODE:2375 inspect CONTAINER"},
	},
	{
		Code: "join-wrong-address", Section: joinsSection, Breaks: joinKind,
		Title: "a host registers another host's address",
		Cause: "%s on %s registers another address than the host's engine has",
		Looks: "another host is registered in this one's place; Swarm lists one node less",
		Why:   "the address in --advertise was not changed when the command was repeated for this host",
		Fix:   []string{"docker -H=tcp://NODE:2375 rm -f CONTAINER"},
	},
	{
		Code: "join-wrong-port", Section: joinsSection, Breaks: joinKind,
		Title: "a host registers another port than its engine's",
		Cause: "%s on %s registers another address than the host's engine has",
		Looks: "Swarm lists the node as Pending: connection refused",
		Why:   "--advertise has a port on which no engine listens; the wrong key stays until its TTL of 180 s is over",
		Fix:   []string{"docker -H=tcp://NODE:2375 rm -f CONTAINER"},
	},
	{
		Code: "key-missing", Section: joinsSection, Breaks: keyKind,
		Title:  "a host's key is not in Consul",
		Cause:  "the join container of %s runs, but its key is not in Consul",
		Advice: "it registers again by itself within 60 s",
		Looks:  "`consul kv get -recurse docker/swarm/nodes/` lacks the node, and its join container runs",
		Why: "the key was deleted, or Consul lost its data; the container writes it again at its next " +
			"heartbeat of 60 s",
		Fix: []string{"docker -H=tcp://NODE:2375 restart CONTAINER"},
	},
	{
		Code: "key-wrong", Section: joinsSection, Breaks: keyKind,
		Title: "a host's key in Consul holds another address",
		Cause: "the key of %s in Consul holds another address",
		Looks: "the key's value is not the address in its name, and Swarm dials the value",
		Why:   "the key was written by hand",
		Fix: []string{
			"consul kv delete docker/swarm/nodes/ADDRESS:2375",
			"docker -H=tcp://NODE:2375 restart CONTAINER",
		},
	},
	{
		Code: "key-stale", Section: joinsSection, Breaks: keyKind,
		Title: "a host's key in Consul never expires",
		Cause: "the key of %s in Consul belongs to no session: it stays when the host is gone",
		Looks: "the node stays in Swarm's list after it is gone",
		Why: "the key belongs to no session, so nothing deletes it: it was put there by hand, or restored " +
			"from a backup",
		Fix: []string{
			"consul kv delete docker/swarm/nodes/ADDRESS:2375",
			"docker -H=tcp://NODE:2375 restart CONTAINER",
		},
	},
	{
		Code: "key-without-node", Section: joinsSection, Breaks: listKind,
		Title:  "Consul has a key of a node that does not exist",
		Cause:  "Consul has a key for %s, which is no node of the cluster",
		Advice: "a swarm join elsewhere keeps it there, or did until lately: a key that nobody renews goes within 180 s",
		Looks:  "`docker info` through port 3375 lists one node too many, as Pending",
		Why:    "a host that is not part of the cluster has joined it, or left less than 180 s ago",
		Fix:    []string{"consul kv delete docker/swarm/nodes/ADDRESS:2375"},
	},
	{
		Code: "key-no-address", Section: joinsSection, Breaks: listKind,
		Title: "Consul has a key that is no address", Cause: "Consul has a key %s, which is no address",
		Advice: "a swarm join elsewhere keeps it there, or did until lately: a key that nobody renews goes within 180 s",
		Looks:  "the manager's log repeats `Invalid` for an entry, and Swarm may list no node at all",
		Why:    "somebody wrote a key below docker/swarm/nodes/ that is no ADDRESS:PORT",
		Fix:    []string{"consul kv delete docker/swarm/nodes/KEY"},
	},
	{
		Code: "manager-joined", Section: joinsSection, Breaks: listKind,
		Title:  "the manager's host has joined the cluster",
		Cause:  "the manager's host has joined the cluster as a node",
		Advice: "a swarm join elsewhere keeps it there, or did until lately: a key that nobody renews goes within 180 s",
		Looks:  "`docker info` through port 3375 lists the manager as a fifth node, which gets containers",
		Why:    "`swarm join` was typed with the manager's own address",
		Fix:    []string{"docker -H=tcp://MANAGER:2375 rm -f CONTAINER"},
	},
}
