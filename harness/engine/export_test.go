package engine

import "labcheck/harness"

// Connect returns a client of what listens on a port of a node.
func Connect(n harness.Node, port uint16) (*Client, error) { return Options{}.connectPort(n, port) }

// ConnectConsul returns a client of the Consul that listens on a port of a node.
func ConnectConsul(n harness.Node, port uint16) (*Consul, error) {
	return Options{}.connectConsul(n, port)
}

// EmptyMessage is what Gossip sends.
func EmptyMessage() []byte { return emptyState().encodeMessage() }
