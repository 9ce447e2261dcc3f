package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The plot area of a chart, in units of its drawing.
const (
	chartLeft, chartRight = 60.0, 700.0
	chartTop, chartBottom = 26.0, 240.0
	// chartTicks is how many steps an axis has at most.
	chartTicks = 5
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
	Above string // where the label of a moment begins: those of neighbours do not meet
}

// chartLine is a line of a chart, or a point of another measurement.
type chartLine struct {
	Name   string
	Class  string // line-1, line-2, …; a point has the class of the line that it is compared with
	Points string // of a polyline
	Last   [2]string
	Radius int // of the mark at the last point
}

// series is the values of a line.
type series struct {
	name   string
	values [][2]float64
	// besides is a point to be compared with the line, and its name.
	besides     [2]float64
	besidesName string
}

// newChart draws series. Those without values are left out. moments are where on the
// axis something was done.
func newChart(title, xLabel, yLabel string, all []series, moments []float64) chart {
	c := chart{Title: title, XLabel: xLabel, YLabel: yLabel}
	all = slices.DeleteFunc(all, func(s series) bool { return len(s.values) == 0 })
	xMax, yMax := 0.0, 0.0
	for _, s := range all {
		for _, v := range append(s.values, s.besides) {
			xMax, yMax = max(xMax, v[0]), max(yMax, v[1])
		}
	}
	for _, at := range moments {
		xMax = max(xMax, at)
	}
	x, y := newScale(xMax, chartLeft, chartRight), newScale(yMax, chartBottom, chartTop)
	c.XTicks, c.YTicks = x.ticks(), y.ticks()
	draw := func(name, class string, radius int, values ...[2]float64) {
		line := chartLine{Name: name, Class: class, Radius: radius}
		var points []string
		for _, v := range values {
			line.Last = [2]string{x.place(v[0]), y.place(v[1])}
			points = append(points, line.Last[0]+","+line.Last[1])
		}
		line.Points = strings.Join(points, " ")
		c.Lines = append(c.Lines, line)
	}
	for i, s := range all {
		class := fmt.Sprintf("line-%d", i+1)
		draw(s.name, class, 3, s.values...)
		if s.besidesName != "" {
			draw(s.besidesName, class+" besides", 5, s.besides)
		}
	}
	for i, at := range moments {
		c.Moments = append(c.Moments, chartTick{x.place(at), fmt.Sprint(i + 1), fmt.Sprint(10 + i%2*12)})
	}
	return c
}

// chartScale places values on an axis.
type chartScale struct{ step, end, from, to float64 }

// newScale returns a scale from 0 to a round number that is not less than most.
func newScale(most, from, to float64) chartScale {
	if most <= 0 {
		most = 1
	}
	step := roundStep(most, chartTicks)
	return chartScale{step, math.Ceil(most/step-1e-9) * step, from, to}
}

// roundStep returns the smallest 1, 2 or 5 times a power of ten with which this number of steps
// reaches most.
func roundStep(most, steps float64) float64 {
	power := math.Pow10(int(math.Floor(math.Log10(most / steps))))
	for _, factor := range []float64{1, 2, 5} {
		if most <= factor*power*steps {
			return factor * power
		}
	}
	return power * 10
}

func (s chartScale) place(value float64) string {
	return fmt.Sprintf("%.1f", s.from+(s.to-s.from)*value/s.end)
}

func (s chartScale) ticks() []chartTick {
	var all []chartTick
	for i := 0; float64(i)*s.step <= s.end*(1+1e-9); i++ {
		all = append(all, chartTick{At: s.place(float64(i) * s.step), Label: fmt.Sprintf("%.6g", float64(i)*s.step)})
	}
	return all
}
