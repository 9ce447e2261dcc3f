package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"labcheck/harness"
	"labcheck/sim"
	"labcheck/sim/images"
)

// progress shows what is going on. On a terminal the last line tells what is
// being done and for how long; in a log each part is told when it has ended.
type progress struct {
	w       io.Writer
	live    bool // a line may change
	silent  bool
	verbose bool
	color   bool
	lang    harness.Lang
	width   func() int

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
	p := &progress{w: a.err, live: a.terminal && !a.verbose, silent: a.quiet, verbose: a.verbose, color: a.color(), lang: a.lang, stop: make(chan struct{})}
	p.width = func() int { return columns(a.err) }
	if p.live && !p.silent {
		p.done.Go(p.animate)
	}
	return p
}

func (p *progress) animate() {
	for {
		select {
		case <-p.stop:
			return
		case <-time.After(tick):
			p.mu.Lock()
			p.draw()
			p.mu.Unlock()
		}
	}
}

// draw writes the living line over itself.
func (p *progress) draw() {
	if p.part == "" || !p.live || p.silent {
		return
	}
	line := fmt.Sprintf("  … %s %s", p.part, elapsed(time.Since(p.began)))
	if p.note != "" {
		line += "  " + p.note
	}
	fmt.Fprint(p.w, "\r\033[K", text.Trim(line, p.width()-1))
}

func (p *progress) erase() {
	if p.live && !p.silent {
		fmt.Fprint(p.w, "\r\033[K")
	}
}

// close takes the living line away.
func (p *progress) close() {
	select {
	case <-p.stop:
		return
	default:
	}
	close(p.stop)
	p.done.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.part != "" {
		p.erase()
	}
}

// during tells that something is being done while do runs, and how it ended.
func (p *progress) during(part string, do func() error) error {
	p.mu.Lock()
	p.part, p.note, p.began = part, "", time.Now()
	p.mu.Unlock()
	err := do()
	p.mu.Lock()
	defer p.mu.Unlock()
	mark := p.paint(text.FgGreen, "✓")
	if err != nil {
		mark = p.paint(text.FgRed, "✗")
	}
	p.say(fmt.Sprintf("  %s %s", mark, pad(p.part, 44)+elapsed(time.Since(p.began))))
	p.part = ""
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
	p.part = ""
	switch {
	case status == harness.Failed:
		p.say(fmt.Sprintf("  %s %s", p.paint(text.FgRed, "✗"), pad(name, 64)+elapsed(took)))
	case !p.verbose:
	case status == harness.Skipped:
		p.say(fmt.Sprintf("  - %s (%s)", name, reason))
	default:
		p.say(fmt.Sprintf("  %s %s", p.paint(text.FgGreen, "✓"), pad(name, 64)+elapsed(took)))
	}
}

// tell writes a line that stays, also where no progress is wanted: nobody would
// look for what nobody told of.
func (p *progress) tell(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	fmt.Fprintln(p.w, line)
	p.draw()
}

func (p *progress) say(line string) {
	if p.silent {
		return
	}
	p.erase()
	fmt.Fprintln(p.w, line)
	p.draw()
}

// detail is told when it is asked for, and otherwise part of the living line.
func (p *progress) detail(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note = what
	if p.verbose {
		p.say("      " + pad(what, 42) + elapsed(time.Since(p.began)))
	}
}

func (p *progress) lab(e sim.Event) {
	p.detail(strings.TrimSpace(e.Node + " " + e.What))
}

// image tells how far an image has come. In a log there is one line for each,
// when it is there.
func (p *progress) image(e images.Event) {
	what := p.lang.Say("image %s: %s", "イメージ %s: %s", e.Image, e.What)
	if e.Image == "" {
		what = p.lang.Say("packages: %s", "パッケージ: %s", e.What)
	}
	if e.Done && !p.live && !p.verbose {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.say("    " + pad(what, 42) + elapsed(e.Elapsed))
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

// pad fills s up to a width of n columns; wide characters take two.
func pad(s string, n int) string { return text.Pad(s, n, ' ') + " " }

func elapsed(d time.Duration) string { return fmt.Sprintf("%6.1fs", d.Seconds()) }
