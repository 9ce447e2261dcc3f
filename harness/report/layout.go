package report

import (
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// wide puts the hosts side by side, Swarm's rail above and the overlay below.
func wide(s harness.Snapshot, id, swarm, network string, l lang.Language) layout {
	n, high := max(len(s.Hosts), 1), heightOf(id)
	v := layout{Class: "wide", Width: 2*margin + n*hostWidth + (n-1)*hostGap, Height: 2*margin + railGap + high + 4}
	top := margin + railGap + 4
	y := margin + 8
	v.Swarm = rail{margin + hostWidth/2, y, v.Width - margin - hostWidth/2, y, v.Width / 2, y - 9, swarm}
	if id != "" {
		v.Height += railGap + 20
		y = top + high + railGap - 12
		v.Overlay = &rail{margin, y, v.Width - margin, y, v.Width / 2, y + 24, network}
	}
	for i, h := range s.Hosts {
		b := newHostBox(h, s, id, l)
		b.X, b.Y = margin+i*(hostWidth+hostGap), top
		mid := b.X + b.W/2
		b.Drops = append(b.Drops, drop{X1: mid, Y1: v.Swarm.Y1, X2: mid, Y2: top, Kind: swarmEnd(h), Broken: !joined(h)})
		if v.Overlay != nil {
			b.Drops = append(b.Drops, drop{X1: mid, Y1: top + b.H, X2: mid, Y2: v.Overlay.Y1, Kind: "overlay", Broken: !attached(h, id)})
		}
		v.Hosts = append(v.Hosts, b.crossed())
	}
	return v
}

// tall puts them one below the other, Swarm's rail to the left and the overlay
// to the right.
func tall(s harness.Snapshot, id, swarm, network string, l lang.Language) layout {
	const top, side, width = 40, 44, 232
	n, high := max(len(s.Hosts), 1), heightOf(id)
	v := layout{Class: "tall", Width: width + 2*side, Height: top + n*(high+hostGap) + margin}
	bottom := top + (n-1)*(high+hostGap)
	v.Swarm = rail{margin, top + high/2, margin, bottom + high/2, v.Width / 2, 22, swarm}
	if id != "" {
		v.Height += 12
		v.Overlay = &rail{v.Width - margin, top, v.Width - margin, bottom + high, v.Width / 2, v.Height - margin, network}
	}
	for i, h := range s.Hosts {
		b := newHostBox(h, s, id, l)
		b.X, b.Y, b.W = side, top+i*(high+hostGap), width
		mid := b.Y + b.H/2
		b.Drops = append(b.Drops, drop{X1: v.Swarm.X1, Y1: mid, X2: b.X, Y2: mid, Kind: swarmEnd(h), Broken: !joined(h)})
		if v.Overlay != nil {
			b.Drops = append(b.Drops, drop{X1: b.X + b.W, Y1: mid, X2: v.Overlay.X1, Y2: mid, Kind: "overlay", Broken: !attached(h, id)})
		}
		v.Hosts = append(v.Hosts, b.crossed())
	}
	return v
}

func heightOf(networkID string) int {
	if networkID == "" {
		return bareHeight
	}
	return hostHeight
}

func swarmEnd(h harness.HostSnapshot) string {
	if h.Role == "manager" {
		return "manager"
	}
	return "swarm"
}

func (b hostBox) crossed() hostBox {
	for i := range b.Drops {
		d := &b.Drops[i]
		d.MidX, d.MidY = (d.X1+d.X2)/2, (d.Y1+d.Y2)/2
	}
	return b
}

func newHostBox(h harness.HostSnapshot, s harness.Snapshot, id string, l lang.Language) hostBox {
	b := hostBox{HostSnapshot: h, W: hostWidth, H: heightOf(id)}
	b.Broken = len(trouble(h, s, id, l)) > 0
	b.Lines = []textLine{{"name", fit(h.Name, chipChars), 26}, {"addr", h.Addr.String(), 46}}
	engine := textLine{"fact", fit("Engine "+h.Engine, hostChars), 68}
	if h.Engine == "" {
		engine = textLine{"bad", l.Say("no answer"), 68}
	}
	b.Lines = append(b.Lines, engine)
	y := 80
	for _, c := range h.Containers {
		if y > bareHeight-chipHeight {
			break
		}
		b.Containers = append(b.Containers, newChip(c, y))
		y += chipHeight + 6
	}
	if f, ok := memberLine(h, l); ok {
		b.Lines = append(b.Lines, f)
	}
	if id != "" {
		b.Lines = append(b.Lines, gossipLine(h, len(s.Hosts), l))
	}
	return b
}

func newChip(c harness.ContainerSnapshot, y int) chip {
	text := containerName(c)
	switch {
	case c.State != "running":
		text += " " + c.State
	case c.Role == "consul":
		text += " :8500"
	case c.Role == "manager":
		text += " :3375"
	}
	return chip{c.Role, fit(text, chipChars), y, c.State != "running"}
}

// memberLine is what Swarm says of a host; the manager is not in its list.
func memberLine(h harness.HostSnapshot, l lang.Language) (textLine, bool) {
	switch {
	case h.Role == "manager":
		return textLine{}, false
	case joined(h):
		return textLine{"good", "✓ " + h.Member, 130}, true
	case h.Member == "":
		return textLine{"bad", fit(l.Say("✗ not in the list"), hostChars), 130}, true
	}
	return textLine{"bad", fit("✗ "+h.Member, hostChars), 130}, true
}

func gossipLine(h harness.HostSnapshot, hosts int, l lang.Language) textLine {
	line := textLine{"fact", l.Say("gossip: %d of %d", h.Peers, hosts), hostHeight - 14}
	if h.Peers < hosts {
		line.Class = "bad"
	}
	return line
}

// fit shortens a text to so many places; wide characters take two.
func fit(s string, room int) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	for i, r := range s {
		if room--; r >= 0x1100 {
			room--
		}
		if room < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
