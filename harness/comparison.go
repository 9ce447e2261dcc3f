package harness

import "slices"

// Comparison is an output that the page shows, compared with the cluster's output of
// the same command.
type Comparison struct {
	Page    string  `json:"page"`    // the page's number of the command, such as 1.9
	Command string  `json:"command"` // as typed
	Shown   string  `json:"shown"`   // what the page shows
	Answer  string  `json:"answer"`  // what a terminal shows of the cluster's output
	Fields  []Field `json:"fields"`  // in the page's order
}

// FieldsWith returns the fields that have a verdict.
func (c Comparison) FieldsWith(v FieldVerdict) []Field {
	return slices.DeleteFunc(slices.Clone(c.Fields), func(f Field) bool { return f.Verdict != v })
}

// Field is one value of an output. Page is empty if the page does not have the
// value, Seen if the cluster's output does not.
type Field struct {
	Name    string       `json:"name"` // its path: Nodes / frontend01 / Status
	Page    string       `json:"page,omitempty"`
	Seen    string       `json:"seen,omitempty"`
	Verdict FieldVerdict `json:"verdict"`
	// PageLine and SeenLine are the lines of Shown and Answer that have the value,
	// counted from 1; 0 if none has.
	PageLine int `json:"page_line,omitempty"`
	SeenLine int `json:"seen_line,omitempty"`
	// Volatile tells that a known difference is a value that is another in each run,
	// such as an id or a time.
	Volatile bool `json:"volatile,omitempty"`
	// Reason and Source say why a known difference is harmless, and where to look
	// that up.
	Reason string `json:"reason,omitempty"`
	Source string `json:"source,omitempty"`
}

// FieldVerdict is the result of comparing a field.
type FieldVerdict string

// The verdicts.
const (
	FieldEqual  FieldVerdict = "equal"
	FieldListed FieldVerdict = "listed" // a known difference
	FieldWrong  FieldVerdict = "wrong"
)

// Coverage counts the page's commands and outputs, and how many of them a run has
// typed and compared.
type Coverage struct {
	Commands int `json:"commands"` // of the page
	Run      int `json:"run"`      // commands that were typed
	Outputs  int `json:"outputs"`  // of the page
	Compared int `json:"compared"` // outputs that were compared
}
