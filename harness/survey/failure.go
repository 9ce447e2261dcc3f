package survey

import (
	"encoding/json"
	"errors"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// Failure is why there is no answer. Its Err is nil if there is one.
type Failure struct{ Err error }

// kind is an error that rules decide by, and its name in JSON.
type kind struct {
	name string
	err  error
}

var kinds = []kind{
	{"refused", engine.ErrRefused},
	{"timeout", engine.ErrTimeout},
	{"closed", engine.ErrClosed},
	{"wrong service", engine.ErrWrongService},
	{"TLS", engine.ErrTLS},
	{"denied", engine.ErrDenied},
	{"no leader", engine.ErrNoLeader},
	{"frozen", harness.ErrFrozen},
}

// recorded is a Failure in JSON.
type recorded struct {
	Text string `json:"text"`
	Kind string `json:"kind,omitempty"`
	// The rest is of a *harness.UnreachableError.
	Layer   harness.Layer `json:"layer,omitempty"`
	Node    string        `json:"node,omitempty"`
	Service string        `json:"service,omitempty"`
	What    string        `json:"what,omitempty"`
	Hint    string        `json:"hint,omitempty"`
}

// MarshalJSON writes the error's text and kind.
func (f Failure) MarshalJSON() ([]byte, error) {
	if f.Err == nil {
		return []byte("null"), nil
	}
	r := recorded{Text: f.Err.Error()}
	if IsRefused(f.Err) {
		r.Kind = "refused"
	}
	for _, k := range kinds {
		if r.Kind == "" && errors.Is(f.Err, k.err) {
			r.Kind = k.name
		}
	}
	if un := (*harness.UnreachableError)(nil); errors.As(f.Err, &un) {
		r.Layer, r.Node, r.Service, r.What, r.Hint = un.Layer, un.Node, un.Service, un.What.String(), un.Hint.String()
	}
	return json.Marshal(r)
}

// UnmarshalJSON reads an error of the same text and kind.
func (f *Failure) UnmarshalJSON(b []byte) error {
	var r *recorded
	if err := json.Unmarshal(b, &r); err != nil || r == nil {
		return err
	}
	err := &readError{text: r.Text}
	for _, k := range kinds {
		if k.name == r.Kind {
			err.kind = k.err
		}
	}
	f.Err = err
	if r.Layer != "" {
		f.Err = &harness.UnreachableError{
			Layer: r.Layer, Node: r.Node, Service: r.Service,
			What: lang.Verbatim(r.What), Hint: lang.Verbatim(r.Hint), Err: err,
		}
	}
	return nil
}

// readError is an error that was read from JSON.
type readError struct {
	text string
	kind error
}

func (e *readError) Error() string { return e.text }
func (e *readError) Unwrap() error { return e.kind }
