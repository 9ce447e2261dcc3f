package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/scale"
)

//go:embed html/chart.css
var chartStyle string

// scalePage is what the template of the page shows.
type scalePage struct {
	scale.Result
	lang.Language
	Class, Verdict           string
	Facts                    []string
	LatencyTable, EventTable pageTable
	Charts                   []chart
}

// pageTable is a table of the page. The first of its rows is the heading.
type pageTable struct {
	Class, Caption string
	Rows           [][]any
}

// ScalePage writes what a run has measured as a page with plots. It needs nothing from
// elsewhere.
func ScalePage(w io.Writer, r scale.Result, l lang.Language) error {
	verdict := scaleVerdict(r, l)
	class := map[harness.Verdict]string{harness.VerdictHolds: "holds", harness.VerdictFalse: "false"}[r.Run.Verdict]
	p := scalePage{
		Result: r, Language: l, Class: class, Verdict: verdict[strings.IndexByte(verdict, ' ')+1:], Facts: scaleFacts(r, l),
		LatencyTable: pageTable{"latency", l.Say("How long requests take"), latencyRows(r, l)},
		EventTable:   pageTable{"events", l.Say("What was done to the cluster"), eventRows(r, l)}, Charts: scaleCharts(r, l),
	}
	look := style + chartStyle
	return writePage(w, "scale.tmpl", "html/scale.tmpl", template.FuncMap{
		"Say":    l.Say,
		"date":   func(t time.Time) string { return t.Format(time.DateTime) },
		"style":  func() template.HTML { return template.HTML("<style>" + look + "</style>") },
		"policy": func() string { return "default-src 'none'; style-src '" + policySource(look) + "'" },
	}, p)
}

// scaleCharts draws the percentiles over the containers, and containers, memory and CPUs
// over time.
func scaleCharts(r scale.Result, l lang.Language) []chart {
	containers, minutes, ms := l.Say("containers"), l.Say("minutes"), "ms"
	infos := percentileSeries(r, l, func(v scale.Level) scale.Percentiles { return v.Info })
	runs := percentileSeries(r, l, func(v scale.Level) scale.Percentiles { return v.Run })
	charts := []chart{
		newChart("docker info", containers, ms, infos, nil), newChart("docker run", containers, ms, runs, nil),
	}
	filling := series{name: l.Say("containers")}
	for _, p := range r.Filling {
		filling.values = append(filling.values, [2]float64{p.At.Minutes(), float64(p.Containers)})
	}
	var moments []float64
	for _, e := range r.Events {
		moments = append(moments, e.At.Minutes())
	}
	memory := usageSeries(r, l, func(u scale.Usage) float64 { return float64(u.Memory) / (1 << 20) })
	cpu := usageSeries(r, l, func(u scale.Usage) float64 { return u.CPU })
	return append(charts,
		newChart(l.Say("Containers over time"), minutes, containers, []series{filling}, moments),
		newChart(l.Say("Memory over time"), minutes, "MiB", memory, moments),
		newChart(l.Say("CPUs in use over time"), minutes, l.Say("CPUs"), cpu, moments),
	)
}

// percentileSeries returns the percentiles over the number of containers, and Docker's.
func percentileSeries(r scale.Result, l lang.Language, of func(scale.Level) scale.Percentiles) []series {
	published := of(r.Published)
	var all []series
	for _, percent := range []struct {
		name string
		of   func(scale.Percentiles) time.Duration
	}{
		{l.Say("50th percentile"), func(p scale.Percentiles) time.Duration { return p.P50 }},
		{l.Say("90th percentile"), func(p scale.Percentiles) time.Duration { return p.P90 }},
		{l.Say("99th percentile"), func(p scale.Percentiles) time.Duration { return p.P99 }},
	} {
		s := series{name: percent.name}
		for _, level := range r.Levels {
			s.values = append(s.values, [2]float64{float64(level.Containers), milliseconds(percent.of(of(level)))})
		}
		s.besides = [2]float64{float64(r.Published.Containers), milliseconds(percent.of(published))}
		s.besidesName = l.Say("Docker, 2015: %s", percent.name)
		all = append(all, s)
	}
	return all
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// usageSeries returns a value of each process on each host over time.
func usageSeries(r scale.Result, l lang.Language, of func(scale.Usage) float64) []series {
	nameOf := func(u scale.Usage) string { return fmt.Sprintf("%s (%s)", processName(u.Process, l), u.Host) }
	var all []series
	for _, group := range harness.GroupBy(r.Usage, nameOf) {
		s := series{name: nameOf(group[0])}
		for _, u := range group {
			s.values = append(s.values, [2]float64{u.At.Minutes(), of(u)})
		}
		all = append(all, s)
	}
	return all
}
