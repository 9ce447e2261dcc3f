package tutorial

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

const (
	// TellTime is how long engines may take to tell one another of a container.
	// Gossip takes a second. What it loses (each member sends an event four times,
	// to members at random; of five, one in some 200 is missed) comes with the next
	// comparison of all that two members know, every 30 s (hashicorp/memberlist,
	// config.go, RetransmitMult and PushPullInterval).
	TellTime = 35 * time.Second
	// ActTime is how long they may take to act on it: an engine gathers what it is
	// told for up to a second (docker/libnetwork, drivers/overlay/ov_serf.go,
	// UserCoalescePeriod).
	ActTime = time.Second
)

// CheckTold returns an error while an engine was not told where containers on an overlay
// network are, hosts by address, or not that an earlier one with its address is gone. It
// returns nil if that can't be known: waiting would not change it.
//
// Who sends packets to a container that an engine was not told of has it ask the
// others, and keep the answer for good; who removes one has it told afterwards of
// what is gone, for good. Then it sends what is for the address's next container
// astray, and hears of nothing that could mend it.
func CheckTold(ctx context.Context, c *engine.Cluster, containers map[netip.Addr]string) error {
	hosts := c.Topology().Hosts()
	tidings, err := harness.Each(ctx, hosts, func(ctx context.Context, h harness.Host) ([]engine.Tiding, error) {
		return engine.Tidings(ctx, c.Node(h.Name))
	})
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	gone := endedIn(slices.Concat(tidings...))
	for i, h := range hosts {
		for _, on := range hosts {
			for addr, host := range containers {
				if host == on.Name && host != h.Name && !knowsOf(tidings[i], addr, on.Addr, gone) {
					return lang.Errorf("the engine of %s has not received the endpoint event of %s on %s yet", h.Name, addr, host)
				}
			}
		}
	}
	return nil
}

// endedIn returns the endpoints that left.
func endedIn(tidings []engine.Tiding) map[string]bool {
	all := map[string]bool{}
	for _, t := range tidings {
		all[t.Endpoint] = all[t.Endpoint] || t.Left
	}
	return all
}

// knowsOf says whether what an engine was told has an address on a host, and none
// there or elsewhere of which others know that it is gone.
func knowsOf(tidings []engine.Tiding, addr, host netip.Addr, gone map[string]bool) bool {
	left, there := endedIn(tidings), false
	for _, t := range tidings {
		switch {
		case t.Left || t.Addr != addr || left[t.Endpoint]:
		case gone[t.Endpoint]:
			return false
		case t.Host == host:
			there = true
		}
	}
	return there
}
