package report

import (
	"cmp"

	"labcheck/harness"
)

// layout is where things are in one drawing. Lengths are in the drawing's own units.
type layout struct {
	Class         string // wide or tall
	Width, Height int
	Hosts         []hostBox
	Swarm         rail
	Overlay       *rail // nil before there is an overlay network
}

// rail is a line that connects hosts: Swarm's connections to the engines, or the
// overlay network.
type rail struct {
	X1, Y1, X2, Y2 int
	LabelX, LabelY int
	Label          string
}

// hostBox is a host in the drawing.
type hostBox struct {
	harness.HostSnapshot
	X, Y, W, H int
	Broken     bool
	Joined     bool
	Engines    int // number of engines that gossip, or 0 before there is an overlay network
	OnNetwork  bool
	Chips      []chip
	Drops      []drop
}

// chip is a container in a host, Y from the host's top.
type chip struct {
	Role   string
	Text   string
	Y      int
	Broken bool
}

// drop is the line from a host to a rail.
type drop struct {
	X1, Y1, X2, Y2 int
	Kind           string // swarm, manager or overlay
	Broken         bool
	MidX, MidY     int // place of the cross on a broken one
}

const (
	hostWidth  = 184
	hostHeight = 178
	bareHeight = 150 // before there is an overlay network
	hostGap    = 20
	margin     = 16
	railGap    = 46 // from a host to a rail
	chipHeight = 26
)

func newHostBox(h harness.HostSnapshot, broken bool, networkID string, engines int) hostBox {
	b := hostBox{HostSnapshot: h, W: hostWidth, H: boxHeight(networkID), Broken: broken, Joined: hasJoined(h)}
	if networkID != "" {
		b.Engines, b.OnNetwork = engines, h.NetworkID == networkID
	}
	for y := 80; len(b.Chips) < len(h.Containers) && y <= bareHeight-chipHeight; y += chipHeight + 6 {
		c := h.Containers[len(b.Chips)]
		text := containerName(c)
		switch {
		case c.State != "running":
			text += " " + c.State
		case c.Role == "consul":
			text += " :8500"
		case c.Role == "manager":
			text += " :3375"
		}
		b.Chips = append(b.Chips, chip{c.Role, text, y, c.State != "running"})
	}
	return b
}

// boxHeight returns the height of a host; network is empty before there is one.
func boxHeight(network string) int {
	if network == "" {
		return bareHeight
	}
	return hostHeight
}

// newWideLayout puts the hosts side by side, Swarm's rail above them and the
// overlay network's below.
func newWideLayout(hosts []hostBox, swarm, network string) layout {
	const top = margin + railGap + 4
	n, height := max(len(hosts), 1), boxHeight(network)
	v := layout{Class: "wide", Width: 2*margin + n*hostWidth + (n-1)*hostGap, Height: top + height + margin}
	left, right, y := margin+hostWidth/2, v.Width-margin-hostWidth/2, margin+8
	v.Swarm = rail{left, y, right, y, v.Width / 2, y - 9, swarm}
	if network != "" {
		v.Height += railGap + 20
		y = top + height + railGap - 12
		v.Overlay = &rail{margin, y, v.Width - margin, y, v.Width / 2, y + 24, network}
	}
	for i, b := range hosts {
		b.X, b.Y = margin+i*(hostWidth+hostGap), top
		v.addHost(b)
	}
	return v
}

// newTallLayout puts the hosts one below the other, Swarm's rail to the left and
// the overlay network's to the right.
func newTallLayout(hosts []hostBox, swarm, network string) layout {
	const top, side, width = 40, 44, 232
	n, height := max(len(hosts), 1), boxHeight(network)
	v := layout{Class: "tall", Width: width + 2*side, Height: top + n*(height+hostGap) + margin}
	bottom := top + (n-1)*(height+hostGap)
	v.Swarm = rail{margin, top + height/2, margin, bottom + height/2, v.Width / 2, 22, swarm}
	if network != "" {
		v.Height += 12
		x := v.Width - margin
		v.Overlay = &rail{x, top, x, bottom + height, v.Width / 2, v.Height - margin, network}
	}
	for i, b := range hosts {
		b.X, b.Y, b.W = side, top+i*(height+hostGap), width
		v.addHost(b)
	}
	return v
}

// addHost adds a host to the layout, and the drops to its rails.
func (v *layout) addHost(b hostBox) {
	kind := "swarm"
	if b.Role == "manager" {
		kind = "manager"
	}
	b.Drops = []drop{newDrop(b, v.Swarm, kind, !b.Joined)}
	if v.Overlay != nil {
		b.Drops = append(b.Drops, newDrop(b, *v.Overlay, "overlay", !b.OnNetwork))
	}
	v.Hosts = append(v.Hosts, b)
}

// newDrop joins a host to a rail, at a right angle from the middle of its side.
func newDrop(b hostBox, r rail, kind string, broken bool) drop {
	x, y := b.X+b.W/2, b.Y+b.H/2
	d := drop{X1: x, Y1: y, X2: x, Y2: y, Kind: kind, Broken: broken}
	switch {
	case r.X1 == r.X2 && r.X1 < b.X:
		d.X1, d.X2 = b.X, r.X1
	case r.X1 == r.X2:
		d.X1, d.X2 = b.X+b.W, r.X1
	case r.Y1 < b.Y:
		d.Y1, d.Y2 = b.Y, r.Y1
	default:
		d.Y1, d.Y2 = b.Y+b.H, r.Y1
	}
	d.MidX, d.MidY = (d.X1+d.X2)/2, (d.Y1+d.Y2)/2
	return d
}

func hasJoined(h harness.HostSnapshot) bool { return h.Role == "manager" || h.Member == "Healthy" }

// containerName returns the tutorial's name of a container.
func containerName(c harness.ContainerSnapshot) string {
	names := map[string]string{"consul": "consul", "manager": "swarm manage", "join": "swarm join"}
	return cmp.Or(names[c.Role], c.Name)
}
