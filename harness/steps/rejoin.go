package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
	"labcheck/harness/workload"
)

// joins are the join containers of the hosts that a scenario has join otherwise.
type joins struct {
	*scenario
	containers *containers
	members    *members
	changed    []changedJoin
	restarting []changedJoin // those that were made to start again with their hosts
}

// changedJoin is a join container of the page's, and the one that stands in for it.
type changedJoin struct {
	host     string
	pages    engine.Container
	standsIn string // its ID; empty until it was made
}

func (j *joins) sentences() []sentence {
	return []sentence{
		{`^"([^"]*)" joins with a heartbeat of (\d+) seconds and a TTL of (\d+) seconds$`, j.joinWith},
		{`^"([^"]*)" joins as before$`, j.joinAsBefore},
		{`^the Swarm join containers start again with their hosts$`, j.restartWithHosts},
	}
}

// joinWith has a host join with a heartbeat and a TTL of its own instead of
// the page's defaults, 60 and 180 seconds, which nobody wants to wait for.
func (j *joins) joinWith(ctx context.Context, host string, heartbeat, ttl int) error {
	pages, err := j.containers.findOnly(ctx, tutorial.SwarmJoin, host)
	if err != nil {
		return err
	}
	j.changed = append(j.changed, changedJoin{host: host, pages: pages})
	if err := j.leaveCluster(ctx, host, pages.ID); err != nil {
		return err
	}
	args := []string{"join", fmt.Sprintf("--heartbeat=%ds", heartbeat), fmt.Sprintf("--ttl=%ds", ttl)}
	id, err := j.cluster.Engine(host).Run(ctx, engine.RunSpec{
		Image: j.service(tutorial.SwarmJoin).Spec.Image, Args: append(args, pages.Args[1:]...),
		Labels: map[string]string{workload.Label: j.load.Run()},
	})
	if err != nil {
		return err
	}
	j.changed[len(j.changed)-1].standsIn = id
	return j.waitAtMost(ctx, 30*time.Second, func(ctx context.Context) error { return j.members.listedAgain(ctx, host) })
}

// restartWithHosts has the page's join containers start again with their hosts, as
// `labcheck bootstrap --restart-join` does.
func (j *joins) restartWithHosts(ctx context.Context) error {
	for _, h := range j.topology().Members {
		pages, err := j.containers.findOnly(ctx, tutorial.SwarmJoin, h.Name)
		if err != nil {
			return err
		}
		if pages.RestartPolicy == "no" {
			j.restarting = append(j.restarting, changedJoin{host: h.Name, pages: pages})
		}
	}
	t := j.topology()
	t.RestartJoin = true
	return j.page.Bootstrap(ctx, j.cluster.As(t), nil)
}

// noticed is how long the cluster may take to notice that a node has left. A
// manager that lost Consul asks it again after 60 s (docker/docker,
// pkg/discovery/kv/kv.go, Watch).
const noticed = 90 * time.Second

// leaveCluster stops a join container, forgets what it registered, and waits until
// the cluster has noticed. The next one would otherwise go on with the session,
// and so the TTL, that the key has.
func (j *joins) leaveCluster(ctx context.Context, host, id string) error {
	if err := j.cluster.Engine(host).Stop(ctx, id); err != nil {
		return err
	}
	h, _ := j.topology().Named(host)
	key := j.service(tutorial.SwarmJoin).Keys + h.Engine().String()
	if err := j.cluster.Consul().Delete(ctx, key); err != nil {
		return err
	}
	return j.waitAtMost(ctx, noticed, func(ctx context.Context) error { return j.members.notListed(ctx, host) })
}

// joinAsBefore has the page's own join container run again.
func (j *joins) joinAsBefore(ctx context.Context, host string) error {
	i := slices.IndexFunc(j.changed, func(c changedJoin) bool { return c.host == host })
	if i < 0 {
		return lang.Errorf("%s has joined as the page has it", host)
	}
	was := j.changed[i]
	j.changed = slices.Concat(j.changed[:i], j.changed[i+1:])
	if was.standsIn != "" {
		if err := j.leaveCluster(ctx, host, was.standsIn); err != nil {
			return err
		}
		if err := j.cluster.Engine(host).Remove(ctx, was.standsIn); err != nil {
			return err
		}
	}
	return j.cluster.Engine(host).Start(ctx, was.pages.ID)
}

// restoreAll has every host join as the page has it, whatever the scenario came to.
func (j *joins) restoreAll(ctx context.Context) (err error) {
	for _, c := range j.changed {
		err = errors.Join(err, j.joinAsBefore(ctx, c.host))
	}
	for _, c := range j.restarting {
		err = errors.Join(err, j.cluster.Engine(c.host).SetRestart(ctx, c.pages.ID, "no"))
	}
	j.changed, j.restarting = nil, nil
	return err
}
