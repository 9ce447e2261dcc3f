package report

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/docker/go-units"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// Progress writes how far the tutorial has come for a person to read: stage by stage,
// and host by host.
func Progress(w io.Writer, l lang.Language, p tutorial.Progress) {
	for _, s := range p.Stages {
		mark := "✓"
		if !s.Reached {
			mark = "-"
		}
		fmt.Fprintf(w, "%s %s %s\n", mark, text.Pad(s.Stage.String(), 8, ' '), oneLine(s.In(l)))
	}
	t := table.NewWriter()
	t.AppendHeader(table.Row{
		l.Say("HOST"), l.Say("ADDRESS"), "ENGINE", l.Say("CPUS"), l.Say("MEMORY"),
		l.Say("CONTAINERS"), "SWARM", l.Say("NETWORK"), l.Say("GOSSIP"),
	})
	for _, h := range p.Hosts {
		t.AppendRow(hostRow(l, h, len(p.Hosts)))
	}
	fmt.Fprintln(w)
	Table(w, t)
	for _, h := range p.Hosts {
		for _, problem := range h.ProblemsIn(l) {
			fmt.Fprintf(w, "! %s: %s\n", h.Host.Name, oneLine(problem))
		}
	}
}

// Table writes a table of columns and nothing else, like the docker CLI's, and
// without the spaces that fill its last column.
func Table(w io.Writer, t table.Writer) {
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "   "
	t.SetStyle(style)
	for line := range strings.Lines(t.Render()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}

func hostRow(l lang.Language, h tutorial.HostProgress, hosts int) table.Row {
	if h.Engine == nil {
		return table.Row{h.Host.Name, h.Host.Addr, l.Say("no answer")}
	}
	swarm := "-"
	switch {
	case h.Member != nil:
		swarm = oneLine(h.Member.Status)
	case h.Role == "manager":
		swarm = h.Role
	}
	network := "-"
	if h.NetworkID != "" {
		network = fmt.Sprintf("%s %.12s", h.Driver, h.NetworkID)
	}
	return table.Row{
		h.Host.Name, h.Host.Addr, h.Engine.ServerVersion, h.Engine.CPUs, units.BytesSize(float64(h.Engine.Memory)),
		containerNames(h.Containers), swarm, network, l.Say("%d of %d", alivePeers(h.Gossip), hosts),
	}
}

// containerNames returns what the tutorial's containers run.
func containerNames(all []engine.Container) string {
	var names []string
	for _, c := range all {
		name := path.Base(c.Image)
		if call, isSwarm := tutorial.CallOf(c); isSwarm {
			name = "swarm " + call.Command
		}
		if !c.Running {
			name += " (" + c.State + ")"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "-"
	}
	return oneLine(strings.Join(names, ", "))
}

func alivePeers(peers []engine.Peer) int {
	alive := 0
	for _, p := range peers {
		if p.State == engine.PeerAlive {
			alive++
		}
	}
	return alive
}
