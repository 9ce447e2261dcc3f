package diagnose

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
)

// workloadImage is of the containers that send packets.
const workloadImage = "labcheck/workload"

// pair is a container's host and that of the one that it does not reach.
type pair struct{ from, to string }

// traffic sends a packet from a container on each host to one on each other.
func (d *diagnosis) traffic(ctx context.Context, c *engine.Cluster) {
	ctx, cancel := context.WithTimeout(ctx, tutorial.TellTime+15*time.Second)
	defer cancel()
	before := len(d.found)
	name := "diagnose-" + strings.ToLower(rand.Text()[:8])
	defer d.removeAll(context.WithoutCancel(ctx), c, name)
	failed := d.startAll(ctx, c, name)
	addrs := d.addresses(ctx, c, name)
	if failed == nil && tutorial.AwaitTold(ctx, c, hostsOf(addrs)) == nil {
		lost := d.pings(ctx, c, name, addrs)
		if len(lost) > 0 && !d.misled(ctx, c, lost, addrs) {
			d.lostPackets(lost)
		}
	}
	right := lang.Textf("containers on all hosts reach one another over %s", d.topology.Network)
	d.noteLayer(right, failed == nil, len(d.found) == before)
}

// misled says whether packets are lost because an engine sends them where their
// container is not.
func (d *diagnosis) misled(ctx context.Context, c *engine.Cluster, lost []pair, addrs map[string]netip.Addr) bool {
	misled := false
	for _, from := range d.state.Hosts {
		elsewhere := map[netip.Addr]harness.Host{}
		for _, p := range lost {
			if p.from == from.Name {
				elsewhere[addrs[p.to]] = d.state.On(p.to).Host
			}
		}
		if len(elsewhere) > 0 {
			from.Probe = survey.ProbeHost(ctx, c, from.Host, d.state.Options)
			misled = reportStale(d, &from, elsewhere) || misled
		}
	}
	return misled
}

func (d *diagnosis) startAll(ctx context.Context, c *engine.Cluster, name string) (failed error) {
	var mu sync.Mutex
	eachHost(d.topology, func(h harness.Host) {
		_, err := c.Engine(h.Name).Run(ctx, engine.RunSpec{Image: workloadImage, Name: name + "-" + h.Name, Network: d.topology.Network})
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = err
		}
	})
	return failed
}

func (d *diagnosis) removeAll(ctx context.Context, c *engine.Cluster, name string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	eachHost(d.topology, func(h harness.Host) {
		// One that did not start may not be there.
		_ = c.Engine(h.Name).Remove(ctx, name+"-"+h.Name)
	})
}

// pings tries every pair with a large packet, by address: names come by another
// way, and later.
func (d *diagnosis) pings(ctx context.Context, c *engine.Cluster, name string, addrs map[string]netip.Addr) []pair {
	var mu sync.Mutex
	var lost []pair
	eachHost(d.topology, func(from harness.Host) {
		for to, addr := range addrs {
			if to == from.Name {
				continue
			}
			_, err := c.Engine(from.Name).Exec(ctx, name+"-"+from.Name, "ping", "-c", "3", "-A", "-W", "1", "-s", "1400", "-q", addr.String())
			if err != nil {
				mu.Lock()
				lost = append(lost, pair{from.Name, to})
				mu.Unlock()
			}
		}
	})
	return lost
}

func (d *diagnosis) addresses(ctx context.Context, c *engine.Cluster, name string) map[string]netip.Addr {
	var mu sync.Mutex
	all := map[string]netip.Addr{}
	eachHost(d.topology, func(h harness.Host) {
		found, err := c.Engine(h.Name).Inspect(ctx, name+"-"+h.Name)
		for _, n := range found.Networks {
			if err == nil && n.Network == d.topology.Network {
				mu.Lock()
				all[h.Name] = n.Addr
				mu.Unlock()
			}
		}
	})
	return all
}

// hostsOf are the hosts by address.
func hostsOf(addrs map[string]netip.Addr) map[netip.Addr]string {
	hosts := map[netip.Addr]string{}
	for host, addr := range addrs {
		hosts[addr] = host
	}
	return hosts
}

// lostPackets names the host that all lost packets have in common, if one has.
func (d *diagnosis) lostPackets(lost []pair) {
	host, breaks := "", d.partOnEachHost(packetKind)
	var all []string
	for _, h := range d.topology.Hosts() {
		if every(lost, func(p pair) bool { return p.from == h.Name || p.to == h.Name }) {
			host, breaks = h.Name, []part{{packetKind, h.Name}}
		}
	}
	for _, p := range lost {
		all = append(all, p.from+" to "+p.to)
	}
	slices.Sort(all)
	d.addFinding("packets-lost", host, d.topology.Network).setBreaks(breaks...).
		addSeen("ping -s 1400, between containers", fmt.Sprintf("lost: %s", strings.Join(all, ", "))).setAdvice(vxlanPort)
}

// eachHost does something for all hosts at once.
func eachHost(t harness.Topology, do func(harness.Host)) {
	var group sync.WaitGroup
	for _, h := range t.Hosts() {
		group.Go(func() { do(h) })
	}
	group.Wait()
}

func every[T any](all []T, holds func(T) bool) bool {
	for _, t := range all {
		if !holds(t) {
			return false
		}
	}
	return true
}
