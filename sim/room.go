package sim

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/system"

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

// measureRoom counts the hosts of all labs on an engine.
func measureRoom(info system.Info, labs []Listed) room {
	r := room{all: int(info.MemTotal / memoryOfHost)}
	for _, l := range labs {
		r.taken += l.Hosts
	}
	return r
}

func (r room) free() int { return max(0, r.all-r.taken) }

// RoomError reports that the memory does not hold the hosts of a lab.
type RoomError struct{ Wanted, Free int }

func (e *RoomError) Error() string { return e.In(lang.English) }

// In returns the text in a language.
func (e *RoomError) In(l lang.Language) string {
	return l.Say("the memory of the engine's machine holds %d more hosts, not %d", e.Free, e.Wanted)
}

// HintIn implements harness.Hinter.
func (e *RoomError) HintIn(l lang.Language) string {
	return l.Say("make fewer (--nodes %d), or list the labs with labcheck ls and remove one", e.Free)
}

// NeighboursError reports that the kernel of this machine does not hold as many
// neighbours as the hosts of a lab have: packets between them would be lost.
type NeighboursError struct{ Hosts, Needed, Most int }

func (e *NeighboursError) Error() string { return e.In(lang.English) }

// In returns the text in a language.
func (e *NeighboursError) In(l lang.Language) string {
	return l.Say("%d hosts have up to %d neighbours (addresses that one sends to), and this machine's kernel holds %d",
		e.Hosts, e.Needed, e.Most)
}

// HintIn implements harness.Hinter.
func (e *NeighboursError) HintIn(l lang.Language) string {
	return l.Say("as root: %s", fmt.Sprintf("sysctl -w %s=%d", neighboursSetting, e.Needed))
}

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
		return &NeighboursError{hosts, needed, most}
	}
	return nil
}

// checkRoom returns a *RoomError if the memory does not hold the hosts that are to be
// made, or a *NeighboursError. A lab of the page's size is tried in any case.
func checkRoom(ctx context.Context, l *Lab) error {
	hosts := len(l.topology.Hosts())
	if hosts <= hostsOfPage {
		return nil
	}
	info, err := l.objects.engine.Info(ctx)
	if err != nil {
		return err
	}
	labs, err := listLabs(ctx, l.objects.engine)
	if err != nil {
		return err
	}
	missing := hosts
	for _, other := range labs {
		if other.Name == l.Lab() {
			missing -= other.Hosts
		}
	}
	if free := measureRoom(info, labs).free(); missing > free {
		return &RoomError{missing, free}
	}
	return checkNeighbours(hosts)
}
