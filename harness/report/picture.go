package report

import (
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// picture is a snapshot as a drawing, in two layouts: hosts side by side, and
// for a phone one below the other. Lengths are in the drawing's own units.
type picture struct {
	ID       string
	Snapshot harness.Snapshot
	Title    string
	Desc     string // the drawing in words
	Broken   bool
	Troubles []string // of hosts, where they are broken
	Network  string   // the overlay network's caption; empty before there is one
	Layouts  []layout
}

// layout is where things are in one drawing.
type layout struct {
	Class         string // wide or tall
	Width, Height int
	Hosts         []hostBox
	Swarm         rail
	Overlay       *rail // nil before there is an overlay network
}

// rail is what hosts hang on: Swarm's link to the engines, or the overlay.
type rail struct {
	X1, Y1, X2, Y2 int
	LabelX, LabelY int
	Label          string
}

// hostBox is a host as it is drawn.
type hostBox struct {
	harness.HostSnapshot
	X, Y, W, H int
	Broken     bool
	Lines      []textLine
	Containers []chip
	Drops      []drop
}

// textLine is a line of text in a host, Y from the host's top.
type textLine struct {
	Class string // name, addr, fact or bad
	Text  string
	Y     int
}

// chip is a container in a host, Y from the host's top.
type chip struct {
	Role   string
	Text   string
	Y      int
	Broken bool
}

// drop joins a host to a rail.
type drop struct {
	X1, Y1, X2, Y2 int
	Kind           string // swarm, manager or overlay
	Broken         bool
	MidX, MidY     int // where a broken one is crossed
}

const (
	hostWidth  = 184
	hostHeight = 178
	bareHeight = 150 // before there is an overlay network
	hostGap    = 20
	margin     = 16
	railGap    = 46 // from a host to a rail
	chipHeight = 26
	hostChars  = 21 // that fit a line of a host
	chipChars  = 20 // that fit a container
)

// newPictures are those of the snapshots in which the cluster has come further
// than in the one before, or something broke or was mended: after the page's
// first and third step, where its own figures are.
func newPictures(snapshots []harness.Snapshot, l lang.Language) []picture {
	var all []picture
	for i, s := range snapshots {
		p := newPicture(len(all)+1, s, l)
		if i > 0 && s.Stage == snapshots[i-1].Stage && slices.Equal(p.Troubles, all[len(all)-1].Troubles) {
			continue
		}
		all = append(all, p)
	}
	return all
}

func newPicture(n int, s harness.Snapshot, l lang.Language) picture {
	p := picture{ID: fmt.Sprintf("picture.%d", n), Snapshot: s, Title: l.Say("The cluster after “%s”", s.After)}
	id := networkID(s.Hosts)
	if id != "" {
		p.Network = fmt.Sprintf("%s · overlay · %.12s", s.Network, id)
	}
	var told []string
	for _, h := range s.Hosts {
		troubles := trouble(h, s, id, l)
		p.Broken = p.Broken || len(troubles) > 0
		if len(troubles) > 0 {
			p.Troubles = append(p.Troubles, h.Name+": "+strings.Join(troubles, ", "))
		}
		told = append(told, tell(h, troubles, l))
	}
	p.Desc = strings.Join(told, " ")
	swarm := l.Say("Swarm manager → engines :2375")
	p.Layouts = []layout{wide(s, id, swarm, p.Network, l), tall(s, id, swarm, p.Network, l)}
	return p
}

// networkID is the id that most hosts give the overlay network, and empty
// where none has it.
func networkID(hosts []harness.HostSnapshot) string {
	number, most := map[string]int{}, ""
	for _, h := range hosts {
		if h.NetworkID == "" {
			continue
		}
		number[h.NetworkID]++
		if number[h.NetworkID] > number[most] {
			most = h.NetworkID
		}
	}
	return most
}
