package diagnose

import (
	"context"
	"slices"
	"strings"
	"sync"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// box is a container and, where it does not run well, the end of its log.
type box struct {
	engine.Container
	log string
}

// boxes are all containers that could be the tutorial's, and those that have
// one of its ports, with the logs of those that do not run well.
func boxes(ctx context.Context, on *engine.Client, t harness.Topology) ([]box, error) {
	listed, err := on.Containers(ctx)
	if err != nil {
		return nil, err
	}
	listed = slices.DeleteFunc(listed, func(c engine.Container) bool { return !relevant(c, t) })
	all := make([]box, len(listed))
	var group sync.WaitGroup
	for i, l := range listed {
		group.Go(func() {
			c, err := on.Inspect(ctx, l.ID)
			if err != nil {
				return // it was just removed
			}
			all[i].Container = c
			if c.State != "running" || c.RestartCount > 0 {
				all[i].log, _ = on.Log(ctx, c.ID, logLines)
			}
		})
	}
	group.Wait()
	return slices.DeleteFunc(all, func(b box) bool { return b.ID == "" }), nil
}

// relevant tells what could be a container of the tutorial, whatever its image
// is called by now, or stand in its place.
func relevant(c engine.Container, t harness.Topology) bool {
	return strings.Contains(c.Image, swarmImage) || strings.Contains(c.Image, "consul") ||
		runs(c, "manage") || runs(c, "join") || strings.HasPrefix(c.Command, "/bin/start") ||
		publishes(c, t.Consul().Port()) || publishes(c, t.Swarm().Port())
}

// runs tells whether a container's program is Swarm's, with that argument.
func runs(c engine.Container, arg string) bool {
	words := strings.Fields(c.Command)
	return len(words) > 1 && strings.HasSuffix(words[0], "/swarm") && words[1] == arg
}

func publishes(c engine.Container, port uint16) bool {
	return slices.ContainsFunc(c.Ports, func(p engine.Port) bool { return p.Host == port })
}

// line is the last line of a log that has one of the words.
func line(log string, words ...string) string {
	lines := strings.Split(log, "\n")
	for _, l := range slices.Backward(lines) {
		for _, w := range words {
			if strings.Contains(l, w) {
				return strings.TrimSpace(l)
			}
		}
	}
	return ""
}
