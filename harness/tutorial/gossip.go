package tutorial

import (
	"context"
	"slices"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// settle is how long a gossip in several parts is left alone before it is
// taken for one that stays so. Engines that are about to join do it at once:
// a try that fails fails in milliseconds, or hangs for 10 s.
const settle = 300 * time.Millisecond

// Introduce waits until every engine has joined a gossip. Where these are
// several it makes them one, and returns how many there were. It does not wait
// until each engine has heard of each other.
//
// An engine that finds itself in the cluster store, among others, joins one of
// them, once; if that one is not there yet it goes on to the next. Engines that
// register within the same moment, as those of a new lab do and those of any
// cluster whose Consul starts after them, so end as two gossips in some 3 of 10
// cases, and nothing that they do later joins these (docker/libnetwork,
// drivers/overlay/overlay.go, nodeJoin, joinOnce). mynet is listed everywhere
// then, and containers of different parts never reach one another.
func Introduce(ctx context.Context, c *engine.Cluster) (parts int, err error) {
	hosts := c.Topology().Hosts()
	var representatives []int
	look := func(ctx context.Context) error {
		views, err := gossip(ctx, c)
		representatives = separate(views, hosts)
		return err
	}
	if err := harness.Until(ctx, pause, look); err != nil || len(representatives) == 1 {
		return len(representatives), err
	}
	if err := sleep(ctx, settle); err != nil {
		return 0, err
	}
	if err := look(ctx); err != nil {
		return 0, err
	}
	for _, other := range representatives[1:] {
		if err := engine.Introduce(ctx, c.Node(hosts[representatives[0]].Name), c.Node(hosts[other].Name)); err != nil {
			return len(representatives), err
		}
	}
	return len(representatives), nil
}

// tellMembers is how long engines that joined one gossip are left alone before
// those that have not heard of each other compare what they know. Gossip takes
// less than a second.
const tellMembers = time.Second

// CompleteGossip waits until every engine has heard of every other. Gossip loses
// a message now and then; by themselves, engines notice only when two of them
// compare all that they know, every 30 s (hashicorp/memberlist, config.go,
// PushPullInterval). CompleteGossip has them do so after tellMembers.
func CompleteGossip(ctx context.Context, c *engine.Cluster) error {
	hosts, told := c.Topology().Hosts(), time.Now()
	return harness.Until(ctx, pause, func(ctx context.Context) error {
		views, err := gossip(ctx, c)
		if err != nil {
			return err
		}
		if time.Since(told) > tellMembers {
			for i, view := range views {
				isUnknown := func(h harness.Host) bool { return !engine.Knows(view, h.Addr) }
				// What the first one tells is all that the others know. One that fails is tried
				// again: the engines may be busy.
				if j := slices.IndexFunc(hosts, isUnknown); j >= 0 {
					_ = engine.Introduce(ctx, c.Node(hosts[i].Name), c.Node(hosts[j].Name))
				}
			}
			told = time.Now()
		}
		return knowAll(views, hosts)
	})
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// gossip returns whom each host's engine has in its gossip.
func gossip(ctx context.Context, c *engine.Cluster) ([][]engine.Peer, error) {
	return harness.Each(ctx, c.Topology().Hosts(), func(ctx context.Context, h harness.Host) ([]engine.Peer, error) {
		return engine.Gossip(ctx, c.Node(h.Name))
	})
}

// separate returns the first host of each set of hosts that have heard of one another,
// directly or not.
func separate(views [][]engine.Peer, hosts []harness.Host) []int {
	part := make([]int, len(hosts))
	for i := range part {
		part[i] = i
	}
	for i, view := range views {
		for j, h := range hosts {
			if engine.Knows(view, h.Addr) {
				merge(part, min(part[i], part[j]), max(part[i], part[j]))
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(part)))
}

// merge has what is in part b be in part a.
func merge(part []int, a, b int) {
	for i := range part {
		if part[i] == b {
			part[i] = a
		}
	}
}

// knowAll returns nil if every host has every host in its gossip, alive.
func knowAll(views [][]engine.Peer, hosts []harness.Host) error {
	for i, h := range hosts {
		if lacks := engine.Lacking(views[i], hosts); len(lacks) > 0 {
			return lang.Errorf("the engine of %s has not found %s by gossip", h.Name, strings.Join(lacks, ", "))
		}
	}
	return nil
}
