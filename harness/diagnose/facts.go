package diagnose

import (
	"context"
	"errors"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// How long answers are waited for: an engine's first, once more where that does
// not come, and all that is asked after it. The last two are those of a machine
// that is not busy: see within.
const (
	firstAnswer  = 1200 * time.Millisecond
	secondAnswer = 800 * time.Millisecond
	answers      = 1800 * time.Millisecond
	logLines     = 40

	// The time for the way to a host that is reached out of band: what ssh takes to know that
	// nobody answers, and less where nobody answered before.
	wayIn     = 4500 * time.Millisecond
	wayToLost = time.Second
)

// promptly is how long an engine takes at the most to tell of itself where its
// machine is not busy, and mostPatience how many times longer than there answers
// are waited for at the most.
const (
	promptly     = 60 * time.Millisecond
	mostPatience = 4
)

// facts is what a cluster answered.
type facts struct {
	cluster *engine.Cluster
	hosts   map[string]*hostFacts
	// patience is how many times longer than on an idle machine answers are
	// waited for: the quickest engine shows how busy theirs are.
	patience  float64
	outOfBand bool // see Options

	leader    string
	leaderErr error
	entries   map[string]engine.Entry // of Consul, below docker/, by key
	keysErr   error
	swarm     *engine.Swarm
	swarmName string // who answers on Swarm's port, where it is an engine
	swarmErr  error
}

// hostFacts is what one host answered.
type hostFacts struct {
	host     harness.Host
	dialErr  error
	infoErr  error
	info     engine.Info
	infoTook time.Duration
	probe    probe
	log      string // the end of the engine's, where the target can tell it

	containers []box
	boxesErr   error
	networks   []engine.Network // those of the overlay network's name
	all        []engine.Network
	netErr     error
	hasSwarm   bool // the image
	hasConsul  bool
	peers      []engine.Peer
	gossipErr  error
}

func newFacts(c *engine.Cluster, outOfBand bool) *facts {
	f := &facts{cluster: c, hosts: map[string]*hostFacts{}, patience: 1, outOfBand: outOfBand, entries: map[string]engine.Entry{}}
	for _, h := range c.Topology().Hosts() {
		f.hosts[h.Name] = &hostFacts{host: h}
	}
	return f
}

// each does something for all hosts at once.
func (f *facts) each(do func(*hostFacts)) {
	var group sync.WaitGroup
	for _, h := range f.hosts {
		group.Go(func() { do(h) })
	}
	group.Wait()
}

// within is a time to wait with patience.
func (f *facts) within(d time.Duration) time.Duration {
	return time.Duration(float64(d) * f.patience)
}

// onHost is within of a command on a host, which out of band has to find its way first.
func (f *facts) onHost(h harness.Host, d time.Duration) time.Duration {
	switch {
	case !f.outOfBand:
		return f.within(d)
	case unreached(f.hosts[h.Name].dialErr) != nil:
		return f.within(d) + wayToLost
	}
	return f.within(d) + wayIn
}

// setPatience looks at the engine that answered the quickest: one may hang, but
// where all are slow it is their machine that is busy.
func (f *facts) setPatience(ctx context.Context) {
	quickest := time.Duration(0)
	for _, h := range f.hosts {
		if h.answers() && (quickest == 0 || h.infoTook < quickest) {
			quickest = h.infoTook
		}
	}
	most := float64(harness.Limit(ctx, mostPatience*promptly)) / float64(promptly)
	f.patience = min(max(1, float64(quickest)/float64(promptly)), most)
}

func (h *hostFacts) answers() bool { return h.dialErr == nil && h.infoErr == nil }

// hangs tells whether the engine runs, takes connections and says nothing: so
// does one that waits for its cluster store. Where nothing is known of the host
// its engine is taken to run.
func (h *hostFacts) hangs() bool {
	return h.dialErr == nil && errors.Is(h.infoErr, engine.ErrTimeout) &&
		h.probe.err == nil && h.probe.state != 'T' && (h.probe.state != 0 || h.probe.partial || h.probe.unasked != nil)
}
