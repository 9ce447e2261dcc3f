package harness

// Stage says how far the tutorial has come on a cluster.
type Stage int

// The stages, in the tutorial's order.
const (
	StageNone    Stage = iota // not even every engine answers
	StageEngines              // every engine answers
	StageConsul               // Consul runs on the manager and has a leader
	StageManager              // the Swarm manager answers
	StageJoined               // every member is Healthy in the manager's list
	StageNetwork              // the overlay network is everywhere and carries traffic
)

var stageNames = [...]string{"none", "engines", "consul", "manager", "joined", "network"}

func (s Stage) String() string { return stageNames[s] }

// MarshalText writes the stage's name.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
