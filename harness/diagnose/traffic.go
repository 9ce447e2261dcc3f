package diagnose

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
	"labcheck/harness/workload"
)

// traffic sends packets from a container on each host to one on each other.
func (d *diagnosis) traffic(ctx context.Context, c *engine.Cluster) {
	many := workload.TimeOfMany(d.topology)
	ctx, cancel := context.WithTimeout(ctx, tutorial.TellTime+15*time.Second+many)
	defer cancel()
	before := len(d.found)
	load := workload.New(c, func(ctx context.Context, probe func(context.Context) error) error {
		return harness.Until(ctx, 200*time.Millisecond, probe)
	})
	defer removeWorkload(context.WithoutCancel(ctx), load, 10*time.Second+many)
	failed := reportStarts(d, load.StartOnEach(ctx, d.topology.Network))
	if len(d.found) > before {
		return
	}
	if failed == nil {
		failed = load.AwaitTold(ctx)
	}
	var lost []workload.Lost
	if failed == nil {
		lost, _, failed = load.PingAll(ctx, workload.Large())
	}
	if len(lost) > 0 && !d.isMisled(ctx, c, lost) {
		d.lostPackets(lost)
	}
	right := lang.Textf("containers on all hosts reach one another over %s", d.topology.Network)
	if failed != nil {
		d.notAsked = append(d.notAsked, d.Lang.Say("%s: %s", right.In(d.Lang), d.Lang.Error(failed)))
		return
	}
	d.noteLayer(right, true, len(d.found) == before)
}

func removeWorkload(ctx context.Context, load *workload.Workload, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_ = load.Remove(ctx) // what stays ends by itself
}

// isMisled reports whether packets are lost because an engine sends them where their
// container is not.
func (d *diagnosis) isMisled(ctx context.Context, c *engine.Cluster, lost []workload.Lost) bool {
	misled := false
	for _, from := range d.state.Hosts {
		elsewhere := map[netip.Addr]harness.Host{}
		for _, p := range lost {
			if p.From.Host == from.Name {
				for _, a := range p.To.Addrs {
					elsewhere[a] = d.state.On(p.To.Host).Host
				}
			}
		}
		if len(elsewhere) > 0 {
			from.Probe = survey.ProbeHost(ctx, c, from.Host, d.state.Options)
			misled = reportStale(d, from, elsewhere) || misled
		}
	}
	return misled
}

// lostPackets names the host that all lost packets have in common, if one has.
func (d *diagnosis) lostPackets(lost []workload.Lost) {
	host, breaks := "", d.partOnEachHost(packetKind)
	var all []string
	for _, h := range d.topology.Hosts() {
		if !slices.ContainsFunc(lost, func(p workload.Lost) bool { return p.From.Host != h.Name && p.To.Host != h.Name }) {
			host, breaks = h.Name, []part{{packetKind, h.Name}}
		}
	}
	for _, p := range lost {
		all = append(all, p.From.Host+" to "+p.To.Host)
	}
	slices.Sort(all)
	d.addFinding("packets-lost", host, d.topology.Network).setBreaks(breaks...).
		addSeen("ping -s 1400, between containers", fmt.Sprintf("lost: %s", strings.Join(all, ", "))).setAdvice(vxlanPort)
}
