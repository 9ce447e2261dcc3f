package workload

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"labcheck/harness"
)

// Packets says how containers are pinged.
type Packets struct {
	options string // of ping
	again   int    // for how many seconds what is lost is sent again
	target  func(*Container) string
	sample  bool // not between all pairs: see Sample
}

// Sample returns the same packets, between some of the pairs: each container sends to
// those that are 1, 2, 4, … places after it, in a ring. So all are reached, and the
// number of pairs grows with n log n.
func (p Packets) Sample() Packets {
	p.sample = true
	return p
}

// distances returns how many places after a container those are that it sends packets
// to, if there are so many containers.
func (p Packets) distances(containers int) (all []int) {
	for d := 1; d < containers; {
		all = append(all, d)
		if d++; p.sample {
			d = 2 * (d - 1)
		}
	}
	return all
}

// CountWays returns how many ways packets are sent on between so many containers.
func (p Packets) CountWays(containers int) int { return containers * len(p.distances(containers)) }

// peersOf returns whom the container at a place sends packets to.
func (p Packets) peersOf(i int, all []*Container) (peers []*Container) {
	for _, d := range p.distances(len(all)) {
		peers = append(peers, all[(i+d)%len(all)])
	}
	return peers
}

// ByName pings names. An engine learns the name of another's new container from
// Consul, and where it is by gossip, a moment after it started, which is seconds
// if the machines are busy; until then there is no such name, or a packet is
// lost. Both are tried again.
func ByName() Packets {
	return Packets{options: "-c 1 -W 3", again: 10, target: func(c *Container) string { return c.Name }}
}

// Large pings addresses with packets that nearly fill a frame. Names come by
// another way, and later.
func Large() Packets {
	return Packets{options: "-c 3 -A -W 1 -s 1400", target: func(c *Container) string {
		for _, a := range c.Addrs {
			return a.String()
		}
		return c.Name
	}}
}

// pingScript pings all its arguments after the first two at once and prints those
// that answered. It says how many packets were lost before.
//
// Packets are not sent at once: engines are given tutorial.ActTime.
const pingScript = `options=$1 again=$2
shift 2
sleep 1
end=$(($(date +%s) + again))
for name; do {
	lost=0
	until ping $options "$name" >/dev/null 2>/tmp/"$name"; do
		grep -q "bad address" /tmp/"$name" || lost=$((lost + 1))
		if [ $(date +%s) -ge $end ]; then cat /tmp/"$name" >&2; exit; fi
		sleep 0.5
	done
	if [ $lost -eq 0 ]; then echo "$name"; else echo "$name (packets lost before: $lost)"; fi
} & done; wait`

// Lost is a way between two containers that does not carry packets.
type Lost struct {
	From, To *Container
	Said     string // by ping, of all that From lost
}

// PingAll has every container ping every other one, or some if the packets are a
// sample. It returns the ways that do not carry, and the commands as one would type them
// on the hosts.
func (w *Workload) PingAll(ctx context.Context, p Packets) (lost []Lost, ran []harness.Result, err error) {
	all := w.Started()
	lostFrom := make([][]Lost, len(all))
	ran = make([]harness.Result, len(all))
	failed := harness.DoAll(all, atOnce, func(i int, from *Container) (err error) {
		lostFrom[i], ran[i], err = w.pingOthers(ctx, from, p.peersOf(i, all), p)
		return err
	})
	return slices.Concat(lostFrom...), ran, errors.Join(failed...)
}

// pingOthers has a container ping others.
func (w *Workload) pingOthers(
	ctx context.Context, from *Container, others []*Container, p Packets,
) (lost []Lost, ran harness.Result, err error) {
	argv := []string{"sh", "-c", pingScript, "sh", p.options, strconv.Itoa(p.again)}
	for _, to := range others {
		argv = append(argv, p.target(to))
	}
	ran, err = w.cluster.Engine(from.Host).Exec(ctx, from.ID, argv...)
	if err != nil && !errors.As(err, new(*harness.RunError)) {
		return nil, ran, err
	}
	ran.Argv = append([]string{"docker", "exec", from.Name}, argv...)
	answered := strings.Fields(ran.Stdout)
	for _, to := range others {
		if !slices.Contains(answered, p.target(to)) {
			lost = append(lost, Lost{from, to, ran.Stderr})
		}
	}
	return lost, ran, nil
}
