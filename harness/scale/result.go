package scale

import (
	"math"
	"slices"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// Schema is the version of the document. It grows if a field changes its meaning or is
// removed, not if a field is added.
const Schema = 1

// Result is what a run has measured: the content of scale.json. Durations are in
// nanoseconds, those named at since the start of the run; memory is in bytes.
type Result struct {
	Schema int         `json:"schema"`
	Run    harness.Run `json:"run"`
	// Simulated says what is simulated and what is real.
	Simulated string            `json:"simulated"`
	Machine   harness.Machine   `json:"machine"`
	Versions  map[string]string `json:"versions"` // swarm, consul, docker
	Settings  Settings          `json:"settings"`
	Joining   Joining           `json:"joining"`
	Levels    []Level           `json:"levels"`
	// Published are Docker's figures of November 2015, on real engines.
	Published Level    `json:"published"`
	Filling   []Point  `json:"filling"`
	Spread    *Spread  `json:"spread,omitempty"` // nil if the run ended before
	Events    []Event  `json:"events"`
	Usage     []Usage  `json:"usage"`
	False     []string `json:"false"` // the claims that are false
}

// Settings are what the run was told or has chosen.
type Settings struct {
	Nodes      int `json:"nodes"`
	Containers int `json:"containers"`
	// Samples is how many requests of each kind were measured at each level; CLISamples is
	// the same for the docker command.
	Samples    int `json:"samples"`
	CLISamples int `json:"cli_samples"`
	// FillClients and RunClients are how many clients ran containers at the same time to
	// fill the cluster, and to be measured.
	FillClients int `json:"fill_clients"`
	RunClients  int `json:"run_clients"`
	// Delay is how long a simulated engine takes to create a container and start it.
	Delay time.Duration `json:"delay_ns"`
	// DelayMeasured says that Delay is the median of containers on a real engine.
	DelayMeasured bool          `json:"delay_measured"`
	TTL           time.Duration `json:"ttl_ns"`
	Heartbeat     time.Duration `json:"heartbeat_ns"`
}

// Joining is how long it took from the start of the simulated engines until all were
// registered, and until the Swarm manager listed all as Healthy.
type Joining struct {
	Registered time.Duration `json:"registered_ns"`
	Healthy    time.Duration `json:"healthy_ns"`
}

// Level is what was measured at a number of containers.
type Level struct {
	Containers int         `json:"containers"`
	Info       Percentiles `json:"info"`
	Run        Percentiles `json:"run"`
	// RunFrom and RunTo are how many containers there were before and after those that
	// were run to be measured.
	RunFrom int         `json:"run_from"`
	RunTo   int         `json:"run_to"`
	CLIInfo Percentiles `json:"cli_info"`
	CLIRun  Percentiles `json:"cli_run"`
}

// Percentiles are those of durations.
type Percentiles struct {
	Count int           `json:"count"`
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	Max   time.Duration `json:"max_ns"`
}

// percentilesOf returns the percentiles by nearest rank.
func percentilesOf(all []time.Duration) Percentiles {
	if len(all) == 0 {
		return Percentiles{}
	}
	sorted := slices.Sorted(slices.Values(all))
	rank := func(percent int) time.Duration { return sorted[(len(sorted)*percent+99)/100-1] }
	return Percentiles{len(sorted), rank(50), rank(90), rank(99), sorted[len(sorted)-1]}
}

// Published returns Docker's figures: "Scale Testing Docker Swarm to 30,000 Containers",
// 16 November 2015: 1,000 nodes, 1 manager with 4 cores, Consul, 1,000 times each.
func Published() Level {
	figures := func(p50, p90, p99 time.Duration) Percentiles {
		return Percentiles{Count: 1000, P50: p50 * time.Millisecond, P90: p90 * time.Millisecond, P99: p99 * time.Millisecond}
	}
	return Level{Containers: 30000, Info: figures(150, 200, 360), Run: figures(230, 250, 400)}
}

// Point is how many containers there were at a time.
type Point struct {
	At         time.Duration `json:"at_ns"`
	Containers int           `json:"containers"`
}

// Spread is how many containers the nodes have that have the fewest and the most.
type Spread struct {
	Nodes int `json:"nodes"`
	Least int `json:"least"`
	Most  int `json:"most"`
	// Stale is how many containers run and are listed as stopped. Swarm 1.2.9 keeps the
	// state that a container had before its start, until its next event, if the engine's
	// containers were all being read just then (cluster/engine.go, RefreshContainers, whose
	// merged list replaces what is newer). With engines that took up to 100 ms to inspect a
	// container, and were read every 1 to 2 s, it was 20 of 1,500.
	Stale int `json:"stale"`
}

// spreadOf returns the spread of a Swarm manager's list. All containers of it run.
func spreadOf(swarm engine.Swarm) Spread {
	s := Spread{Nodes: len(swarm.Members), Least: math.MaxInt}
	for _, m := range swarm.Members {
		s.Least, s.Most = min(s.Least, m.Containers), max(s.Most, m.Containers)
		s.Stale += m.Containers - m.Running
	}
	return s
}

// listedWith returns what the manager lists when some more containers than those that run
// have been run, and have stopped.
func (s Spread) listedWith(run, stopped int) listCounts {
	return listCounts{running: run - s.Stale, stopped: stopped + s.Stale}
}

// isEven reports whether the nodes share so many containers as evenly as they can.
func (s Spread) isEven(containers int) bool {
	least, most := containers/s.Nodes, (containers+s.Nodes-1)/s.Nodes
	return s.Least == least && s.Most == most
}

// Event is a condition that was waited for after something was done to the cluster.
type Event struct {
	At time.Duration `json:"at_ns"`
	// ID is permanent: lost, returned, consul-registered, consul-followed, failover, …
	ID string `json:"id"`
	// What says what was done and what was waited for.
	What string        `json:"what"`
	Took time.Duration `json:"took_ns"`
	// Lost is how many containers were missing afterwards, or on another node.
	Lost int `json:"lost"`
}

// Usage is what a process used of its machine.
type Usage struct {
	At      time.Duration `json:"at_ns"`
	Process string        `json:"process"` // swarm, consul, labcheck
	Host    string        `json:"host"`
	// CPU is in cores, since the process was looked at before.
	CPU    float64 `json:"cpu"`
	Memory int64   `json:"memory"` // resident
}

// Peak returns the highest memory and, in cores, CPU of a process on all hosts.
func (r Result) Peak(process string) (memory int64, cpu float64) {
	for _, u := range r.Usage {
		if u.Process == process {
			memory, cpu = max(memory, u.Memory), max(cpu, u.CPU)
		}
	}
	return memory, cpu
}

// notFound tells how many containers of before are missing, or on another node, in after.
func notFound(before, after map[string]string) int {
	lost := 0
	for id, node := range before {
		if after[id] != node {
			lost++
		}
	}
	return lost
}

// simulatedText says what is simulated.
func simulatedText(nodes int) lang.Text {
	return lang.Textf("The %d engines and their containers are simulated; the Swarm manager, Consul, docker and the "+
		"registrations are real.", nodes)
}
