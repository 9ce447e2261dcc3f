// Package survey looks at everything that a cluster says of itself, concurrently
// and once, and knows what keeps it from being asked.
package survey

import (
	"errors"
	"slices"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// State is what a cluster said of itself. It can be written as JSON and read
// back; errors keep their kinds then.
type State struct {
	Topology harness.Topology `json:"topology"`
	Options
	// Patience is how many times longer than on an idle machine answers were waited
	// for, 1 to 4: the quickest engine shows how busy theirs are.
	Patience float64 `json:"patience"`
	Hosts    []*Host `json:"hosts"` // the manager first

	Leader       string                  `json:"leader,omitempty"` // Consul's
	LeaderError  Failure                 `json:"leader_error,omitzero"`
	Entries      map[string]engine.Entry `json:"entries,omitempty"` // of Consul, below docker/, by key
	KeysError    Failure                 `json:"keys_error,omitzero"`
	Swarm        *engine.Swarm           `json:"swarm,omitempty"`
	SwarmName    string                  `json:"swarm_name,omitempty"` // who answers on Swarm's port
	SwarmVersion string                  `json:"swarm_version,omitempty"`
	SwarmError   Failure                 `json:"swarm_error,omitzero"`
}

// Host is what one host said. Its engine says nothing if there is a DialError or
// an InfoError.
type Host struct {
	harness.Host
	DialError Failure       `json:"dial_error,omitzero"`
	InfoError Failure       `json:"info_error,omitzero"`
	Info      engine.Info   `json:"info,omitzero"`
	InfoTook  time.Duration `json:"-"`
	Probe     Probe         `json:"probe,omitzero"`
	Log       string        `json:"log,omitempty"` // the end of the engine's, if the target can tell it

	// Containers are those that Options.Relevant selects.
	Containers      []Container      `json:"containers,omitempty"`
	Replica         *engine.Swarm    `json:"replica,omitempty"` // what its Swarm manager says, beside the manager's
	ContainersError Failure          `json:"containers_error,omitzero"`
	MissingImages   []string         `json:"missing_images,omitempty"` // of Options.Images
	Networks        []engine.Network `json:"networks,omitempty"`       // those of the overlay network's name
	NetworksError   Failure          `json:"networks_error,omitzero"`
	Peers           []engine.Peer    `json:"peers,omitempty"` // of its gossip
	GossipError     Failure          `json:"gossip_error,omitzero"`
}

// Container is a container and, if it does not run well, the end of its log.
type Container struct {
	engine.Container
	Log string `json:"log,omitempty"`
}

func newState(t harness.Topology, o Options) State {
	s := State{Topology: t, Options: o, Patience: 1, Entries: map[string]engine.Entry{}}
	for _, h := range t.Hosts() {
		s.Hosts = append(s.Hosts, &Host{Host: h})
	}
	return s
}

// On returns what a host of the topology said, by its name.
func (s *State) On(name string) *Host {
	return s.Hosts[slices.IndexFunc(s.Hosts, func(h *Host) bool { return h.Name == name })]
}

// Answers reports whether the host's engine says what it is.
func (h *Host) Answers() bool { return h.DialError.Err == nil && h.InfoError.Err == nil }

// Hangs reports whether the engine runs, takes connections and says nothing: so
// does one that waits for its cluster store. If nothing is known of the host, its
// engine is taken to run.
func (h *Host) Hangs() bool {
	p := h.Probe
	return h.DialError.Err == nil && errors.Is(h.InfoError.Err, engine.ErrTimeout) &&
		p.Failed.Err == nil && p.Engine != Stopped && (p.Engine != "" || p.Partial || p.Unasked.Err != nil)
}
