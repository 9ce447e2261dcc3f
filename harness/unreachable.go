package harness

import "labcheck/harness/lang"

// Layer is the layer at which a connection to a service of a node failed.
type Layer string

// The layers, in the order in which a connection passes them.
const (
	LayerSSH      Layer = "ssh"      // the tunnel: host key, login, forwarding
	LayerRoute    Layer = "route"    // no route, or no host has the address
	LayerFirewall Layer = "firewall" // no answer at all, as behind a security group
	LayerPort     Layer = "port"     // the host refuses the connection
	LayerSilence  Layer = "silence"  // connected, but the service sends nothing
	LayerTLS      Layer = "tls"      // only one side uses TLS, or does not trust the other
	LayerService  Layer = "service"  // another service answers there
	LayerIdentity Layer = "identity" // another node answers there
	LayerAccess   Layer = "access"   // the service refuses the token
)

// UnreachableError reports that a node, or a service on it, can't be reached. No
// claim about it is true or false then.
type UnreachableError struct {
	Node string
	// Service is the address of the service, with its port.
	Service string
	Layer   Layer
	// What is the failure without the node: "no answer within 4s".
	What lang.Text
	// Hint is what to do about it; empty if that is not known.
	Hint lang.Text
	// Passing tells that another attempt may well succeed.
	Passing bool
	Err     error // may be nil
}

func (e *UnreachableError) Error() string { return e.In(lang.English) }

// In returns the message in a language.
func (e *UnreachableError) In(l lang.Language) string {
	if e.Service == "" {
		return l.Say("%s can't be reached: %s", e.Node, e.What.In(l))
	}
	return l.Say("%s can't be reached at %s: %s", e.Node, e.Service, e.What.In(l))
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// IsSame reports whether another error is about the same service and layer.
func (e *UnreachableError) IsSame(other *UnreachableError) bool {
	return e.Node == other.Node && e.Service == other.Service && e.Layer == other.Layer
}

// HintIn implements Hinter.
func (e *UnreachableError) HintIn(l lang.Language) string { return e.Hint.In(l) }
