package diagnose

import (
	"errors"
	"slices"

	"labcheck/harness"
)

// unreached is in which layer a service can't be reached from here, where the target
// knows. That nothing listens on a port is word of its host.
func unreached(err error) *harness.UnreachableError {
	var un *harness.UnreachableError
	if !errors.As(err, &un) || un.Layer == harness.LayerPort {
		return nil
	}
	return un
}

// notReached reports it: of a host that everything goes through only once.
func (d *diagnosis) notReached(section string, un *harness.UnreachableError, breaks part) *finding {
	cause := un.In(d.Lang)
	if i := slices.IndexFunc(d.found, func(f *finding) bool { return f.Cause == cause }); i >= 0 {
		d.found[i].breaks = append(d.found[i].breaks, breaks)
		return d.found[i]
	}
	advice := un.Hint.In(d.Lang)
	if advice == "" {
		advice = d.between()
	}
	return d.report("unreachable", un.Node, section, cause, breaks).advise(advice)
}

func (d *diagnosis) between() string {
	return d.Lang.Say("look for what is between: security groups, routes, firewalls")
}
