//go:build lab

package sim

import (
	"strings"
	"testing"
)

// The error of a host that ended has the end of its engine's log.
func TestEndedHasLog(t *testing.T) {
	_, nodes := up(t, testOptions(t, "test-endlog"))
	n := nodes[4].(*node)
	if err := n.setOff(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	err := n.awaitEngine(t.Context(), reporter{})
	if err == nil || !strings.Contains(err.Error(), "the node's container ended with exit code 137\nlast lines of "+n.name+": level=") {
		t.Errorf("it says: %v", err)
	}
}
