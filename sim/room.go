package sim

import (
	"context"

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

// checkRoom returns a *RoomError if the memory does not hold the hosts that are to be
// made. A lab of the page's size is tried in any case.
func (l *Lab) checkRoom(ctx context.Context) error {
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
	for _, other := range labs {
		if other.Name == l.Lab() {
			hosts -= other.Hosts
		}
	}
	if free := measureRoom(info, labs).free(); hosts > free {
		return &RoomError{hosts, free}
	}
	return nil
}
