package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"labcheck/harness"
	"labcheck/harness/terminal"
	"labcheck/sim"
	"labcheck/sim/images"
)

// progress shows what is going on. On a terminal the living line tells what is
// being done and for how long; in a log each part is told when it has ended.
type progress struct {
	*app
	silent bool
	stop   chan struct{}
	done   sync.WaitGroup

	mu    sync.Mutex
	part  string // what is being done
	note  string // of that, what ended last
	began time.Time
}

// tick is how often the living line changes.
const tick = 100 * time.Millisecond

func newProgress(a *app) *progress {
	p := &progress{app: a, silent: a.quiet, stop: make(chan struct{})}
	if a.screen.Changes && !p.silent && !p.verbose {
		p.done.Go(p.animate)
	}
	return p
}

func (p *progress) animate() {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticks.C:
			p.mu.Lock()
			p.screen.SetLivingLine(p.livingLine())
			p.mu.Unlock()
		}
	}
}

// livingLine returns the line that tells what is being done; empty if nothing is.
func (p *progress) livingLine() string {
	if p.part == "" {
		return ""
	}
	line := fmt.Sprintf("  … %s %s", p.part, secondsText(time.Since(p.began)))
	if p.note != "" {
		line += "  " + p.note
	}
	return line
}

// close takes the living line away for good.
func (p *progress) close() {
	p.mu.Lock()
	p.part = ""
	p.mu.Unlock()
	select {
	case <-p.stop:
		return
	default:
	}
	close(p.stop)
	p.done.Wait()
	p.screen.SetLivingLine("")
}

// trackPart tells that something is being done while do runs, and how it ended.
func (p *progress) trackPart(part string, do func() error) error {
	p.beginPart(part)
	err := do()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clearPart()
	p.printUnlessSilent(p.timedLine(p.mark(err == nil), part, 44, time.Since(p.began)))
	return err
}

// beginPart and endPart are trackPart for what is told by events. What passed is
// told only if that was asked for.
func (p *progress) beginPart(part string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.part, p.note, p.began = part, "", time.Now()
}

func (p *progress) endPart(status harness.Status, name, reason string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clearPart()
	switch {
	case status == harness.Skipped && p.verbose:
		p.printUnlessSilent(fmt.Sprintf("  - %s (%s)", name, reason))
	case status == harness.Failed || status == harness.Passed && p.verbose:
		p.printUnlessSilent(p.timedLine(p.mark(status == harness.Passed), name, 64, took))
	}
}

// clearPart leaves nothing that is being done, before what it came to is told.
func (p *progress) clearPart() {
	p.part = ""
	p.screen.SetLivingLine("")
}

// mark returns the start of a line about what succeeded or failed.
func (p *progress) mark(succeeded bool) string {
	color, mark := text.FgRed, "✗"
	if succeeded {
		color, mark = text.FgGreen, "✓"
	}
	if p.canColor(p.err) {
		mark = color.Sprint(mark)
	}
	return "  " + mark + " "
}

// printLine prints a line that stays, also if no progress is wanted: nobody would
// look for what nobody told of.
func (p *progress) printLine(line string) { fmt.Fprintln(p.err, line) }

func (p *progress) printUnlessSilent(line string) {
	if !p.silent {
		p.printLine(line)
	}
}

// showDetail shows what is part of the living line, or a line of its own if that was
// asked for.
func (p *progress) showDetail(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note = what
	if p.verbose {
		p.printUnlessSilent(p.timedLine("      ", what, 42, time.Since(p.began)))
	}
}

func (p *progress) showLab(e sim.Event) { p.showDetail(strings.TrimSpace(e.Node + " " + e.What)) }

// showImage tells how far an image has come. In a log there is one line for each,
// when it is there.
func (p *progress) showImage(e images.Event) {
	what := p.lang.Say("image %s: %s", e.Image, e.What)
	if e.Image == "" {
		what = p.lang.Say("packages: %s", e.What)
	}
	if e.Done && !p.screen.Changes && !p.verbose {
		p.printUnlessSilent(p.timedLine("    ", what, 44, e.Elapsed))
		return
	}
	p.showDetail(what)
}

// timedLine returns a line that ends with a time, below those of the lines before:
// what it tells is filled up to some columns, fewer if the terminal is narrow.
func (p *progress) timedLine(before, what string, width int, took time.Duration) string {
	suffix := " " + secondsText(took)
	room := terminal.Width(p.err) - text.StringWidthWithoutEscSequences(before) - len(suffix)
	return before + text.Pad(what, min(width, room), ' ') + suffix
}

func secondsText(d time.Duration) string { return fmt.Sprintf("%6.1fs", d.Seconds()) }
