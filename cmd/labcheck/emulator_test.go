package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"

	"labcheck/harness/prereq"
)

// emulator is a terminal without a bottom: it knows what labcheck writes, and
// wide characters. It keeps lines as they are when it is made narrower, as xterm
// does.
type emulator struct {
	width  int
	rows   [][]string // of cells; the second one of a wide character is ""
	joined []bool     // the row goes on in the next one
	x, y   int
	full   bool // the last column is written, and the next character wraps
	nowrap bool
	rest   []byte // the start of a character or control sequence
	err    error  // what it does not know
}

func newEmulator(width int) *emulator {
	e := &emulator{width: width}
	e.needRow()
	return e
}

// emulate returns what a terminal shows after some output.
func emulate(width int, output string) *emulator {
	e := newEmulator(width)
	e.show([]byte(output))
	return e
}

// control is a control sequence, up to its end.
var control = regexp.MustCompile(`^\x1b\[([?0-9;]*)([A-Za-z])`)

// show has the terminal show a program's output.
func (e *emulator) show(p []byte) {
	e.rest = append(e.rest, p...)
	for len(e.rest) > 0 {
		n := e.next(e.rest)
		if n == 0 {
			break
		}
		e.rest = e.rest[n:]
	}
}

// next takes one character or control sequence, and returns its length; 0 if it
// is not complete.
func (e *emulator) next(b []byte) int {
	switch b[0] {
	case '\r':
		e.x, e.full = 0, false
	case '\n':
		e.y, e.full = e.y+1, false
		e.needRow()
	case 0x1b:
		return e.sequence(b)
	default:
		if !utf8.FullRune(b) {
			return 0
		}
		r, n := utf8.DecodeRune(b)
		e.put(string(r))
		return n
	}
	return 1
}

func (e *emulator) sequence(b []byte) int {
	m := control.FindSubmatch(b)
	if m == nil {
		if len(b) > 16 {
			e.err = fmt.Errorf("unknown control sequence %q", b[:16])
		}
		return 0
	}
	switch string(m[1]) + string(m[2]) {
	case "K":
		e.eraseRow()
	case "J":
		e.eraseRow()
		e.rows, e.joined = e.rows[:e.y+1], e.joined[:e.y+1]
	case "?7l":
		e.nowrap = true
	case "?7h":
		e.nowrap = false
	default:
		if m[2][0] != 'm' {
			e.err = fmt.Errorf("unknown control sequence %q", m[0])
		}
	}
	return len(m[0])
}

// put writes a character at the cursor.
func (e *emulator) put(char string) {
	w := uniseg.StringWidth(char)
	if w == 0 || char < " " {
		e.err = fmt.Errorf("unknown character %q", char)
		return
	}
	switch {
	case !e.nowrap && (e.full || e.x+w > e.width):
		e.joined[e.y] = true
		e.x, e.y, e.full = 0, e.y+1, false
		e.needRow()
	case e.x+w > e.width && w == 2:
		return
	}
	row := e.rows[e.y]
	e.split(row, e.x)
	e.split(row, e.x+w)
	row[e.x] = char
	if w == 2 {
		row[e.x+1] = ""
	}
	e.x += w
	if e.x >= e.width {
		e.x, e.full = e.width-1, !e.nowrap
	}
}

// split blanks a wide character of which only one half is written over.
func (e *emulator) split(row []string, x int) {
	if x > 0 && x < len(row) && row[x] == "" {
		row[x-1], row[x] = " ", " "
	}
}

func (e *emulator) eraseRow() {
	row := e.rows[e.y]
	e.split(row, e.x)
	for i := e.x; i < len(row); i++ {
		row[i] = " "
	}
	e.joined[e.y] = false
}

func (e *emulator) needRow() {
	for len(e.rows) <= e.y {
		row := make([]string, e.width)
		for i := range row {
			row[i] = " "
		}
		e.rows, e.joined = append(e.rows, row), append(e.joined, false)
	}
}

// resize gives all rows another width.
func (e *emulator) resize(width int) {
	for i, row := range e.rows {
		for len(row) < width {
			row = append(row, " ")
		}
		e.split(row, width)
		e.rows[i] = row[:width]
	}
	e.width, e.x, e.full = width, min(e.x, width-1), false
}

// shown returns the rows, without the blanks at their ends, and where the cursor
// is.
func (e *emulator) shown() []string {
	var rows []string
	for _, row := range e.rows {
		rows = append(rows, strings.TrimRight(strings.Join(row, ""), " "))
	}
	return append(rows, fmt.Sprintf("cursor: row %d, column %d", e.y, e.x))
}

// text returns the lines that were written, each in one.
func (e *emulator) text() string {
	var b strings.Builder
	for i, row := range e.rows {
		line := strings.Join(row, "")
		if e.joined[i] {
			b.WriteString(line)
			continue
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// TestEmulator compares the emulator with tmux, which is a terminal.
func TestEmulator(t *testing.T) {
	for name, output := range map[string]string{
		"lines":           "a\r\n\r\n  b\r\n",
		"over":            "abcdef\rxy\r\nあいう\rx\r\nxあいう\rああ",
		"erased":          "abc\r\x1b[Kd\r\nabc\r\x1b[J",
		"erased below":    "12345678901234567890ab\r\x1b[J",
		"just wide":       strings.Repeat("b", 20) + "\r\nc" + strings.Repeat("d", 20) + "e",
		"wide characters": strings.Repeat("あ", 25) + "\r\nx" + strings.Repeat("あ", 25) + "\r\n✓ … ー、",
		"no wrapping":     "\x1b[?7l" + strings.Repeat("abc", 9) + "\x1b[?7h\r\n" + strings.Repeat("d", 21),
		"over unwrapped":  "\x1b[?7l" + strings.Repeat("abc", 9) + "\x1b[?7h\rZ",
		"wide unwrapped":  "\x1b[?7lx" + strings.Repeat("あ", 13) + "\x1b[?7h\r\n",
		"colours":         "\x1b[32m✓\x1b[0m ok \x1b[1mbold\x1b[0m\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			x := startTmux(t, 20, "sh", "-c", `stty -opost -echo; cat "$1"; tmux wait-for -S shown; exec cat >/dev/null`, "sh", writeFile(t, output))
			x.tmux("wait-for", "shown")
			e := emulate(20, output)
			if e.err != nil {
				t.Error(e.err)
			}
			want := e.shown()
			x.waitFor("what the emulator shows", func(rows []string) bool { return cmp.Equal(rows, want) })
		})
	}
}

func writeFile(t *testing.T, content string) string {
	name := filepath.Join(t.TempDir(), "output")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// tmuxScreen is the screen of a command that runs in tmux.
type tmuxScreen struct {
	t   *testing.T
	dir string // of its socket
}

// startTmux runs a command in a tmux of its own. In CI there must be one.
func startTmux(t *testing.T, width int, argv ...string) *tmuxScreen {
	prereq.Program(t, "tmux", "apt-get install tmux")
	dir, err := os.MkdirTemp("", "tmux") // t.TempDir may have a comma, which $TMUX must not
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	x := &tmuxScreen{t, dir}
	x.tmux(append([]string{"-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", "40"}, argv...)...)
	t.Cleanup(func() { x.tmux("kill-server") })
	return x
}

// tmux runs a tmux command and returns what it prints.
func (x *tmuxScreen) tmux(args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tmux", append([]string{"-u"}, args...)...)
	cmd.Env = append(os.Environ(), "TMUX_TMPDIR="+x.dir, "TMUX=", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// shown returns the rows and the cursor, as an emulator does, with what has left the
// window at its top.
func (x *tmuxScreen) shown() []string {
	var row, column, width, above int
	at := x.tmux("display-message", "-p", "#{cursor_y} #{cursor_x} #{pane_width} #{history_size}")
	if _, err := fmt.Sscan(at, &row, &column, &width, &above); err != nil {
		x.t.Fatal(err)
	}
	row += above
	rows := strings.Split(strings.TrimRight(x.tmux("capture-pane", "-p", "-S", "-"), "\n"), "\n")
	for len(rows) <= row {
		rows = append(rows, "")
	}
	// Behind the last column tmux has the cursor that others have in it.
	return append(rows, fmt.Sprintf("cursor: row %d, column %d", row, min(column, width-1)))
}

// waitFor waits until the screen is as it should be.
func (x *tmuxScreen) waitFor(what string, is func([]string) bool) {
	var rows []string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if rows = x.shown(); is(rows) {
			return
		}
	}
	x.t.Fatalf("it does not show %s, but\n%s", what, strings.Join(rows, "\n"))
}

// wantScreen is that of a console.
func (x *tmuxScreen) wantScreen(width int, lines string) {
	x.t.Helper()
	want := emulate(width, plain(lines, x.tmux("capture-pane", "-p", "-J", "-S", "-"))).shown()
	x.waitFor(strings.Join(want, "\n"), func(rows []string) bool { return cmp.Equal(rows, want) })
}
