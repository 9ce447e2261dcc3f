package sim

import (
	"testing"

	"labcheck/harness"
)

// TestManagerAlone: a file may describe one node that exists, but a lab has hosts that join.
func TestManagerAlone(t *testing.T) {
	alone := harness.Tutorial()
	alone.Members = nil
	if got, err := (Options{Topology: &alone}).newTopology(); err == nil || err.Error() != "there is only the manager: a lab has hosts that join it, too" {
		t.Errorf("%v, %v", got, err)
	}
}
