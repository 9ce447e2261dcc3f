package scale

import (
	"context"
	"fmt"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// faults injects faults into the cluster of a run.
type faults struct{ *run }

// stoppedContainers is how many containers stop by themselves and are removed.
const stoppedContainers = 20

// stopSome runs containers that stop by themselves, and removes them when the Swarm
// manager knows that they have.
func (r faults) stopSome(ctx context.Context) error {
	swarm := r.Cluster.Swarm()
	var ids []string
	for range stoppedContainers {
		id, err := swarm.Run(ctx, engine.RunSpec{Image: workloadImage, Args: []string{"sleep", "1"}})
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	start := time.Now()
	if err := r.awaitCounts(ctx, swarm, stoppedContainers); err != nil {
		return err
	}
	r.noteEvent("stopped", start,
		lang.Textf("%d containers end by themselves after 1 s, and the manager knows it", stoppedContainers))
	start = time.Now()
	for _, id := range ids {
		if err := swarm.Remove(ctx, id); err != nil {
			return err
		}
	}
	if err := r.awaitCounts(ctx, swarm, 0); err != nil {
		return err
	}
	r.noteEvent("removed", start, lang.Textf("%d stopped containers are removed through the manager", stoppedContainers))
	return nil
}

// awaitCounts waits until a Swarm manager lists what it has listed before, and so many
// containers more that have stopped.
func (r faults) awaitCounts(ctx context.Context, swarm *engine.Client, stopped int) error {
	want := r.result.Spread.listedWith(r.counted, stopped)
	return r.await(ctx, listTimeout, func(ctx context.Context) error {
		s, err := tutorial.SwarmOn(ctx, swarm)
		if err != nil {
			return err
		}
		if c := countList(s); c.running != want.running || c.stopped != want.stopped {
			return lang.Errorf("the manager lists %d running and %d stopped containers, want %d and %d",
				c.running, c.stopped, want.running, want.stopped)
		}
		return nil
	})
}

// noteEvent notes what has come about, and how long it took since a start.
func (r faults) noteEvent(id string, start time.Time, what lang.Text) {
	e := Event{At: start.Sub(r.began), ID: id, What: what.In(r.Lang), Took: time.Since(start)}
	r.result.Events = append(r.result.Events, e)
}

// loseEngines freezes the host of a tenth of the engines until their registrations have
// expired, and lets them go on.
func (r faults) loseEngines(ctx context.Context) error {
	var err error
	if r.placed, err = r.placedContainers(ctx, r.Cluster.Swarm()); err != nil {
		return err
	}
	pause := harness.Fault{Kind: harness.FaultPause, Node: lostHost}
	start := time.Now()
	if err := r.Lab.Break(ctx, pause); err != nil {
		return err
	}
	if err := r.awaitLoss(ctx); err != nil {
		return err
	}
	r.noteEvent("lost", start,
		lang.Textf("%d engines are lost: their registrations expire, and the manager lists the others", r.lostNodes()))
	start = time.Now()
	if err := r.Lab.Mend(ctx, pause); err != nil {
		return err
	}
	if err := r.awaitList(ctx, r.Cluster.Swarm()); err != nil {
		return err
	}
	r.noteEvent("returned", start, lang.Textf("%d engines return: the manager lists all nodes and containers", r.lostNodes()))
	return r.verifyNothingLost(ctx, r.Cluster.Swarm())
}

// awaitLoss waits until the manager lists only the engines that are not lost.
func (r faults) awaitLoss(ctx context.Context) error {
	return r.await(ctx, r.TTL+listTimeout, func(ctx context.Context) error {
		s, err := tutorial.SwarmOn(ctx, r.Cluster.Swarm())
		if err != nil {
			return err
		}
		if c, want := countList(s), r.Nodes-r.lostNodes(); c.nodes != want || c.healthy != want {
			return lang.Errorf("the manager lists %d nodes, %d of them Healthy, want %d", c.nodes, c.healthy, want)
		}
		return nil
	})
}

// placedContainers returns the nodes of all containers that a Swarm manager lists, by
// their IDs.
func (r faults) placedContainers(ctx context.Context, manager *engine.Client) (map[string]string, error) {
	all, err := manager.Containers(ctx)
	placed := make(map[string]string, len(all))
	for _, c := range all {
		placed[c.ID] = c.Node
	}
	return placed, err
}

// verifyNothingLost verifies that a Swarm manager lists the same containers on the same
// nodes as before anything was lost, and adds what it found to the last event.
func (r faults) verifyNothingLost(ctx context.Context, manager *engine.Client) error {
	after, err := r.placedContainers(ctx, manager)
	if err != nil {
		return err
	}
	e := &r.result.Events[len(r.result.Events)-1]
	if e.Lost = notFound(r.placed, after); e.Lost > 0 {
		r.addFalse(lang.Textf("Nothing is lost (%s): %d of %d containers are not where they were",
			e.What, e.Lost, len(r.placed)))
	}
	return nil
}

// restartConsul restarts Consul and waits until it has all registrations again, and until
// the manager follows it: it must notice that a key has gone.
func (r faults) restartConsul(ctx context.Context) error {
	t := r.Cluster.Topology()
	id, err := r.findService(ctx, tutorial.Consul, t.Manager)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := r.Cluster.Engine(managerHost).Restart(ctx, id); err != nil {
		return err
	}
	if err := r.await(ctx, listTimeout, r.checkConsul); err != nil {
		return err
	}
	r.noteEvent("consul-registered", start, lang.Text{EN: "Consul is restarted: it has a leader and all registrations"})
	if err := r.awaitFollowing(ctx); err != nil {
		return err
	}
	r.noteEvent("consul-followed", start,
		lang.Text{EN: "Consul is restarted: the manager notices that a registration was deleted"})
	start = time.Now()
	if err := r.awaitList(ctx, r.Cluster.Swarm()); err != nil {
		return err
	}
	r.noteEvent("registered-again", start,
		lang.Text{EN: "the engine whose registration was deleted has registered again"})
	return r.verifyNothingLost(ctx, r.Cluster.Swarm())
}

// checkConsul returns nil if Consul has a leader and all registrations.
func (r faults) checkConsul(ctx context.Context) error {
	if _, err := r.Cluster.Consul().Leader(ctx); err != nil {
		return err
	}
	return starter(r).checkRegistered(ctx)
}

// awaitFollowing deletes the registration of an engine until the manager does not list it
// any more. The engine renews its registration meanwhile.
func (r faults) awaitFollowing(ctx context.Context) error {
	addr := fmt.Sprintf("%s:%d", r.Cluster.Node(keptHost).Addr(), firstPort)
	return r.await(ctx, listTimeout, func(ctx context.Context) error {
		if err := r.Cluster.Consul().Delete(ctx, r.keys()+addr); err != nil {
			return err
		}
		s, err := tutorial.SwarmOn(ctx, r.Cluster.Swarm())
		if err != nil {
			return err
		}
		for _, m := range s.Members {
			if m.Address() == addr {
				return lang.Errorf("the manager still lists %s, whose registration was deleted", addr)
			}
		}
		return nil
	})
}

// failOver replaces the manager by two that replicate, kills the primary, and waits until
// the other one is the primary and lists everything.
func (r faults) failOver(ctx context.Context) error {
	t := r.Cluster.Topology()
	t.Replicas, t.ReplicasOn, t.OneConsul = 1, []string{replicaHost}, true
	replicated := r.Cluster.As(t)
	if err := r.removeService(ctx, tutorial.SwarmManager, t.Manager); err != nil {
		return err
	}
	for _, h := range t.Managers() {
		if err := starter(r).runManager(ctx, replicated, h); err != nil {
			return err
		}
		if err := r.awaitList(ctx, replicated.SwarmOn(h.Name)); err != nil {
			return err
		}
	}
	if err := r.awaitRole(ctx, replicated, engine.Replica); err != nil {
		return err
	}
	start := time.Now()
	if err := r.removeService(ctx, tutorial.SwarmManager, t.Manager); err != nil {
		return err
	}
	replica := replicated.SwarmOn(replicaHost)
	if err := r.awaitRole(ctx, replicated, primary); err != nil {
		return err
	}
	if err := r.awaitList(ctx, replica); err != nil {
		return err
	}
	r.noteEvent("failover", start,
		lang.Text{EN: "the primary manager is killed: its replica is the primary and lists all nodes and containers"})
	return r.verifyNothingLost(ctx, replica)
}

// primary is the role of the Swarm manager that the replicas follow.
const primary = "primary"

// awaitRole waits until the manager on the replica's host has a role.
func (r faults) awaitRole(ctx context.Context, c *engine.Cluster, role string) error {
	return r.await(ctx, listTimeout, func(ctx context.Context) error {
		s, err := tutorial.SwarmOn(ctx, c.SwarmOn(replicaHost))
		if err == nil && !strings.EqualFold(s.Role, role) {
			err = lang.Errorf("the Swarm manager on %s is %s, want %s", replicaHost, s.Role, role)
		}
		return err
	})
}
