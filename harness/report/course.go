package report

import (
	"fmt"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// course is the run in time: rows of bars along one axis.
type course struct {
	Ticks  []tick
	Groups []group
}

// group is rows of one kind, such as hosts.
type group struct {
	Title string
	Rows  []row
}

// row is what took place of one name.
type row struct {
	Name string
	Told string // the row in words
	Mono bool
	Bars []bar
}

// bar is one thing that took place. From and Width are percent of the axis.
type bar struct {
	From, Width string
	Class       string
	Title       string
}

// tick is a mark of the axis.
type tick struct {
	At    string // percent
	Label string
}

// clock turns moments into places on the axis.
type clock struct {
	start time.Time
	whole time.Duration
}

func (c clock) percent(d time.Duration) string {
	share := 100 * float64(d) / float64(c.whole)
	return fmt.Sprintf("%.2f%%", min(max(share, 0), 100))
}

func (c clock) bar(class, title string, start time.Time, took time.Duration) bar {
	from := min(max(start.Sub(c.start), 0), c.whole)
	return bar{c.percent(from), c.percent(min(took, c.whole-from)), class, title + ", " + seconds(took)}
}

// newCourse has no rows where the run has no times.
func newCourse(e harness.Evidence, l lang.Language) course {
	if e.Run.Duration <= 0 || e.Run.Started.IsZero() {
		return course{}
	}
	c := clock{e.Run.Started, e.Run.Duration}
	all := course{Ticks: c.ticks()}
	for _, g := range []group{
		{l.Say("Stages"), c.stages(e, l)},
		{l.Say("Parts of the page"), c.parts(e, l)},
		{l.Say("Commands on the hosts"), c.hosts(e, l)},
	} {
		if len(g.Rows) > 0 {
			all.Groups = append(all.Groups, g)
		}
	}
	return all
}

// ticks are at most eight, a round number of seconds apart.
func (c clock) ticks() []tick {
	apart := time.Second
	for i := 0; c.whole/apart > 8; i++ {
		apart = apart * []time.Duration{2, 5, 2}[i%3] / []time.Duration{1, 2, 1}[i%3]
	}
	var all []tick
	for left := c.whole; left == c.whole || left >= apart/3; left -= apart {
		all = append(all, tick{c.percent(c.whole - left), fmt.Sprintf("%.0f s", (c.whole - left).Seconds())})
	}
	return all
}

func (c clock) stages(e harness.Evidence, l lang.Language) []row {
	var rows []row
	for _, s := range e.Run.Stages {
		name := stageName(s.Name, l)
		rows = append(rows, row{Name: name, Told: seconds(s.Duration), Bars: []bar{c.bar("stage", name, s.Start, s.Duration)}})
	}
	return rows
}

// stageName is what check calls a stage of its own; others keep their names.
func stageName(name string, l lang.Language) string {
	switch name {
	case "hosts":
		return l.Say("Start the hosts")
	case "scenarios":
		return l.Say("Check the claims")
	}
	return name
}

func (c clock) parts(e harness.Evidence, l lang.Language) []row {
	var rows []row
	took := map[string]time.Duration{}
	for _, s := range e.Scenarios {
		if len(rows) == 0 || rows[len(rows)-1].Name != s.Feature {
			rows = append(rows, row{Name: s.Feature})
		}
		r := &rows[len(rows)-1]
		if s.Status != harness.Skipped || s.Duration > 0 {
			took[s.Feature] += s.Duration
			r.Bars = append(r.Bars, c.bar(string(s.Status), s.Name, s.Start, s.Duration))
		}
		r.Told = l.Say("%s, %s", claims(l, len(r.Bars)), seconds(took[s.Feature]))
	}
	return rows
}

// hosts are those of the topology first, then others that commands name.
func (c clock) hosts(e harness.Evidence, l lang.Language) []row {
	index := map[string]int{}
	var rows []row
	at := func(name string) *row {
		i, ok := index[name]
		if !ok {
			i, index[name] = len(rows), len(rows)
			rows = append(rows, row{Name: name, Mono: true, Told: l.Say("no commands")})
		}
		return &rows[i]
	}
	for _, h := range (page{Evidence: e}).Hosts() {
		at(h.Name)
	}
	took := map[string]time.Duration{}
	for _, s := range e.Scenarios {
		for _, st := range s.Steps {
			for _, cmd := range st.Commands {
				r := at(cmd.Node)
				class := "command"
				if cmd.ExitCode != 0 {
					class = "failed"
				}
				took[cmd.Node] += cmd.Duration
				r.Bars = append(r.Bars, c.bar(class, lastLine(script(cmd)), cmd.Start, cmd.Duration))
				r.Told = l.Say("%s, %s", l.Count(len(r.Bars), "%d command", "%d commands"), seconds(took[cmd.Node]))
			}
		}
	}
	return rows
}

// lastLine is the command behind those that set the stage for it.
func lastLine(s string) string { return s[strings.LastIndexByte(s, '\n')+1:] }
