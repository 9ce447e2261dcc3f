// Package terminal is the terminal of a command: its streams, of which no two share a
// line, a line that changes in place, and questions to a person.
package terminal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"labcheck/harness"
)

// Screen owns the terminal of a command. stdin, stdout and stderr go through it,
// so that no two of them share a line of the terminal, and none shares a line
// with the living line: a line below everything else that changes in place.
type Screen struct {
	In       *Input
	Out, Err *Output
	Changes  bool // stderr is a terminal that can erase lines

	mu      sync.Mutex
	line    string  // the living line; empty if there is none
	drawn   bool    // the terminal shows it
	unended *Output // wrote the line that the cursor is in; nil if the cursor is at the start of one
	echoed  bool    // the terminal may have echoed ^C since the last output
}

// New returns a screen over a command's streams. What is not a terminal
// is written as it is. ctx ends when a person presses Ctrl-C.
func New(ctx context.Context, in io.Reader, out, err io.Writer) *Screen {
	s := &Screen{}
	s.In = &Input{screen: s, r: in, terminal: IsTerminal(in)}
	s.Out = &Output{screen: s, w: out, terminal: IsTerminal(out)}
	s.Err = &Output{screen: s, w: err, terminal: IsTerminal(err)}
	s.Changes = s.Err.terminal && os.Getenv("TERM") != "dumb"
	context.AfterFunc(ctx, s.NoteInterrupt)
	return s
}

// The control sequences. The living line is drawn without automatic wrapping, and
// the cursor waits at its start: if the terminal is made narrower and folds the
// line, or counts its characters wider than labcheck does, the line still begins
// at the cursor and everything below is part of it.
const (
	eraseLine  = "\r\x1b[K"
	eraseBelow = "\r\x1b[J"
	wrapOff    = "\x1b[?7l"
	wrapOn     = "\x1b[?7h\r"
)

// SetLivingLine makes line the living line; an empty one takes it away.
func (s *Screen) SetLivingLine(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = line
	if line == "" {
		s.eraseLivingLine()
		return
	}
	s.drawLivingLine()
}

// drawLivingLine draws the living line over itself, unless the cursor is in a line that has
// not ended, such as a question.
func (s *Screen) drawLivingLine() {
	if !s.Changes || s.line == "" || s.unended != nil || !inForeground(fileDescriptor(s.Err.w)) {
		return
	}
	fmt.Fprint(s.Err.w, eraseBelow, wrapOff, text.Trim(replaceControls(s.line), Width(s.Err)-1), wrapOn)
	s.drawn = true
}

// eraseLivingLine takes the living line off the terminal.
func (s *Screen) eraseLivingLine() {
	if s.drawn {
		fmt.Fprint(s.Err.w, eraseBelow)
		s.drawn, s.echoed = false, false
	}
}

// startLine brings the cursor to the start of a line, for a stream that was not
// writing the line that the cursor is in.
func (s *Screen) startLine(o *Output) {
	s.eraseLivingLine()
	switch {
	case s.unended != nil && (s.unended != o || s.echoed):
		fmt.Fprintln(s.unended.w)
		s.unended = nil
	case s.echoed && s.Changes:
		fmt.Fprint(s.Err.w, eraseLine)
	case s.echoed && s.Err.terminal:
		fmt.Fprintln(s.Err.w)
	}
	s.echoed = false
}

// EndLine takes the living line away, and ends the line that the cursor is in.
func (s *Screen) EndLine() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = ""
	s.startLine(nil)
}

// NoteInterrupt tells the screen that a person may have pressed Ctrl-C, which the
// terminal echoes wherever the cursor is.
func (s *Screen) NoteInterrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.echoed = true
}

// HasInterrupt reports whether the terminal may have echoed ^C since the last output.
func (s *Screen) HasInterrupt() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.echoed
}

// LeaveTo takes the living line away while something else has the terminal.
func (s *Screen) LeaveTo(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.echoed = true
	s.eraseLivingLine()
	do()
}

// replaceControls replaces what would move the cursor.
func replaceControls(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, line)
}

// Output is stdout or stderr. What is written to it is text: control characters in it
// are shown, see harness.ShowControls, but for colours on a terminal.
type Output struct {
	screen   *Screen
	w        io.Writer
	terminal bool
	failed   error // of the first write that failed
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	text := harness.ShowControls(string(p))
	if o.terminal {
		text = shownColor.ReplaceAllString(text, "\x1b$1")
	}
	if _, err := o.Raw().Write([]byte(text)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// shownColor is a sequence of control characters that sets colours, as ShowControls
// shows it.
var shownColor = regexp.MustCompile(`\\x1b(\[[0-9;]*m)`)

// Raw returns a writer that leaves bytes as they are: those of an archive, or of a
// command on a host.
func (o *Output) Raw() io.Writer { return rawOutput{o} }

// Err returns why the first write that failed did.
func (o *Output) Err() error {
	o.screen.mu.Lock()
	defer o.screen.mu.Unlock()
	return o.failed
}

// Stream returns a writer like that of Raw, for those who judge its errors themselves:
// Err does not return them.
func (o *Output) Stream() io.Writer { return streamOutput{o} }

type streamOutput struct{ *Output }

// Write implements io.Writer.
func (r streamOutput) Write(p []byte) (int, error) { return r.write(p) }

type rawOutput struct{ *Output }

// Write implements io.Writer.
func (r rawOutput) Write(p []byte) (int, error) {
	n, err := r.write(p)
	if err != nil {
		r.screen.mu.Lock()
		defer r.screen.mu.Unlock()
		r.failed = cmp.Or(r.failed, err)
	}
	return n, err
}

// write writes to the stream. What goes elsewhere than to the terminal takes the
// living line away, too: it may come back to the terminal through a pipe.
func (o *Output) write(p []byte) (int, error) {
	s := o.screen
	s.mu.Lock()
	if !o.terminal {
		s.eraseLivingLine()
		s.mu.Unlock()
		return o.w.Write(p)
	}
	defer s.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	s.startLine(o)
	n, err := o.w.Write(p)
	s.unended = o
	if p[len(p)-1] == '\n' {
		s.unended = nil
	}
	s.drawLivingLine()
	return n, err
}

// Fd returns the file descriptor, as a file's does.
func (o *Output) Fd() uintptr { return fileDescriptor(o.w) }

// Input is stdin.
type Input struct {
	screen   *Screen
	r        io.Reader
	terminal bool
}

// Read implements io.Reader. The terminal echoes the Enter that ends a line, which
// brings the cursor to the start of the next one, and does not echo Ctrl-D.
func (i *Input) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	switch {
	case !i.terminal:
	case n > 0 && p[n-1] == '\n':
		i.screen.mu.Lock()
		i.screen.unended = nil
		i.screen.mu.Unlock()
	case errors.Is(err, io.EOF):
		i.screen.EndLine()
	}
	return n, err
}

// Fd returns the file descriptor, as a file's does.
func (i *Input) Fd() uintptr { return fileDescriptor(i.r) }

// fileDescriptor returns a file's, and the one of a nil file if stream is none.
func fileDescriptor(stream any) uintptr {
	f, _ := stream.(*os.File)
	return f.Fd()
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width returns how many columns a terminal has; 80 if the stream is no
// terminal or does not know its size.
func Width(stream any) int {
	if f, ok := stream.(interface{ Fd() uintptr }); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}
