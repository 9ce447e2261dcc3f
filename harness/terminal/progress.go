package terminal

import (
	"fmt"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Progress shows what is going on. On a terminal the living line tells what is
// being done and for how long; in a log each part is told when it has ended.
type Progress struct {
	Silent  bool // only what must be known is shown
	Verbose bool // details have lines of their own
	screen  *Screen
	color   bool
	stop    chan struct{}
	done    sync.WaitGroup

	mu    sync.Mutex
	part  string // what is being done
	note  string // of that, what ended last
	began time.Time
}

// Tick is how often the living line changes.
const Tick = 100 * time.Millisecond

// NewProgress returns a progress that is shown until Close is called.
func NewProgress(s *Screen, silent, verbose, color bool) *Progress {
	p := &Progress{Silent: silent, Verbose: verbose, screen: s, color: color, stop: make(chan struct{})}
	if s.Changes && !silent && !verbose {
		p.done.Go(p.animate)
	}
	return p
}

func (p *Progress) animate() {
	ticks := time.NewTicker(Tick)
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
func (p *Progress) livingLine() string {
	if p.part == "" {
		return ""
	}
	line := fmt.Sprintf("  … %s %s", p.part, secondsText(time.Since(p.began)))
	if p.note != "" {
		line += "  " + p.note
	}
	return line
}

// Close takes the living line away for good.
func (p *Progress) Close() {
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

// TrackPart tells that something is being done while do runs, and how it ended.
func (p *Progress) TrackPart(part string, do func() error) error {
	start := time.Now()
	p.BeginPart(part)
	err := do()
	p.EndGroup(err == nil, part, time.Since(start))
	return err
}

// BeginPart and EndPart are TrackPart for what is told by events.
func (p *Progress) BeginPart(part string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.part, p.note, p.began = part, "", time.Now()
}

// EndPart tells how a part of a group ended. What succeeded is told only if that was
// asked for.
func (p *Progress) EndPart(succeeded bool, name string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clearPart()
	if !succeeded || p.Verbose {
		p.Print(p.timedLine("  "+p.mark(succeeded), name, 62, took))
	}
}

// EndGroup tells how a group of parts ended, as TrackPart does.
func (p *Progress) EndGroup(succeeded bool, name string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clearPart()
	p.Print(p.timedLine(p.mark(succeeded), name, 44, took))
}

// SkipPart tells that a part was not done, if that was asked for.
func (p *Progress) SkipPart(name, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clearPart()
	if p.Verbose {
		p.Print(fmt.Sprintf("    - %s (%s)", name, reason))
	}
}

// clearPart leaves nothing that is being done, before what it came to is told.
func (p *Progress) clearPart() {
	p.part = ""
	p.screen.SetLivingLine("")
}

// mark returns the start of a line about what succeeded or failed.
func (p *Progress) mark(succeeded bool) string {
	color, mark := text.FgRed, "✗"
	if succeeded {
		color, mark = text.FgGreen, "✓"
	}
	if p.color {
		mark = color.Sprint(mark)
	}
	return "  " + mark + " "
}

// PrintLine prints a line that stays, also if no progress is wanted: nobody would
// look for what nobody told of.
func (p *Progress) PrintLine(line string) { fmt.Fprintln(p.screen.Err, line) }

// Print prints a line that stays, unless only what must be known is shown.
func (p *Progress) Print(line string) {
	if !p.Silent {
		p.PrintLine(line)
	}
}

// ShowDetail shows what is part of the living line, or a line of its own if that was
// asked for.
func (p *Progress) ShowDetail(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note = what
	if p.Verbose {
		p.Print(p.timedLine("      ", what, 42, time.Since(p.began)))
	}
}

// ShowItem tells that one of several things of a part is as far, or is done. In a log
// there is one line for each that is done.
func (p *Progress) ShowItem(what string, done bool, took time.Duration) {
	if done && !p.screen.Changes && !p.Verbose {
		p.Print(p.timedLine("    ", what, 44, took))
		return
	}
	p.ShowDetail(what)
}

// timedLine returns a line that ends with a time, below those of the lines before:
// what it tells is filled up to some columns, fewer if the terminal is narrow.
func (p *Progress) timedLine(before, what string, width int, took time.Duration) string {
	suffix := " " + secondsText(took)
	room := Width(p.screen.Err) - text.StringWidthWithoutEscSequences(before) - len(suffix)
	return before + text.Pad(what, min(width, room), ' ') + suffix
}

func secondsText(d time.Duration) string { return fmt.Sprintf("%6.1fs", d.Seconds()) }
