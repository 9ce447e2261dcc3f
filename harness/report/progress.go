package report

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/docker/go-units"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// Progress writes how far the tutorial has come for a person to read: stage by stage,
// and host by host. If the table of the hosts is wider than width, each host has a line
// for each of its values; 0 is any width.
func Progress(w io.Writer, l lang.Language, p tutorial.Progress, width int) {
	for _, s := range p.Stages {
		mark := "✓"
		if !s.Reached {
			mark = "-"
		}
		fmt.Fprintf(w, "%s %s %s\n", mark, text.Pad(s.Stage.String(), 8, ' '), lang.Fold(s.Seen.In(l), 11, width))
	}
	fmt.Fprintln(w)
	writeHosts(w, l, p.Hosts, width)
	var problems []string
	for _, h := range p.Hosts {
		for _, problem := range h.Problems {
			problems = append(problems, h.Host.Name+": "+oneLine(problem.In(l)))
		}
	}
	for _, problem := range problems[:min(len(problems), mostApart)] {
		fmt.Fprintf(w, "! %s\n", lang.Fold(problem, 2, width))
	}
	if more := len(problems) - mostApart; more > 0 {
		fmt.Fprintf(w, "! %s\n", l.Say("and %d more", more))
	}
}

func writeHosts(w io.Writer, l lang.Language, hosts []tutorial.HostProgress, width int) {
	head := []any{
		l.Say("HOST"), l.Say("ADDRESS"), "ENGINE", l.Say("CPUS"), l.Say("MEMORY"),
		l.Say("CONTAINERS"), "SWARM", l.Say("NETWORK"), l.Say("GOSSIP"),
	}
	var rows [][]any
	for _, h := range hosts {
		rows = append(rows, hostRow(l, h, len(hosts)))
	}
	rows = groupRows(l, rows)
	var wide strings.Builder
	if Table(&wide, append([][]any{head}, rows...)); width == 0 || text.LongestLineLen(wide.String()) <= width {
		fmt.Fprint(w, wide.String())
		return
	}
	const label = 12 // columns of the widest one
	for _, r := range rows {
		fmt.Fprintf(w, "%v  %v\n", r[0], r[1])
		for i, value := range r[2:] {
			fmt.Fprintf(w, "  %s  %s\n", text.Pad(fmt.Sprint(head[i+2]), label, ' '), lang.Fold(fmt.Sprint(value), label+4, width))
		}
	}
}

// mostApart is how many hosts are shown one by one. Of more, those that are alike are
// shown together.
const mostApart = 12

// groupRows puts the rows of many hosts together that differ in their names and
// addresses only.
func groupRows(l lang.Language, rows [][]any) [][]any {
	if len(rows) <= mostApart {
		return rows
	}
	groups := harness.GroupBy(rows, func(r []any) string { return fmt.Sprint(r[2:]...) })
	rows = nil
	for _, group := range groups {
		if n := len(group); n > 1 {
			group[0][0] = fmt.Sprintf("%v … %v", group[0][0], group[n-1][0])
			group[0][1] = l.Say("%d hosts", n)
		}
		rows = append(rows, group[0])
	}
	return rows
}

// Table writes a table of columns and nothing else, like the docker CLI's, and
// without the spaces that fill its last column. The first row is its heading.
func Table(w io.Writer, rows [][]any) {
	t := table.NewWriter()
	t.AppendHeader(rows[0])
	for _, r := range rows[1:] {
		t.AppendRow(r)
	}
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "   "
	t.SetStyle(style)
	for line := range strings.Lines(t.Render()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}

func hostRow(l lang.Language, h tutorial.HostProgress, hosts int) []any {
	if h.Engine == nil {
		return []any{h.Host.Name, h.Host.Addr, l.Say("no answer")}
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
	return []any{
		h.Host.Name, h.Host.Addr, oneLine(h.Engine.ServerVersion), h.Engine.CPUs, units.BytesSize(float64(h.Engine.Memory)),
		oneLine(containerNames(h.Containers)), oneLine(swarm), network, l.Say("%d of %d", h.AlivePeers(), hosts),
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
