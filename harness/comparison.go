package harness

// Comparison is an output that the page shows, beside what the cluster answered
// to the same command.
type Comparison struct {
	Page    string  `json:"page"`    // the page's number of the command, such as 1.9
	Command string  `json:"command"` // as typed
	Shown   string  `json:"shown"`   // what the page shows
	Fields  []Field `json:"fields"`  // in the page's order
}

// Field is one value of an output. Page is empty where the page does not have
// it, Seen where the answer does not.
type Field struct {
	Name    string       `json:"name"` // its path: Nodes / frontend01 / Status
	Page    string       `json:"page,omitempty"`
	Seen    string       `json:"seen,omitempty"`
	Verdict FieldVerdict `json:"verdict"`
	// Reason and Source say why a listed difference is none to worry about, and
	// where that can be looked up.
	Reason string `json:"reason,omitempty"`
	Source string `json:"source,omitempty"`
}

// FieldVerdict is what comparing a field came to.
type FieldVerdict string

// The verdicts.
const (
	FieldEqual  FieldVerdict = "equal"
	FieldListed FieldVerdict = "listed" // differs for a reason that is listed
	FieldWrong  FieldVerdict = "wrong"
)

// Coverage is how much of the page a run has done: its commands, and the
// outputs that it shows.
type Coverage struct {
	Commands int `json:"commands"` // that the page has
	Run      int `json:"run"`      // that were typed
	Outputs  int `json:"outputs"`  // that the page shows
	Compared int `json:"compared"` // that were compared
}
