package harness

import "labcheck/harness/lang"

// Layer is how far one came on the way to a service of a node.
type Layer string

// The layers, in the order in which a connection comes through them.
const (
	LayerSSH      Layer = "ssh"      // the tunnel: host key, login, forwarding
	LayerRoute    Layer = "route"    // no route, or nobody has the address
	LayerFirewall Layer = "firewall" // no answer at all: as a security group does it
	LayerPort     Layer = "port"     // the host says that nothing listens there
	LayerSilence  Layer = "silence"  // the connection stands and nothing is said
	LayerTLS      Layer = "tls"      // one side speaks TLS, or trusts the other one not
	LayerService  Layer = "service"  // another service answers there
	LayerIdentity Layer = "identity" // another node answers there
	LayerAccess   Layer = "access"   // the service refuses the token
)

// UnreachableError is a node, or a service on one, that could not be asked.
// Nothing is known of it then: no claim about it is true or false.
type UnreachableError struct {
	Node string
	// Service is what was to be reached: an address with its port.
	Service string
	Layer   Layer
	// What is what happened, without the node: "no answer within 4s".
	What lang.Text
	// Hint is what to do about it; empty where that is not known.
	Hint lang.Text
	// Passing says that it may well be reached when it is tried again.
	Passing bool
	Err     error // may be nil
}

func (e *UnreachableError) Error() string { return e.In(lang.English) }

// In is the error in a language.
func (e *UnreachableError) In(l lang.Language) string {
	if e.Service == "" {
		return l.Say("%s can't be reached: %s", e.Node, e.What.In(l))
	}
	return l.Say("%s can't be reached at %s: %s", e.Node, e.Service, e.What.In(l))
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// HintIn implements Hinter.
func (e *UnreachableError) HintIn(l lang.Language) string { return e.Hint.In(l) }
