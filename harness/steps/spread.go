package steps

import (
	"context"
	"fmt"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// countsAgree waits until Swarm, which hears of containers by events, counts
// as many as the engines do.
func (w *World) countsAgree(ctx context.Context, seconds int) error {
	if err := w.takeTurn(ctx); err != nil {
		return err
	}
	return w.until(ctx, time.Duration(seconds)*time.Second, func(ctx context.Context) error {
		info, err := w.swarmInfo(ctx)
		if err != nil {
			return err
		}
		has, err := w.count(ctx)
		if err != nil {
			return err
		}
		c := w.compare("the containers on each node")
		for _, m := range info.Swarm.Members {
			c.equal(m.Name, fmt.Sprint(has[m.Name]), fmt.Sprint(m.Containers))
		}
		return c.err()
	})
}

// count asks each member's engine how many containers it has.
func (w *World) count(ctx context.Context) (counts, error) {
	members := w.topology().Members
	numbers, err := each(ctx, members, func(ctx context.Context, h harness.Host) (int, error) {
		all, err := w.cluster.Engine(h.Name).Containers(ctx)
		return len(all), err
	})
	c := counts{}
	for i, h := range members {
		c[h.Name] = numbers[i]
	}
	return c, err
}

func (w *World) startMany(ctx context.Context, n int) error {
	if err := w.takeTurn(ctx); err != nil {
		return err
	}
	before, err := w.count(ctx)
	if err != nil {
		return err
	}
	w.load.counts = []counts{before}
	for i := range n {
		if err := w.start(ctx, w.cluster.Swarm(), "", w.spec(ctx, w.name(i+1), "")); err != nil {
			return lang.Errorf("container %d: %w", i+1, err)
		}
		after, err := w.count(ctx)
		if err != nil {
			return err
		}
		w.load.counts = append(w.load.counts, after)
	}
	return nil
}

// spreadEvenly wants each container on a node that had the fewest before.
func (w *World) spreadEvenly() error {
	c := w.compare("where the containers went")
	for i, after := range w.load.counts[1:] {
		before := w.load.counts[i]
		for _, h := range w.topology().Members {
			if after[h.Name] > before[h.Name] && before[h.Name] > before.fewest() {
				c.differs(w.lang.Say("container %d: to a node with %d", i+1, before.fewest()),
					w.lang.Say("container %d: to %s with %d", i+1, h.Name, before[h.Name]))
			}
		}
	}
	if len(c.expected) > 0 {
		n := len(w.load.counts) - 1
		c.differs(w.lang.Say("in the end: even"), w.lang.Say("in the end: %s", w.load.counts[n].String()))
	}
	return c.err()
}

func (c counts) fewest() int {
	least := -1
	for _, n := range c {
		if least < 0 || n < least {
			least = n
		}
	}
	return least
}

func (c counts) String() string {
	var all []string
	for _, host := range sorted(c) {
		all = append(all, fmt.Sprintf("%s %d", host, c[host]))
	}
	return strings.Join(all, ", ")
}
