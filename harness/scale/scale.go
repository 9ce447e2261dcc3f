// Package scale measures a real Swarm manager and a real Consul with many simulated
// engines, as Docker measured Swarm in November 2015, and what becomes of the list of
// nodes when parts are lost.
package scale

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// The hosts of the lab.
const (
	managerHost = "manager"
	replicaHost = "replica"
	// keptHost has nine tenths of the simulated engines, lostHost the others: those that
	// are lost and return.
	keptHost = "engines01"
	lostHost = "engines02"
)

// Topology returns the hosts that a run needs.
func Topology() harness.Topology {
	host := func(name, addr string) harness.Host {
		return harness.Host{Name: name, Addr: netip.MustParseAddr(addr), CPUs: 1, Memory: 1 << 30}
	}
	return harness.Topology{
		Subnet:  netip.MustParsePrefix("192.168.34.0/24"),
		Manager: host(managerHost, "192.168.34.11"),
		Members: []harness.Host{
			host(replicaHost, "192.168.34.12"), host(keptHost, "192.168.34.21"), host(lostHost, "192.168.34.22"),
		},
	}
}

// Limits of what a run can be asked for.
const (
	MinNodes      = 10
	MaxNodes      = 2000
	MinContainers = 300
	MaxContainers = 60000
	MinTTL        = 20 * time.Second
	MaxDelay      = 10 * time.Second
)

// Lab is what a run needs of a lab beside its hosts' services.
type Lab interface {
	harness.Faulter
	// CopyProgram copies a program to a path on a host.
	CopyProgram(ctx context.Context, file, host, to string) error
}

// Options say what is measured, and where.
type Options struct {
	Cluster *engine.Cluster // of Topology, on which nothing was started
	Lab     Lab
	Machine harness.Machine
	// Program is labcheck's executable, which simulates the engines.
	Program           string
	Version           string // of labcheck
	Lang              lang.Language
	Nodes, Containers int
	// Delay is how long a simulated engine takes to create a container and start it; 0 is
	// as long as a real engine of the lab.
	Delay time.Duration
	// TTL is how long after its last renewal the registration of an engine expires.
	TTL time.Duration
	// Track calls do and shows that something is being done; Detail shows how far it is.
	Track  func(what lang.Text, do func() error) error
	Detail func(lang.Text)
}

// Check returns what is wrong with the options that a user gives.
func (o Options) Check() error {
	switch {
	case o.Nodes < MinNodes || o.Nodes > MaxNodes:
		return lang.Errorf("--nodes %d: want %d to %d", o.Nodes, MinNodes, MaxNodes)
	case o.Containers < MinContainers || o.Containers > MaxContainers:
		return lang.Errorf("--containers %d: want %d to %d", o.Containers, MinContainers, MaxContainers)
	case o.Delay < 0 || o.Delay > MaxDelay:
		return lang.Errorf("--create-time %s: want 0s to %s", o.Delay, MaxDelay)
	case o.TTL < MinTTL:
		return lang.Errorf("--ttl %s: want at least %s", o.TTL, MinTTL)
	}
	return nil
}

const (
	// fillClients is how many clients fill the cluster at the same time: enough that the
	// Swarm manager is never idle.
	fillClients = 32
	// runClients is how many run the containers that are measured. With one, a full run
	// would take longer than 20 minutes on two cores; with more, containers would wait for
	// one another at the manager, which places one at a time.
	runClients = 4
	// maxSamples is how many requests Docker measured of each kind.
	maxSamples = 1000
	// maxCLISamples is the same for the docker command, each of which is a process.
	maxCLISamples = 20
)

// run is a run that is under way.
type run struct {
	Options
	began   time.Time
	counted int               // containers
	placed  map[string]string // the nodes of all containers, by their IDs, before anything is lost

	mu     sync.Mutex // for result: usage is added meanwhile
	result Result
}

// Run starts Consul, a Swarm manager and the simulated engines on the hosts of a lab,
// fills the cluster, measures it and loses parts of it. What was measured until an error
// is returned with it.
func Run(ctx context.Context, o Options) (Result, error) {
	r := newRun(o)
	watching, stop := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() { r.watchUsage(watching) })
	err := r.perform(ctx)
	stop()
	watcher.Wait()
	r.conclude(ctx, err)
	return r.result, err
}

func newRun(o Options) *run {
	samples := max(1, min(maxSamples, o.Containers/30))
	return &run{Options: o, began: time.Now(), result: Result{
		Schema: Schema, Run: harness.Run{Labcheck: o.Version, Started: time.Now(), Lang: o.Lang},
		Simulated: simulatedText(o.Nodes).In(o.Lang), Machine: o.Machine, Published: Published(),
		Versions: map[string]string{},
		Settings: Settings{
			Nodes: o.Nodes, Containers: o.Containers, Samples: samples, CLISamples: min(maxCLISamples, samples),
			FillClients: fillClients, RunClients: runClients, Delay: o.Delay, DelayMeasured: o.Delay == 0,
			TTL: o.TTL, Heartbeat: (o.TTL / 3).Truncate(time.Second),
		},
	}}
}

// perform does everything in order.
func (r *run) perform(ctx context.Context) error {
	if err := r.checkMemory(); err != nil {
		return err
	}
	type part struct {
		what lang.Text
		do   func(context.Context) error
	}
	parts := []part{
		{lang.Text{EN: "Run containers on a real engine"}, starter{r}.measureDelay},
		{lang.Text{EN: "Start Consul and the Swarm manager"}, starter{r}.startManager},
		{lang.Textf("Join %d simulated engines", r.Nodes), starter{r}.joinEngines},
	}
	for _, level := range levelsOf(r.Containers) {
		parts = append(parts, part{lang.Textf("Fill to containers: %d, and measure", level), func(ctx context.Context) error {
			return r.measureLevel(ctx, level)
		}})
	}
	parts = append(parts,
		part{lang.Text{EN: "Verify the spread"}, r.verifySpread},
		part{lang.Text{EN: "Have containers stop, and remove them"}, faults{r}.stopSome},
		part{lang.Textf("Lose %d engines, and let them return", r.lostNodes()), faults{r}.loseEngines},
		part{lang.Text{EN: "Restart Consul"}, faults{r}.restartConsul},
		part{lang.Text{EN: "Kill the primary of two Swarm managers"}, faults{r}.failOver},
	)
	for _, p := range parts {
		err := r.result.Run.TimeStage(p.what.In(r.Lang), func() error {
			return r.Track(p.what, func() error { return p.do(ctx) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// levelsOf returns the numbers of containers at which requests are measured.
func levelsOf(containers int) []int {
	return []int{1, containers / 3, 2 * containers / 3, containers}
}

// lostNodes returns how many engines are lost and return.
func (r *run) lostNodes() int { return r.Nodes / 10 }

// memoryNeeded returns how many bytes a run takes: two Swarm managers with a full list at
// the end, the simulated engines, and labcheck's own lists of containers.
func memoryNeeded(nodes, containers int) int64 {
	return 512<<20 + int64(nodes)<<18 + int64(containers)<<16
}

func (r *run) checkMemory() error {
	if need := memoryNeeded(r.Nodes, r.Containers); r.Machine.Free < need {
		return harness.WithHint(
			lang.Errorf("%d nodes with %d containers need %d MiB of memory, and %d MiB are free",
				r.Nodes, r.Containers, need>>20, r.Machine.Free>>20),
			lang.Text{EN: "fewer --nodes and --containers"})
	}
	return nil
}

// conclude says what the run came to.
func (r *run) conclude(ctx context.Context, err error) {
	e := harness.Evidence{Run: r.result.Run, Counts: harness.Counts{Failed: len(r.result.False)}}
	e.Conclude(ctx, err)
	r.result.Run = e.Run
}

// addFalse notes a claim that is false.
func (r *run) addFalse(what lang.Text) { r.result.False = append(r.result.False, what.In(r.Lang)) }
