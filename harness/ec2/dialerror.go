package ec2

import (
	"errors"
	"net"
	"syscall"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// unreachableError says in which layer a connection to a node failed. from is the
// jump host that dialled; empty where that was this machine.
func unreachableError(node, at, from string, err error) *harness.UnreachableError {
	var known *harness.UnreachableError
	if errors.As(err, &known) {
		return known // the way to it failed before
	}
	e := &harness.UnreachableError{Node: node, Service: at, Err: err}
	_, port, _ := net.SplitHostPort(at)
	var unknown *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Layer, e.What = harness.LayerPort, lang.Textf("the host answers, and nothing listens on that port")
		e.Hint = lang.Textf(
			"start what is to listen on port %s of %s; if it listens on another one, say so in the inventory", port, node)
	case errors.As(err, &unknown):
		e.Layer, e.What = harness.LayerRoute, lang.Textf("nobody knows the name %s", unknown.Name)
		e.Hint = lang.Textf("fix public or address in the inventory")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		e.Layer, e.What = harness.LayerRoute, lang.Textf("there is no route to it, or nobody has the address")
		e.Hint = lang.Text{
			EN: "see whether the instance runs, and whether its address is still the inventory's: labcheck inventory discover",
		}
	case timedOut(err):
		e.Layer, e.What = harness.LayerFirewall, lang.Textf(
			"no answer within %s: most likely the security group does not let TCP port %s in, or the instance does not run", dialTimeout, port)
		e.Hint = lang.Textf(
			"let TCP port %s in from %s in the instance's security group", port, from)
		if from == "" {
			e.Hint = lang.Textf(
				"let TCP port %s in from this machine in the instance's security group, or go through the manager: --ssh-jump manager", port)
		}
	default:
		e.Layer, e.What = harness.LayerRoute, lang.Textf("%v", err)
	}
	return e
}
