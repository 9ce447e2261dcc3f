package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"labcheck/harness/pace"
)

// widths are those of the terminals that are tested.
var widths = []int{40, 60, 80, 200}

// console is a terminal that a test looks at and types on.
type console struct {
	t       *testing.T
	pty     *os.File
	changed chan struct{} // what it shows, since it was looked at
	closed  chan struct{} // nobody has the terminal open any more
	ended   chan struct{} // the program of holdTerminal ended, and all that it wrote was read

	mu     sync.Mutex
	output bytes.Buffer
	screen *emulator
}

// newConsole reads a terminal's output until nobody has the terminal open.
func newConsole(t *testing.T, width int, master *os.File) *console {
	t.Helper()
	c := &console{t: t, pty: unblocked(t, master), changed: make(chan struct{}, 1), closed: make(chan struct{}), ended: make(chan struct{}), screen: newEmulator(width)}
	go func() {
		defer close(c.closed)
		_, _ = io.Copy(c, c.pty) // it ends with EIO
	}()
	t.Cleanup(func() { _ = c.pty.Close() })
	return c
}

// unblocked returns a file that can be closed while it is read, and closes the one
// that can't.
func unblocked(t *testing.T, master *os.File) *os.File {
	t.Helper()
	fd, err := syscall.Dup(int(master.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(syscall.SetNonblock(fd, true), master.Close()); err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), master.Name())
}

// Write implements io.Writer, for what the terminal gets.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	shown, hasEnded := bytes.CutSuffix(p, []byte(endMark))
	if hasEnded {
		close(c.ended)
	}
	c.output.Write(shown)
	select {
	case c.changed <- struct{}{}:
	default:
	}
	c.screen.show(shown)
	return len(p), nil
}

// endMark is what the script of holdTerminal writes after the program has ended.
const endMark = "\x00"

// holdTerminal has a command run below a shell that leaves the terminal open until
// wantExit has read all of it: when the first process of a terminal ends, the kernel
// drops what was written and has not reached the reader yet.
func holdTerminal(t *testing.T, cmd *exec.Cmd) (release func()) {
	t.Helper()
	held, holder, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(held.Close(), holder.Close()) })
	const script = `trap : INT; "$@"; code=$?; printf '\000' >/dev/tty; read -r line <&3; exit $code`
	cmd.Args = append([]string{"sh", "-c", script, "sh", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	cmd.ExtraFiles = []*os.File{held}
	return func() { _ = holder.Close() }
}

// openConsole returns a terminal, and the file that a program has of it.
func openConsole(t *testing.T, width int) (*console, *os.File) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: uint16(width)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return newConsole(t, width, master), tty
}

// typed types on the terminal.
func (c *console) typed(keys string) {
	c.t.Helper()
	if _, err := io.WriteString(c.pty, keys); err != nil {
		c.t.Fatal(err)
	}
}

// resize makes the terminal wider or narrower.
func (c *console) resize(width int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.screen.resize(width)
	conn, err := c.pty.SyscallConn()
	if err != nil {
		c.t.Fatal(err)
	}
	_ = conn.Control(func(fd uintptr) {
		err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: uint16(width)})
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// shows tells whether words are on the screen.
func (c *console) shows(words string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Contains(c.screen.text(), words)
}

// waitFor waits until a condition holds of what the terminal shows.
func (c *console) waitFor(what string, is func() bool) {
	c.t.Helper()
	late := time.After(pace.Limit(2 * time.Minute))
	for !is() {
		select {
		case <-c.changed:
		case <-c.closed:
			c.t.Fatalf("the program ended before %s; the terminal shows\n%s", what, strings.Join(c.shown(), "\n"))
		case <-c.ended:
			c.t.Fatalf("the program ended before %s; the terminal shows\n%s", what, strings.Join(c.shown(), "\n"))
		case <-late:
			c.t.Fatalf("no %s; the terminal shows\n%s", what, strings.Join(c.shown(), "\n"))
		}
	}
}

// waitToShow waits until words are on the screen.
func (c *console) waitToShow(words string) {
	c.t.Helper()
	c.waitFor(words, func() bool { return c.shows(words) })
}

// waitToEndWith waits until a line is the last that the terminal got, with its end.
func (c *console) waitToEndWith(line string) {
	c.t.Helper()
	c.waitFor(line, func() bool { return strings.HasSuffix(c.written(), line+"\r\n") })
}

// shown returns what the terminal shows now.
func (c *console) shown() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.screen.err != nil {
		c.t.Error(c.screen.err)
	}
	return c.screen.shown()
}

// written returns all that the terminal got.
func (c *console) written() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.output.String()
}

// duration is how long something took, as labcheck writes it.
var duration = regexp.MustCompile(`\d+(?:\.\d+)? ?m?s\b`)

// plain returns lines as a terminal gets them. Each %s or %7s of these stands for how long
// something took, as a text that was shown has it.
func plain(lines, shown string) string {
	var took []any
	for _, d := range duration.FindAllString(shown, -1) {
		took = append(took, d)
	}
	return strings.ReplaceAll(fmt.Sprintf(lines, took...), "\n", "\r\n")
}

// wantScreen compares the screen, character by character, with what a terminal
// shows of plain lines.
func (c *console) wantScreen(lines string) {
	c.t.Helper()
	c.mu.Lock()
	want := emulate(c.screen.width, plain(lines, c.screen.text()))
	c.mu.Unlock()
	if diff := cmp.Diff(want.shown(), c.shown()); diff != "" {
		c.t.Errorf("at %d columns the terminal shows (-want +got):\n%s\nThe end of what it got: %q", want.width, diff, tail(c.written(), 1000))
	}
}

// tail returns the last bytes of a text, so many at most.
func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// program is labcheck on a terminal.
type program struct {
	*console
	cmd     *exec.Cmd
	release func() // of holdTerminal; nil if the command is the terminal's first process
}

// labcheckFile returns a file that is labcheck when it is run.
func labcheckFile(t *testing.T) string {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "labcheck")
	if err := os.Symlink(self, name); err != nil {
		t.Fatal(err)
	}
	return name
}

// onTerminal starts a command on a terminal of its own. Streams that the command
// has already stay as they are.
func onTerminal(t *testing.T, width int, cmd *exec.Cmd) *program {
	if cmd.Env == nil {
		cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8", "GITHUB_ACTIONS=")
	}
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: uint16(width)})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{console: newConsole(t, width, master), cmd: cmd}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // does nothing after wantExit
	return p
}

// wantExit waits for the command to end, with an exit code.
func (p *program) wantExit(code int) {
	p.t.Helper()
	slow := time.AfterFunc(pace.Limit(5*time.Minute), func() { _ = p.cmd.Process.Kill() })
	defer slow.Stop()
	if p.release != nil {
		select {
		case <-p.ended:
		case <-p.closed:
		}
		p.release()
	}
	err := p.cmd.Wait()
	<-p.closed
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d (%v), want %d; the terminal shows\n%s", got, err, code, strings.Join(p.shown(), "\n"))
	}
}
