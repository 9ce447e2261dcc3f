package harness

import (
	"errors"

	"labcheck/harness/lang"
)

// HostsError is an error that is about some hosts only, whatever its text says.
type HostsError struct {
	Hosts []string
	Err   error
}

// AboutHosts says which hosts an error is about. It leaves nil as it is, and an
// error that says so itself.
func AboutHosts(err error, hosts ...string) error {
	if err == nil || len(hosts) == 0 || errors.As(err, new(*HostsError)) {
		return err
	}
	return &HostsError{hosts, err}
}

func (e *HostsError) Error() string { return e.Err.Error() }

// In returns the message in a language.
func (e *HostsError) In(l lang.Language) string { return l.Error(e.Err) }

func (e *HostsError) Unwrap() error { return e.Err }
