package harness

// Finding is a cause of false claims.
type Finding struct {
	// Code names the kind of cause for good: consul-no-leader.
	Code string `json:"code"`
	Node string `json:"node,omitempty"` // empty where it is about the cluster
	// Cause is what is wrong, in a sentence.
	Cause string `json:"cause"`
	// Seen is what was asked and what was answered.
	Seen       []Observation `json:"seen"`
	Confidence Confidence    `json:"confidence"`
	// Remedy are the commands that mend it, as typed on the manager; empty where
	// no command does.
	Remedy []string `json:"remedy,omitempty"`
	// Advice is what to do where a command alone does not mend it.
	Advice string `json:"advice,omitempty"`
	// Doc is the section that explains it: README.md#what-breaks.
	Doc string `json:"doc,omitempty"`
	// Explains are the ids of the claims which are false because of it.
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
	Certain  Confidence = "certain"  // it was seen itself
	Likely   Confidence = "likely"   // what was seen has hardly another cause
	Possible Confidence = "possible" // it would explain what was seen
)
