package steps

import (
	"strings"
	"testing"

	"labcheck/harness"
)

// TestUnknownHost: a sentence about a host that there is not says so. Scenarios of a person's
// own have such hosts.
func TestUnknownHost(t *testing.T) {
	w, _ := performedWorld(t)
	ctx := t.Context()
	openErr := w.openTerminal("shop")
	w.last = harness.Result{Argv: []string{"docker"}, Stdout: strings.Repeat("a", 64) + "\n"}
	for what, err := range map[string]error{
		"terminal":   openErr,
		"shown id":   w.showsContainerID(ctx, "shop"),
		"container":  w.runsOne(ctx, "shop", "Swarm join"),
		"no join":    w.noneJoins(ctx, "shop"),
		"reached":    w.managerReaches(ctx, "shop", "192.168.33.20:2375", "frontend01"),
		"engine":     w.engineHas(ctx, "shop", "cluster store", "consul://192.168.33.11:8500"),
		"network":    w.networkOn(ctx, "shop", "mynet", "overlay"),
		"other join": w.joinWith(ctx, "shop", 10, 30),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "there is no host shop; there are manager, frontend01, ") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
