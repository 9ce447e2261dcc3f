package steps

import "labcheck/harness"

// sentence is a sentence of the features and what it does: a regular expression
// in each language, with the same groups in the same order. Where addresses
// stand in it they are the page's.
type sentence struct {
	en, ja string
	do     any // a function that takes the groups, and a doc string or table
}

// in is the expression of a language.
func (s sentence) in(l harness.Lang) string { return harness.Text{EN: s.en, JA: s.ja}.In(l) }

// sentences are all there are, in the order in which the page needs them.
func (w *World) sentences() []sentence {
	return []sentence{
		// What the reader does, and what the terminal shows.
		{
			`^the reader's terminal on "([^"]*)"$`,
			`^"([^"]*)" に接続した読者のターミナルがある$`, w.readersTerminal,
		},
		{
			`^the reader types:$`,
			`^読者が次のコマンドを入力する:$`, w.readerTypes,
		},
		{
			`^the terminal shows the id of a container that runs on "([^"]*)"$`,
			`^ターミナルに、"([^"]*)" で動くコンテナの ID が表示される$`, w.showsContainerID,
		},
		{
			`^the terminal shows the id of the Swarm manager container as the Name$`,
			`^ターミナルの Name に Swarm マネージャ・コンテナの ID が表示される$`, w.showsManagerID,
		},
		{
			`^the terminal lists (\d+) networks, one of them "([^"]*)" with the driver "([^"]*)"$`,
			`^ターミナルに (\d+) 個のネットワークが表示され、その中の "([^"]*)" のドライバは "([^"]*)" である$`, w.listsNetworkAmong,
		},
		{
			`^the terminal shows the id of the network "([^"]*)"$`,
			`^ターミナルにネットワーク "([^"]*)" の ID が表示される$`, w.showsNetworkID,
		},
		{
			`^the terminal shows the network "([^"]*)" with the Consul and the Swarm manager container$`,
			`^ターミナルのネットワーク "([^"]*)" には、Consul と Swarm マネージャのコンテナが接続している$`, w.showsNetworkWith,
		},
		{
			`^the terminal shows the network "([^"]*)" without the Consul and the Swarm manager container$`,
			`^ターミナルのネットワーク "([^"]*)" には、Consul と Swarm マネージャのコンテナが接続していない$`, w.showsNetworkWithout,
		},

		// What runs where.
		{
			`^from "([^"]*)" the engine at "([^"]*)" answers as "([^"]*)"$`,
			`^"([^"]*)" から "([^"]*)" の Engine に尋ねると、"([^"]*)" と名乗る$`, w.managerReaches,
		},
		{
			`^the (Consul|Swarm manager|Swarm join) container on "([^"]*)" has the ([a-z ]+) "([^"]*)"$`,
			`^(Consul コンテナ|Swarm マネージャ・コンテナ|swarm join コンテナ)は "([^"]*)" 上にあり、「([^」]*)」は "([^"]*)" である$`, w.containerHas,
		},
		{
			`^"([^"]*)" runs exactly one (Swarm join) container$`,
			`^"([^"]*)" では (swarm join コンテナ)がちょうど 1 つ動いている$`, w.runsOne,
		},
		{
			`^of all engines only "([^"]*)" runs a (Consul|Swarm manager) container, and just one$`,
			`^すべての Engine のうち "([^"]*)" だけで (Consul コンテナ|Swarm マネージャ・コンテナ)が動いており、その数は 1 つである$`, w.runsOnlyOn,
		},
		{
			`^the (Consul|Swarm manager) container on "([^"]*)" is on the network "([^"]*)"$`,
			`^(Consul コンテナ|Swarm マネージャ・コンテナ)は "([^"]*)" 上にあり、ネットワーク "([^"]*)" に接続している$`, w.containerOn,
		},
		{
			`^the (Consul|Swarm manager) container on "([^"]*)" is not on the network "([^"]*)"$`,
			`^(Consul コンテナ|Swarm マネージャ・コンテナ)は "([^"]*)" 上にあり、ネットワーク "([^"]*)" に接続していない$`, w.containerNotOn,
		},

		// What Consul, the engines and the cluster say.
		{
			`^Consul answers on port (\d+) of "([^"]*)" within (\d+) seconds$`,
			`^ポート (\d+) で、"([^"]*)" の Consul が (\d+) 秒以内に応答する$`, w.consulAnswers,
		},
		{
			`^Consul has a leader within (\d+) seconds$`,
			`^Consul のリーダが (\d+) 秒以内に決まる$`, w.consulHasLeader,
		},
		{
			`^Consul has the Swarm node "([^"]*)" registered within (\d+) seconds$`,
			`^Consul に Swarm ノード "([^"]*)" が (\d+) 秒以内に登録される$`, w.registered,
		},
		{
			`^the engine of "([^"]*)" has the ([A-Za-z ]+) "([^"]*)"$`,
			`^"([^"]*)" の Engine の「([^」]*)」は "([^"]*)" である$`, w.engineHas,
		},
		{
			`^the cluster has the ([A-Za-z ]+) "([^"]*)"$`,
			`^クラスタの「([^」]*)」は "([^"]*)" である$`, w.clusterHas,
		},
		{
			`^the cluster uses the filter "([^"]*)"$`,
			`^クラスタはフィルタ "([^"]*)" を使う$`, w.clusterFilters,
		},
		{
			`^the cluster's name is the id of the Swarm manager container on "([^"]*)"$`,
			`^クラスタの名前は "([^"]*)" 上の Swarm マネージャ・コンテナの ID である$`, w.clusterNamedByManager,
		},
		{
			`^the cluster lists "([^"]*)" at "([^"]*)" as Healthy within (\d+) seconds$`,
			`^クラスタの一覧に、"([^"]*)" がアドレス "([^"]*)" で載り、(\d+) 秒以内に Healthy になる$`, w.memberHealthy,
		},
		{
			`^the cluster lists exactly these nodes, in this order:$`,
			`^クラスタの一覧に載るノードは次のとおりで、この順に並び、ほかにはない:$`, w.membersInOrder,
		},
		{
			`^the cluster lists "([^"]*)" with (\d+) CPUs? and "([^"]*)" of memory$`,
			`^クラスタの一覧で、"([^"]*)" の CPU は (\d+) 個、メモリは "([^"]*)" である$`, w.memberSize,
		},
		{
			`^the cluster lists "([^"]*)" with the labels "([^"]*)"$`,
			`^クラスタの一覧で、"([^"]*)" にラベル "([^"]*)" がある$`, w.memberLabels,
		},
		{
			`^the cluster lists "([^"]*)" with no error$`,
			`^クラスタの一覧で、"([^"]*)" にエラーはない$`, w.memberNoError,
		},
		{
			`^the cluster lists "([^"]*)" as updated within the last (\d+) minutes$`,
			`^クラスタの一覧で、"([^"]*)" は直近 (\d+) 分以内に更新されている$`, w.memberUpdated,
		},
		{
			`^the cluster lists these networks of "([^"]*)":$`,
			`^クラスタの一覧に、"([^"]*)" の次のネットワークがある:$`, w.clusterListsOwn,
		},
		{
			`^on "([^"]*)" the network "([^"]*)" has the driver "([^"]*)"$`,
			`^"([^"]*)" では、ネットワーク "([^"]*)" のドライバは "([^"]*)" である$`, w.networkOn,
		},
		{
			`^in the cluster the network "([^"]*)" has the driver "([^"]*)"$`,
			`^クラスタでは、ネットワーク "([^"]*)" のドライバは "([^"]*)" である$`, w.networkOfCluster,
		},
		{
			`^every engine and the cluster give "([^"]*)" one and the same id$`,
			`^どの Engine に尋ねても、クラスタに尋ねても、"([^"]*)" の ID は同じである$`, w.networkIsOne,
		},
		{
			`^every engine looks for the others within (\d+) seconds$`,
			`^すべての Engine が (\d+) 秒以内にほかの Engine を探し始める$`, w.enginesLook,
		},
		{
			`^those that stayed apart are introduced$`,
			`^離れたままの Engine を引き合わせる$`, w.introduced,
		},
		{
			`^every engine has found every other within (\d+) seconds$`,
			`^すべての Engine が (\d+) 秒以内に互いを見つける$`, w.enginesKnowEachOther,
		},

		// What is started and removed again.
		{
			`^a container is started through port 3375$`,
			`^ポート 3375 を通してコンテナを 1 つ起動する$`, w.startThroughSwarm,
		},
		{
			`^exactly one engine has it on port 2375, a node's$`,
			`^ポート 2375 で尋ねると、そのコンテナがあるのは 1 つのノードの Engine だけである$`, w.onOneEngine,
		},
		{
			`^the cluster names that node as where it runs$`,
			`^クラスタは、コンテナの実行場所としてそのノードを示す$`, w.swarmNamesNode,
		},
		{
			`^the cluster counts the containers of each node as its engine does within (\d+) seconds$`,
			`^クラスタが数える各ノードのコンテナ数が、(\d+) 秒以内に Engine の数えるものと一致する$`, w.countsAgree,
		},
		{
			`^(\d+) containers are started through port 3375, one after another$`,
			`^(\d+) 個のコンテナを、ポート 3375 を通して 1 つずつ起動する$`, w.startMany,
		},
		{
			`^each went to a node that had the fewest, as the engines count them$`,
			`^どのコンテナも、その時点で Engine の数えるコンテナが最も少ないノードに配置された$`, w.spreadEvenly,
		},
		{
			`^a container is started on each engine, attached to "([^"]*)"$`,
			`^各 Engine で、"([^"]*)" に接続するコンテナを 1 つずつ起動する$`, w.startOnEach,
		},
		{
			`^a container is started through port 3375 on "([^"]*)" and on "([^"]*)", attached to "([^"]*)"$`,
			`^ポート 3375 を通して、"([^"]*)" と "([^"]*)" で、"([^"]*)" に接続するコンテナを起動する$`, w.startOnTwo,
		},
		{
			`^each of them reaches every other by name$`,
			`^どのコンテナからも、ほかのすべてのコンテナに名前で届く$`, w.reachByName,
		},

		// What the page shows beside what the terminal shows.
		{
			`^the terminal shows what the page shows$`,
			`^ターミナルにページと同じ内容が表示される$`, w.showsPage,
		},
		{
			`^every listed difference was seen in what the terminal has shown$`,
			`^相違の一覧にあるものは、ここまでの表示にすべて現れた$`, w.differencesSeen,
		},

		// What is broken on purpose, and what becomes of it.
		{
			`^the tutorial was performed to its end$`,
			`^チュートリアルは最後まで実行されている$`, w.performed,
		},
		{
			`^"([^"]*)" joins with a heartbeat of (\d+) seconds and a TTL of (\d+) seconds$`,
			`^"([^"]*)" が、ハートビート (\d+) 秒、TTL (\d+) 秒で参加している$`, w.joinsWith,
		},
		{
			`^"([^"]*)" joins as before$`,
			`^"([^"]*)" が元どおりに参加する$`, w.joinsAsBefore,
		},
		{
			`^containers are started through port 3375 on "([^"]*)", attached to "([^"]*)"$`,
			`^ポート 3375 を通して、"([^"]*)" の各ノードで "([^"]*)" に接続するコンテナを起動している$`, w.startOn,
		},
		{
			`^a container that is to be rescheduled is started through port 3375 on "([^"]*)"$`,
			`^ポート 3375 を通して、再スケジュールの対象となるコンテナを "([^"]*)" で起動している$`, w.startToBeRescheduled,
		},
		{
			`^"([^"]*)" loses power$`,
			`^"([^"]*)" の電源が切れる$`, w.losesPower,
		},
		{
			`^"([^"]*)" stands still$`,
			`^"([^"]*)" が動きを止める$`, w.standsStill,
		},
		{
			`^"([^"]*)" is cut off from every other host$`,
			`^"([^"]*)" がほかのすべてのホストから切り離される$`, w.cutOff,
		},
		{
			`^"([^"]*)" is rebooted$`,
			`^"([^"]*)" を再起動する$`, w.rebooted,
		},
		{
			`^the (Consul|Swarm manager) container on "([^"]*)" is stopped$`,
			`^(Consul コンテナ|Swarm マネージャ・コンテナ)を "([^"]*)" で停止する$`, w.stopped,
		},
		{
			`^the fault is taken off$`,
			`^その障害を取り除く$`, w.takenOff,
		},
		{
			`^port 3375 does not answer$`,
			`^ポート 3375 は応答しない$`, w.swarmSilent,
		},
		{
			`^each of them still runs$`,
			`^どのコンテナも動き続けている$`, w.stillRun,
		},
		{
			`^the containers on "([^"]*)" and those elsewhere reach their own side by name and not the other$`,
			`^"([^"]*)" のコンテナとそれ以外のコンテナは、それぞれ自分の側にだけ名前で届く$`, w.apart,
		},
		{
			`^the cluster lists (\d+) nodes, all Healthy, within (\d+) seconds$`,
			`^クラスタに (\d+) 個のノードがすべて Healthy として (\d+) 秒以内に表示される$`, w.allHealthy,
		},
		{
			`^the cluster stops listing "([^"]*)" after (\d+) to (\d+) seconds$`,
			`^クラスタは "([^"]*)" を (\d+) 秒から (\d+) 秒のうちに表示しなくなる$`, w.dropped,
		},
		{
			`^within (\d+) seconds each of them reaches every other by name$`,
			`^(\d+) 秒以内に、どのコンテナからも、ほかのすべてのコンテナに名前で届く$`, w.reachWithin,
		},
		{
			`^no Swarm join container runs on "([^"]*)"$`,
			`^"([^"]*)" で動く swarm join コンテナはない$`, w.noneJoins,
		},
		{
			`^the container runs on another node within (\d+) seconds$`,
			`^そのコンテナが (\d+) 秒以内に別のノードで動く$`, w.elsewhere,
		},
		{
			`^the container is on one node only within (\d+) seconds$`,
			`^そのコンテナが (\d+) 秒以内に 1 つのノードだけにある$`, w.onlyOnce,
		},
		{
			`^the Swarm join containers start again with their hosts$`,
			`^swarm join コンテナはホストとともに再起動する$`, w.joinAgain,
		},
		{
			`^the cluster was built with (\d+) replicas of the Swarm manager$`,
			`^クラスタは、Swarm マネージャのレプリカ (\d+) 個とともに構築されている$`, w.builtWith,
		},
		{
			`^one Swarm manager is primary, and each other one names it; each lists (\d+) nodes, all Healthy, within (\d+) seconds$`,
			`^Swarm マネージャの 1 つがプライマリで、ほかはどれもそれを示し、どれにも (\d+) 個のノードがすべて Healthy として (\d+) 秒以内に表示される$`, w.onePrimary,
		},
		{
			`^the Swarm manager that is primary is stopped$`,
			`^プライマリの Swarm マネージャを停止する$`, w.primaryStops,
		},
		{
			`^another Swarm manager is primary after (\d+) to (\d+) seconds$`,
			`^別の Swarm マネージャが (\d+) 秒から (\d+) 秒のうちにプライマリになる$`, w.another,
		},
		{
			`^no other Swarm manager is primary$`,
			`^ほかの Swarm マネージャはプライマリにならない$`, w.oneAtMost,
		},
		{
			`^a container can be started through port 3375 of every Swarm manager that answers$`,
			`^応答するどの Swarm マネージャでも、ポート 3375 を通してコンテナを起動できる$`, w.startThroughEach,
		},
		{
			`^Consul has (\d+) servers within (\d+) seconds$`,
			`^Consul のサーバが (\d+) 台、(\d+) 秒以内にそろう$`, w.servers,
		},
		{
			`^Consul has no leader within (\d+) seconds$`,
			`^Consul のリーダが (\d+) 秒以内にいなくなる$`, w.noLeader,
		},
		{
			`^Consul has every key that it had within (\d+) seconds$`,
			`^Consul に、元からあったキーが (\d+) 秒以内にすべてそろう$`, w.keysAreThere,
		},
		{
			`^the diagnosis names the cause "([^"]*)"$`,
			`^診断は原因 "([^"]*)" を示す$`, w.diagnosed,
		},
		{
			`^the cluster is as it was within (\d+) seconds$`,
			`^クラスタが (\d+) 秒以内に元の状態に戻る$`, w.asBefore,
		},
	}
}
