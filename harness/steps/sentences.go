package steps

// sentence is a sentence of the features and what it does. Where addresses
// stand in it they are the page's.
type sentence struct {
	en string // a regular expression
	do any    // a function that takes the groups, and a doc string or table
}

// sentences are all there are, in the order in which the page needs them.
func (w *World) sentences() []sentence {
	return []sentence{
		// What the reader does, and what the terminal shows.
		{`^the reader's terminal on "([^"]*)"$`, w.readersTerminal},
		{`^the reader types:$`, w.readerTypes},
		{`^the terminal shows the id of a container that runs on "([^"]*)"$`, w.showsContainerID},
		{`^the terminal lists exactly these containers:$`, w.listsContainers},
		{`^the terminal shows:$`, w.showsInfo},
		{`^the terminal shows at least the filters "([^"]*)"$`, w.showsFilters},
		{`^the terminal shows the id of the Swarm manager container as the Name$`, w.showsManagerID},
		{`^the terminal shows exactly these nodes, in this order:$`, w.showsNodes},
		{`^the terminal shows for each node the labels "([^"]*)"$`, w.showsLabels},
		{`^the terminal lists exactly these networks:$`, w.listsNetworks},
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
	}
}
