package steps

// sentence is a sentence of the features and what it does: a regular expression,
// whose translation has the same groups in the same order. The addresses in it
// are those of the page.
type sentence struct {
	expr string
	do   any // a function that takes the groups, and a doc string or table
}

// sentences are all there are, in the order in which the page needs them.
func (w *World) sentences() []sentence {
	return []sentence{
		// What the reader does, and what the terminal shows.
		{`^the reader's terminal on "([^"]*)"$`, w.readersTerminal},
		{`^the reader types:$`, w.readerTypes},
		{`^the terminal shows the id of a container that runs on "([^"]*)"$`, w.showsContainerID},
		{`^the terminal shows the id of the Swarm manager container as the Name$`, w.showsManagerID},
		{`^the terminal lists (\d+) networks, one of them "([^"]*)" with the driver "([^"]*)"$`, w.listsNetworkAmong},
		{`^the terminal shows the id of the network "([^"]*)"$`, w.showsNetworkID},
		{`^the terminal shows the network "([^"]*)" with the Consul and the Swarm manager container$`, w.showsNetworkWith},
		{`^the terminal shows the network "([^"]*)" without the Consul and the Swarm manager container$`, w.showsNetworkWithout},

		// What runs where.
		{`^from "([^"]*)" the engine at "([^"]*)" answers as "([^"]*)"$`, w.managerReaches},
		{`^the (Consul|Swarm manager|Swarm join) container on "([^"]*)" has the ([a-z ]+) "([^"]*)"$`, w.containerHas},
		{`^"([^"]*)" runs exactly one (Swarm join) container$`, w.runsOne},
		{`^of all engines only "([^"]*)" runs a (Consul|Swarm manager) container, and just one$`, w.runsOnlyOn},
		{`^the (Consul|Swarm manager) container on "([^"]*)" is on the network "([^"]*)"$`, w.containerOn},
		{`^the (Consul|Swarm manager) container on "([^"]*)" is not on the network "([^"]*)"$`, w.containerNotOn},

		// What Consul, the engines and the cluster say.
		{`^Consul answers on port (\d+) of "([^"]*)" within (\d+) seconds$`, w.consulAnswers},
		{`^Consul has a leader within (\d+) seconds$`, w.consulHasLeader},
		{`^Consul has the Swarm node "([^"]*)" registered within (\d+) seconds$`, w.registered},
		{`^the engine of "([^"]*)" has the ([A-Za-z ]+) "([^"]*)"$`, w.engineHas},
		{`^the cluster has the ([A-Za-z ]+) "([^"]*)"$`, w.clusterHas},
		{`^the cluster uses the filter "([^"]*)"$`, w.clusterFilters},
		{`^the cluster's name is the id of the Swarm manager container on "([^"]*)"$`, w.clusterNamedByManager},
		{`^the cluster lists "([^"]*)" at "([^"]*)" as Healthy within (\d+) seconds$`, w.memberHealthy},
		{`^the cluster lists exactly these nodes, in this order:$`, w.membersInOrder},
		{`^the cluster lists "([^"]*)" with (\d+) CPUs? and "([^"]*)" of memory$`, w.memberSize},
		{`^the cluster lists "([^"]*)" with the labels "([^"]*)"$`, w.memberLabels},
		{`^the cluster lists "([^"]*)" with no error$`, w.memberNoError},
		{`^the cluster lists "([^"]*)" as updated within the last (\d+) minutes$`, w.memberUpdated},
		{`^the cluster lists these networks of "([^"]*)":$`, w.clusterListsOwn},
		{`^on "([^"]*)" the network "([^"]*)" has the driver "([^"]*)"$`, w.networkOn},
		{`^in the cluster the network "([^"]*)" has the driver "([^"]*)"$`, w.networkOfCluster},
		{`^every engine and the cluster give "([^"]*)" one and the same id$`, w.networkIsOne},
		{`^every engine looks for the others within (\d+) seconds$`, w.enginesLook},
		{`^those that stayed apart are introduced$`, w.introduced},
		{`^every engine has found every other within (\d+) seconds$`, w.enginesKnowEachOther},

		// What is started and removed again.
		{`^a container is started through port 3375$`, w.startThroughSwarm},
		{`^exactly one engine has it on port 2375, a node's$`, w.onOneEngine},
		{`^the cluster names that node as where it runs$`, w.swarmNamesNode},
		{`^the cluster counts the containers of each node as its engine does within (\d+) seconds$`, w.countsAgree},
		{`^(\d+) containers are started through port 3375, one after another$`, w.startMany},
		{`^each went to a node that had the fewest, as the engines count them$`, w.spreadEvenly},
		{`^a container is started on each engine, attached to "([^"]*)"$`, w.startOnEach},
		{`^a container is started through port 3375 on "([^"]*)" and on "([^"]*)", attached to "([^"]*)"$`, w.startOnTwo},
		{`^each of them reaches every other by name$`, w.reachByName},

		// What the page shows beside what the terminal shows.
		{`^the terminal shows what the page shows$`, w.showsPage},
		{`^every listed difference was seen in what the terminal has shown$`, w.differencesSeen},

		// What is broken on purpose, and what becomes of it.
		{`^the tutorial was performed to its end$`, w.performed},
		{`^"([^"]*)" joins with a heartbeat of (\d+) seconds and a TTL of (\d+) seconds$`, w.joinsWith},
		{`^"([^"]*)" joins as before$`, w.joinsAsBefore},
		{`^containers are started through port 3375 on "([^"]*)", attached to "([^"]*)"$`, w.startOn},
		{`^a container that is to be rescheduled is started through port 3375 on "([^"]*)"$`, w.startToBeRescheduled},
		{`^"([^"]*)" loses power$`, w.losesPower},
		{`^"([^"]*)" stands still$`, w.standsStill},
		{`^"([^"]*)" is cut off from every other host$`, w.cutOff},
		{`^"([^"]*)" is rebooted$`, w.rebooted},
		{`^the (Consul|Swarm manager) container on "([^"]*)" is stopped$`, w.stopped},
		{`^the fault is taken off$`, w.takenOff},
		{`^port 3375 does not answer$`, w.swarmSilent},
		{`^each of them still runs$`, w.stillRun},
		{`^the containers on "([^"]*)" and those elsewhere reach their own side by name and not the other$`, w.apart},
		{`^the cluster lists (\d+) nodes, all Healthy, within (\d+) seconds$`, w.allHealthy},
		{`^the cluster stops listing "([^"]*)" after (\d+) to (\d+) seconds$`, w.dropped},
		{`^within (\d+) seconds each of them reaches every other by name$`, w.reachWithin},
		{`^no Swarm join container runs on "([^"]*)"$`, w.noneJoins},
		{`^the container runs on another node within (\d+) seconds$`, w.elsewhere},
		{`^the container is on one node only within (\d+) seconds$`, w.onlyOnce},
		{`^the Swarm join containers start again with their hosts$`, w.joinAgain},
		{`^the cluster was built with (\d+) replicas of the Swarm manager$`, w.builtWith},
		{`^one Swarm manager is primary, and each other one names it; each lists (\d+) nodes, all Healthy, within (\d+) seconds$`, w.onePrimary},
		{`^the Swarm manager that is primary is stopped$`, w.primaryStops},
		{`^another Swarm manager is primary after (\d+) to (\d+) seconds$`, w.another},
		{`^no other Swarm manager is primary$`, w.oneAtMost},
		{`^a container can be started through port 3375 of every Swarm manager that answers$`, w.startThroughEach},
		{`^Consul has (\d+) servers within (\d+) seconds$`, w.servers},
		{`^Consul has no leader within (\d+) seconds$`, w.noLeader},
		{`^Consul has every key that it had within (\d+) seconds$`, w.keysAreThere},
		{`^the diagnosis names the cause "([^"]*)"$`, w.diagnosed},
		{`^the cluster is as it was within (\d+) seconds$`, w.asBefore},
	}
}
