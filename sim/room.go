package sim

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// What a lab takes: a host's share of the memory has room for containers of one's own.
// An idle host takes less than a third of it.
const (
	memoryOfHost = 200 << 20
	hostsOfPage  = 5
)

// room is how many hosts the memory of an engine's machine holds.
type room struct{ all, taken int }

// measureRooms counts the hosts of all labs on each machine, and those of each lab.
func measureRooms(ctx context.Context, machines []*machine) (rooms []room, labs map[string]int, err error) {
	labs = map[string]int{}
	for _, m := range machines {
		found, err := listLabs(ctx, m)
		if err != nil {
			return nil, nil, err
		}
		r := room{all: int(m.info.MemTotal / memoryOfHost)}
		for _, l := range found {
			r.taken += l.Hosts
			labs[l.Name] += l.Hosts
		}
		rooms = append(rooms, r)
	}
	return rooms, labs, nil
}

func (r room) free() int { return max(0, r.left()) }

// left returns how many more hosts there is room for; it is negative if there are too many.
func (r room) left() int { return r.all - r.taken }

// noRoomError reports that the memory does not hold the hosts of a lab.
func noRoomError(wanted, free int) error {
	return harness.WithHint(
		lang.Errorf("the memory of the engine's machine holds %d more hosts, not %d", free, wanted),
		lang.Textf("make fewer (--nodes %d), or list the labs with labcheck ls and remove one", max(free, hostsOfPage)),
	)
}

// NeighboursError reports that the kernel of this machine does not hold as many
// neighbours as the hosts of a lab have: packets between them would be lost.
type NeighboursError struct{ harness.HintError }

// neighboursSetting is how many neighbours the kernel holds at most, of all network
// namespaces together. They are dropped only when they have not been used for seconds
// (Linux, net/core/neighbour.c, neigh_alloc).
const neighboursSetting = "net.ipv4.neigh.default.gc_thresh3"

// checkNeighbours returns a *NeighboursError if a lab has too many hosts for the kernel.
// Each host sends to all others, and so does a container on it. It returns nil if the
// lab's machine is another one.
func checkNeighbours(hosts int) error {
	text, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(neighboursSetting, ".", "/"))
	if err != nil {
		return nil // no Linux, or a container
	}
	most, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if needed := 2 * hosts * hosts; err == nil && needed > most {
		return &NeighboursError{harness.HintError{
			Err: lang.Errorf("%d hosts have up to %d neighbours (addresses that one sends to), "+
				"and this machine's kernel holds %d", hosts, needed, most),
			Hint: lang.Textf("as root: %s", fmt.Sprintf("sysctl -w %s=%d", neighboursSetting, needed)),
		}}
	}
	return nil
}

// checkRoom returns an error with a hint if the memory does not hold the hosts that are to be
// made, or a *NeighboursError. A lab of the page's size is tried in any case.
func checkRoom(ctx context.Context, l *Lab) error {
	hosts := len(l.topology.Hosts())
	if hosts <= hostsOfPage {
		return nil
	}
	rooms, labs, err := measureRooms(ctx, l.machines)
	if err != nil {
		return err
	}
	missing, free := hosts-labs[l.Lab()], 0
	for _, r := range rooms {
		free += r.free()
	}
	if missing > free {
		return noRoomError(missing, free)
	}
	return checkNeighbours(hosts)
}

// placeHosts returns the index of the machine on which each host is to be made.
func placeHosts(
	ctx context.Context, machines []*machine, hosts []harness.Host, existing map[string]nodeContainer,
) (place []int, err error) {
	if len(machines) == 1 {
		return make([]int, len(hosts)), nil
	}
	rooms, _, err := measureRooms(ctx, machines)
	if err != nil {
		return nil, err
	}
	return spreadHosts(hosts, rooms, func(h harness.Host) bool { return existing[h.Name].id != "" }), nil
}

// spreadHosts places each host where the memory holds most others then, or else on the
// first of such machines. Those that exist are counted already.
func spreadHosts(hosts []harness.Host, rooms []room, exists func(harness.Host) bool) (place []int) {
	for _, h := range hosts {
		best := 0
		for i, r := range rooms {
			if r.left() > rooms[best].left() {
				best = i
			}
		}
		place = append(place, best)
		if !exists(h) {
			rooms[best].taken++
		}
	}
	return place
}
