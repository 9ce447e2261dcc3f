package harness

// Finding is a cause of false claims.
type Finding struct {
	// Code identifies the kind of cause, and never changes: consul-no-leader.
	Code string `json:"code"`
	Node string `json:"node,omitempty"` // empty if the whole cluster is concerned
	// Cause is what is wrong, in a sentence.
	Cause string `json:"cause"`
	// Seen is the observations from which the cause was inferred.
	Seen       []Observation `json:"seen"`
	Confidence Confidence    `json:"confidence"`
	// Revert is the labcheck command that reverts it, if labcheck injected it as a
	// fault into a lab. It is typed where labcheck is.
	Revert string `json:"revert,omitempty"`
	// Remedy is the commands that fix it, a line each, in the order in which they are
	// typed on RemedyHost; empty if no command does.
	Remedy []string `json:"remedy,omitempty"`
	// RemedyHost is the host on which the commands of Remedy are typed, if it is not
	// the manager.
	RemedyHost string `json:"remedy_host,omitempty"`
	// Advice is what to do if a command alone does not fix it.
	Advice string `json:"advice,omitempty"`
	// Doc is the section that explains it, in the repository:
	// docs/codes/consul.md#consul-stopped.
	Doc string `json:"doc,omitempty"`
	// Explains is the ids of the claims that are false because of it.
	Explains []string `json:"explains,omitempty"`
}

// Observation is a question to the cluster and its answer.
type Observation struct {
	Asked    string `json:"asked"`
	Answered string `json:"answered"`
}

// Confidence is how sure a finding is.
type Confidence string

// The confidences.
const (
	Certain  Confidence = "certain"  // confirmed directly
	Likely   Confidence = "likely"   // another cause is improbable
	Possible Confidence = "possible" // it would explain the observations
)
