package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim"
	"labcheck/sim/images"
)

// progress shows what is going on. On a terminal the living line tells what is
// being done and for how long; in a log each part is told when it has ended.
type progress struct {
	screen  *screen
	silent  bool
	verbose bool
	color   bool
	lang    lang.Language

	mu    sync.Mutex
	part  string // what is being done
	note  string // of that, what ended last
	began time.Time
	stop  chan struct{}
	done  sync.WaitGroup
}

// tick is how often the living line changes.
const tick = 100 * time.Millisecond

func (a *app) newProgress() *progress {
	p := &progress{screen: a.screen, silent: a.quiet, verbose: a.verbose, color: a.color(a.err), lang: a.lang, stop: make(chan struct{})}
	if a.screen.changes && !p.silent && !p.verbose {
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
			p.screen.show(p.livingLine())
			p.mu.Unlock()
		}
	}
}

// livingLine returns the line that tells what is being done; empty if nothing is.
func (p *progress) livingLine() string {
	if p.part == "" {
		return ""
	}
	line := fmt.Sprintf("  … %s %s", p.part, elapsed(time.Since(p.began)))
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
	p.screen.show("")
}

// during tells that something is being done while do runs, and how it ended.
func (p *progress) during(part string, do func() error) error {
	p.begin(part)
	err := do()
	p.mu.Lock()
	defer p.mu.Unlock()
	mark := p.paint(text.FgGreen, "✓")
	if err != nil {
		mark = p.paint(text.FgRed, "✗")
	}
	p.finishPart()
	p.say(p.timed("  "+mark+" ", part, 44, time.Since(p.began)))
	return err
}

// begin and end are during for what is told by events. What passed is told
// only where that was asked for.
func (p *progress) begin(part string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.part, p.note, p.began = part, "", time.Now()
}

func (p *progress) end(status harness.Status, name, reason string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finishPart()
	switch {
	case status == harness.Failed:
		p.say(p.timed("  "+p.paint(text.FgRed, "✗")+" ", name, 64, took))
	case !p.verbose:
	case status == harness.Skipped:
		p.say(fmt.Sprintf("  - %s (%s)", name, reason))
	default:
		p.say(p.timed("  "+p.paint(text.FgGreen, "✓")+" ", name, 64, took))
	}
}

// finishPart leaves nothing that is being done, before what it came to is told.
func (p *progress) finishPart() {
	p.part = ""
	p.screen.show("")
}

// tell writes a line that stays, also where no progress is wanted: nobody would
// look for what nobody told of.
func (p *progress) tell(line string) { fmt.Fprintln(p.screen.err, line) }

func (p *progress) say(line string) {
	if !p.silent {
		p.tell(line)
	}
}

// detail is told when it is asked for, and otherwise part of the living line.
func (p *progress) detail(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note = what
	if p.verbose {
		p.say(p.timed("      ", what, 42, time.Since(p.began)))
	}
}

func (p *progress) lab(e sim.Event) {
	p.detail(strings.TrimSpace(e.Node + " " + e.What))
}

// image tells how far an image has come. In a log there is one line for each,
// when it is there.
func (p *progress) image(e images.Event) {
	what := p.lang.Say("image %s: %s", e.Image, e.What)
	if e.Image == "" {
		what = p.lang.Say("packages: %s", e.What)
	}
	if e.Done && !p.screen.changes && !p.verbose {
		p.say(p.timed("    ", what, 44, e.Elapsed))
		return
	}
	p.detail(what)
}

func (p *progress) paint(c text.Color, s string) string {
	if !p.color {
		return s
	}
	return c.Sprint(s)
}

// timed returns a line that ends with a time, below those of the lines before: what
// it tells is filled up to some columns, fewer if the terminal is narrow.
func (p *progress) timed(before, what string, width int, took time.Duration) string {
	suffix := " " + elapsed(took)
	room := columns(p.screen.err) - text.StringWidthWithoutEscSequences(before) - len(suffix)
	return before + text.Pad(what, min(width, room), ' ') + suffix
}

func elapsed(d time.Duration) string { return fmt.Sprintf("%6.1fs", d.Seconds()) }
