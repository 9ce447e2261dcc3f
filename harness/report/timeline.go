package report

import (
	"fmt"
	"slices"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// timeline shows when the parts of a run took place: rows of bars along one axis.
type timeline struct {
	Ticks  []tick
	Groups []rowGroup
	Legend []legendEntry
}

// legendEntry says what the bars of a class are.
type legendEntry struct{ Class, Text string }

// rowGroup is rows of one kind, such as hosts.
type rowGroup struct {
	Title string
	Rows  []row
}

// row is the bars of a stage, a part of the page or a host.
type row struct {
	Name    string
	Summary string // the row in words
	False   string // the number of false claims in words, if there are any
	Mono    bool
	Bars    []bar
	took    time.Duration // of all bars
}

// bar is a period. From and Width are percentages of the axis. Claim is the id of
// the claim that it belongs to; a stage has none.
type bar struct {
	From, Width string
	Class       string
	Title       string
	Claim       string
}

// tick is a mark of the axis.
type tick struct {
	At    string // percentage of the axis
	Label string
}

// axis is the time of a run.
type axis struct {
	start  time.Time
	length time.Duration
}

// newTimeline returns no rows if the run has no times.
func newTimeline(e harness.Evidence, l lang.Language) timeline {
	if e.Run.Duration <= 0 || e.Run.Started.IsZero() {
		return timeline{}
	}
	a := axis{e.Run.Started, e.Run.Duration}
	t := timeline{Ticks: a.newTicks()}
	for _, g := range []rowGroup{
		{l.Say("Stages"), a.stageRows(e.Run.Stages, l)},
		{l.Say("Parts of the page"), a.partRows(e.Scenarios, l)},
		{l.Say("Commands on the hosts"), a.hostRows(e, l)},
	} {
		if len(g.Rows) > 0 {
			t.Groups = append(t.Groups, g)
		}
	}
	t.Legend = t.newLegend(l)
	return t
}

// newLegend explains the classes of bars that there are.
func (t timeline) newLegend(l lang.Language) []legendEntry {
	drawn := map[string]bool{}
	for _, g := range t.Groups {
		for _, r := range g.Rows {
			for _, b := range r.Bars {
				drawn[b.Class] = true
			}
		}
	}
	return slices.DeleteFunc([]legendEntry{
		{"stage", l.Say("stage of the run")},
		{"passed", l.Say("claim that holds")},
		{"failed", l.Say("false claim, or command that failed")},
		{"skipped", l.Say("claim that was not checked")},
		{"command", l.Say("command")},
	}, func(e legendEntry) bool { return !drawn[e.Class] })
}

// newTicks returns at most nine ticks, a round number of seconds apart.
func (a axis) newTicks() []tick {
	step := time.Duration(max(1, roundStep(a.length.Seconds(), 9))) * time.Second
	var all []tick
	for left := a.length; left == a.length || left >= step/3; left -= step {
		all = append(all, tick{a.percent(a.length - left), fmt.Sprintf("%.0f s", (a.length - left).Seconds())})
	}
	return all
}

func (a axis) stageRows(stages []harness.Timing, l lang.Language) []row {
	titles := map[string]string{"hosts": l.Say("Start the hosts"), "scenarios": l.Say("Check the claims")}
	var rows []row
	for _, s := range stages {
		title, known := titles[s.Name]
		if !known {
			title = s.Name
		}
		r := row{Name: title, Summary: formatDuration(s.Duration)}
		a.addBar(&r, bar{Class: "stage", Title: title}, s.Start, s.Duration)
		rows = append(rows, r)
	}
	return rows
}

func (a axis) partRows(scenarios []harness.Scenario, l lang.Language) []row {
	var rows []row
	for _, group := range groupByFeature(scenarios) {
		r := row{Name: group[0].Feature}
		for _, s := range group {
			if s.Status != harness.Skipped || s.Duration > 0 {
				a.addBar(&r, bar{Class: string(s.Status), Title: s.Name, Claim: s.ID}, s.Start, s.Duration)
			}
		}
		r.Summary = l.Say("%s, %s", countClaims(l, len(r.Bars)), formatDuration(r.took))
		if counts := harness.Count(group); counts.Failed > 0 {
			r.False = l.Say("%d false", counts.Failed)
		}
		r.raiseFailures()
		rows = append(rows, r)
	}
	return rows
}

// hostRows returns the hosts of the topology first, and then other nodes on which
// commands ran.
func (a axis) hostRows(e harness.Evidence, l lang.Language) []row {
	var rows []row
	for _, h := range hostsOf(e.Target.Topology) {
		rows = append(rows, row{Name: h.Name, Mono: true, Summary: l.Say("no commands")})
	}
	for _, s := range e.Scenarios {
		for _, c := range commandsOf(s) {
			i := slices.IndexFunc(rows, func(r row) bool { return r.Name == c.Node })
			if i < 0 {
				i, rows = len(rows), append(rows, row{Name: c.Node, Mono: true})
			}
			class := "command"
			if c.ExitCode != 0 {
				class = "failed"
			}
			r := &rows[i]
			a.addBar(r, bar{Class: class, Title: lastLine(c.CommandLine()), Claim: s.ID}, c.Start, c.Duration)
			r.Summary = l.Say("%s, %s", l.Count(len(r.Bars), "%d command", "%d commands"), formatDuration(r.took))
		}
	}
	for i := range rows {
		rows[i].raiseFailures()
	}
	return rows
}

// addBar adds a bar to a row, cut off at the ends of the axis. A browser draws nothing
// of a bar without width, not even its outline.
func (a axis) addBar(r *row, b bar, start time.Time, took time.Duration) {
	from := min(max(start.Sub(a.start), 0), a.length)
	b.From, b.Width = a.percent(from), a.percent(max(min(took, a.length-from), a.length/1000))
	b.Title += ", " + formatDuration(took)
	r.Bars = append(r.Bars, b)
	r.took += took
}

// raiseFailures puts failures last, so that no other bar is drawn over them.
func (r *row) raiseFailures() {
	rank := map[string]int{"failed": 1}
	slices.SortStableFunc(r.Bars, func(a, b bar) int { return rank[a.Class] - rank[b.Class] })
}

func (a axis) percent(d time.Duration) string {
	share := 100 * float64(d) / float64(a.length)
	return fmt.Sprintf("%.2f%%", min(max(share, 0), 100))
}
