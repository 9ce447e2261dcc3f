package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The plot area of a chart, in units of its drawing.
const (
	chartLeft, chartRight  = 60.0, 700.0
	chartTop, chartBottom  = 12.0, 240.0
	chartTicks             = 5
	chartWidth, chartDepth = 720.0, 272.0 // of the drawing
)

// chart is a drawing of lines over an axis that begins at 0.
type chart struct {
	Title   string
	XLabel  string // what the axes count
	YLabel  string
	XTicks  []chartTick
	YTicks  []chartTick
	Lines   []chartLine
	Moments []chartTick // upright lines
}

// chartTick is a mark on an axis, or a moment.
type chartTick struct {
	At    string
	Label string
}

// chartLine is a line of a chart.
type chartLine struct {
	Name   string
	Class  string // line-1, line-2, … in the order in which they are told
	Points string // of a polyline
	Last   [2]string
}

// series is the values of a line.
type series struct {
	name   string
	values [][2]float64
}

// newChart draws series. Those without values are left out.
func newChart(title, xLabel, yLabel string, all []series, moments map[string]float64) chart {
	c := chart{Title: title, XLabel: xLabel, YLabel: yLabel}
	all = slices.DeleteFunc(all, func(s series) bool { return len(s.values) == 0 })
	var xMax, yMax float64
	for _, s := range all {
		for _, v := range s.values {
			xMax, yMax = max(xMax, v[0]), max(yMax, v[1])
		}
	}
	x, y := newScale(xMax, chartLeft, chartRight), newScale(yMax, chartBottom, chartTop)
	c.XTicks, c.YTicks = x.ticks(), y.ticks()
	for i, s := range all {
		line := chartLine{Name: s.name, Class: fmt.Sprintf("line-%d", i+1)}
		points := make([]string, len(s.values))
		for j, v := range s.values {
			line.Last = [2]string{x.place(v[0]), y.place(v[1])}
			points[j] = line.Last[0] + "," + line.Last[1]
		}
		line.Points = strings.Join(points, " ")
		c.Lines = append(c.Lines, line)
	}
	for label, at := range moments {
		c.Moments = append(c.Moments, chartTick{x.place(at), label})
	}
	slices.SortFunc(c.Moments, func(a, b chartTick) int { return strings.Compare(a.Label, b.Label) })
	return c
}

// chartScale places values on an axis.
type chartScale struct{ step, end, from, to float64 }

// newScale returns a scale from 0 to a round number that is not less than most.
func newScale(most, from, to float64) chartScale {
	if most <= 0 {
		most = 1
	}
	power := math.Pow10(int(math.Floor(math.Log10(most / chartTicks))))
	step := power * 10
	for _, factor := range []float64{1, 2, 5} {
		if most <= factor*power*chartTicks {
			step = factor * power
			break
		}
	}
	return chartScale{step, math.Ceil(most/step-1e-9) * step, from, to}
}

func (s chartScale) place(value float64) string {
	return fmt.Sprintf("%.1f", s.from+(s.to-s.from)*value/s.end)
}

func (s chartScale) ticks() []chartTick {
	var all []chartTick
	for i := 0; float64(i)*s.step <= s.end*(1+1e-9); i++ {
		all = append(all, chartTick{s.place(float64(i) * s.step), fmt.Sprintf("%g", float64(i)*s.step)})
	}
	return all
}
