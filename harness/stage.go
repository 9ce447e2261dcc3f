package harness

// Stage is how far the tutorial has come on a cluster.
type Stage int

// The stages, in the tutorial's order.
const (
	StageNone    Stage = iota // an engine does not answer
	StageEngines              // every engine answers
	StageConsul               // Consul is running on the manager and has a leader
	StageManager              // the Swarm manager answers
	StageJoined               // the manager lists every member as Healthy
	StageNetwork              // the overlay network is on every host and carries traffic
)

var stageNames = [...]string{"none", "engines", "consul", "manager", "joined", "network"}

func (s Stage) String() string { return stageNames[s] }

// MarshalText writes the stage's name.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
