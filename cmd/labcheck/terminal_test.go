package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"

	"labcheck/features"
	"labcheck/harness/lang"
	"labcheck/harness/suite"
	"labcheck/harness/terminal"
)

// eraseBelow is what takes the living line away, as harness/terminal writes it.
const eraseBelow = "\r\x1b[J"

// deadNode is an inventory of nodes where nothing listens.
func deadNode(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return writeFile(t, fmt.Sprintf("manager: manager\nports: {engine: %d}\nnodes:\n"+
		"  - {name: manager, address: 127.0.0.1}\n  - {name: frontend01, address: 127.0.0.2}\n", l.Addr().(*net.TCPAddr).Port))
}

// checkOf is a check of one claim about nodes that exist.
func checkOf(t *testing.T, inventory string, more ...string) *exec.Cmd {
	argv := []string{"check", "--target=ec2", "--inventory", inventory, "--tags=@id:join-container", "--out=evidence"}
	cmd := exec.Command(labcheckFile(t), append(argv, more...)...)
	cmd.Dir = t.TempDir()
	return cmd
}

// part is the line of a part that ended, as a terminal of a width has it.
func part(width int, what string) string {
	return "  ✓ " + text.Pad(what, min(44, width-4-8), ' ') + " %7s\n"
}

func failedPart(width int, what string) string {
	return strings.Replace(part(width, what), "✓", "✗", 1)
}

// TestCheckOnTerminal: what a check leaves on the screen is its lines and no more.
func TestCheckOnTerminal(t *testing.T) {
	for _, width := range widths {
		for _, l := range []lang.Language{lang.English, lang.Japanese} {
			t.Run(fmt.Sprint(width, l), func(t *testing.T) {
				file := deadNode(t)
				p := onTerminal(t, width, checkOf(t, file, "--lang", string(l)))
				p.wantExit(exitUnreachable)
				p.wantScreen(unreachableParts(t, width, l) + unreachable(t, l, file))
			})
		}
	}
}

// unreachableParts are the parts of a check of a dead node.
func unreachableParts(t *testing.T, width int, l lang.Language) string {
	t.Helper()
	all, err := suite.Claims(features.FS, l)
	if err != nil {
		t.Fatal(err)
	}
	return failedPart(width, all[0].Feature) + part(width, l.Say("Gather evidence"))
}

// unreachable is what a check of a dead node says, apart from its progress.
func unreachable(t *testing.T, l lang.Language, file string) string {
	t.Helper()
	cmd := checkOf(t, file, "--lang", string(l), "--quiet")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != exitUnreachable {
		t.Fatalf("%v: %s", err, out)
	}
	return duration.ReplaceAllString(string(out), "%s")
}

// working is a command that works until it is interrupted, and then cleans up until
// Ctrl-D is typed.
func working() {
	os.Exit(onProcess(func(ctx context.Context, s *terminal.Screen) int {
		a := newApp(s)
		p := newProgress(a)
		fmt.Fprintln(a.out, "a line of stdout, 標準出力")
		p.ShowDetail("a note")
		err := p.TrackPart(longPart, func() error {
			<-ctx.Done()
			return ctx.Err()
		})
		_ = p.TrackPart("Clean up", func() error {
			_, err := bufio.NewReader(a.in).ReadString('\n')
			return err
		})
		p.BeginPart("something that nobody ends")
		return a.finish(ctx, err)
	}))
}

// longPart is wider than some terminals, and its line than more of them.
const longPart = "Work on a part, 幅の広い文字を含む長い名前の作業"

// worked is what working leaves on a terminal of a width.
func worked(width int) string {
	return "a line of stdout, 標準出力\n" + failedPart(width, longPart) + failedPart(width, "Clean up") +
		"labcheck: interrupted; what was made is removed again\n"
}

func workingCommand(t *testing.T) *exec.Cmd {
	cmd := exec.Command(labcheckFile(t))
	name := filepath.Join(filepath.Dir(cmd.Path), "working")
	if err := os.Rename(cmd.Path, name); err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Args = name, []string{name}
	return cmd
}

// TestInterruptedOnTerminal: Ctrl-C leaves neither the living line nor its own
// echo.
func TestInterruptedOnTerminal(t *testing.T) {
	for _, width := range widths {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			p := onTerminal(t, width, workingCommand(t))
			p.waitToShow("… Work on")
			p.typed("\x03")
			p.waitToShow("… Clean up")
			p.typed("\x04")
			p.wantExit(exitInterrupted)
			p.wantScreen(worked(width))
		})
	}
}

// TestSecondInterruptOnTerminal: the process that ends at once leaves a line for
// the shell.
func TestSecondInterruptOnTerminal(t *testing.T) {
	p := onTerminal(t, 80, workingCommand(t))
	p.waitToShow("… Work on")
	p.typed("\x03")
	p.waitToShow("… Clean up")
	p.typed("\x03")
	p.wantExit(exitInterrupted)
	before, _, _ := strings.Cut(worked(80), "  ✗ Clean up")
	p.wantScreen(before)
}

// TestHangUpOnTerminal: a command whose terminal is closed cleans up, also if both the shell
// and the kernel say so. With nohup it goes on.
func TestHangUpOnTerminal(t *testing.T) {
	p := onTerminal(t, 80, workingCommand(t))
	p.waitToShow("… Work on")
	for range 2 {
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	p.waitToShow("… Clean up")
	p.typed("\x04")
	p.wantExit(exitInterrupted)
	p.wantScreen(worked(80))

	p = onTerminal(t, 80, exec.Command("sh", "-c", `trap "" HUP; exec "$0"`, workingCommand(t).Path))
	p.waitToShow("… Work on")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, mask, _ := strings.Cut(string(status), "SigIgn:\t")
	mask, _, _ = strings.Cut(mask, "\n")
	if ignored, err := strconv.ParseUint(mask, 16, 64); err != nil || ignored&1 == 0 { // SIGHUP is signal 1
		t.Errorf("SIGHUP is not ignored: the signals that are, %q, %v", mask, err)
	}
	p.typed("\x03")
	p.waitToShow("… Clean up")
	p.typed("\x04")
	p.wantExit(exitInterrupted)
}

// TestSuspendedOnTerminal: Ctrl-Z leaves a line for the shell, and the living line
// comes back.
func TestSuspendedOnTerminal(t *testing.T) {
	p := onTerminal(t, 60, workingCommand(t))
	p.waitToShow("… Work on")
	p.typed("\x1a")
	p.waitUntilStopped()
	p.wantScreen("a line of stdout, 標準出力\n")
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	p.waitToShow("… Work on")
	p.typed("\x03")
	p.waitToShow("… Clean up")
	p.typed("\x04")
	p.wantExit(exitInterrupted)
	p.wantScreen(worked(60))
}

// waitUntilStopped waits for the command to be suspended, and for what it wrote
// before.
func (p *program) waitUntilStopped() {
	p.t.Helper()
	var state syscall.WaitStatus
	if _, err := syscall.Wait4(p.cmd.Process.Pid, &state, syscall.WUNTRACED, nil); err != nil || !state.Stopped() {
		p.t.Fatalf("it was not suspended: %v, %v", state, err)
	}
	p.waitFor("screen without the living line", func() bool { return !p.shows("…") })
}

// TestBackgroundOnTerminal: in the background nothing changes below the shell's
// cursor, for as long as some ticks take.
func TestBackgroundOnTerminal(t *testing.T) {
	const script = `set -m; "$1" & until [ -e "$2" ]; do sleep 0.05; done; echo the shell; fg >/dev/null`
	ticked := filepath.Join(t.TempDir(), "ticked")
	p := onTerminal(t, 80, exec.Command("sh", "-c", script, "sh", workingCommand(t).Path, ticked))
	p.waitToShow("a line of stdout")
	time.Sleep(5 * terminal.Tick)
	if err := os.WriteFile(ticked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.waitToShow("the shell")
	background, _, _ := strings.Cut(p.written(), "the shell")
	if !strings.Contains(background, "a line of stdout") || strings.Contains(background, eraseBelow) {
		t.Errorf("in the background the terminal got %q", background)
	}
	p.waitToShow("… Work on")
	p.typed("\x03")
	p.waitToShow("… Clean up")
	p.typed("\x04")
	p.wantExit(exitInterrupted)
	first, rest, _ := strings.Cut(worked(80), "\n")
	p.wantScreen(first + "\nthe shell\n" + rest)
}

// TestOneStreamOnTerminal: the stream that is not on the terminal has its lines and
// no control sequences, and so has the terminal.
func TestOneStreamOnTerminal(t *testing.T) {
	file := deadNode(t)
	both := unreachable(t, lang.English, file)
	errors := strings.Index(both, "labcheck:")
	for name, test := range map[string]struct {
		redirect         func(*exec.Cmd, *bytes.Buffer)
		terminal, buffer string
	}{
		"stderr": {
			func(c *exec.Cmd, b *bytes.Buffer) { c.Stdout = b },
			unreachableParts(t, 80, lang.English) + both[errors:], both[:errors],
		},
		"stdout": {
			func(c *exec.Cmd, b *bytes.Buffer) { c.Stderr = b },
			both[:errors], unreachableParts(t, 80, lang.English) + both[errors:],
		},
	} {
		t.Run(name, func(t *testing.T) {
			var other bytes.Buffer
			cmd := checkOf(t, file)
			test.redirect(cmd, &other)
			p := onTerminal(t, 80, cmd)
			p.wantExit(exitUnreachable)
			p.wantScreen(test.terminal)
			want := strings.ReplaceAll(plain(test.buffer, other.String()), "\r\n", "\n")
			if diff := cmp.Diff(want, other.String()); diff != "" {
				t.Errorf("the other stream (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDumbTerminal: a terminal that can't erase gets lines.
func TestDumbTerminal(t *testing.T) {
	file := deadNode(t)
	cmd := checkOf(t, file)
	cmd.Env = append(os.Environ(), "TERM=dumb", "LC_ALL=C.UTF-8", "GITHUB_ACTIONS=")
	p := onTerminal(t, 80, cmd)
	p.wantExit(exitUnreachable)
	p.wantScreen(unreachableParts(t, 80, lang.English) + unreachable(t, lang.English, file))
	if strings.Contains(p.written(), "\x1b") {
		t.Errorf("it got a control sequence: %q", p.written())
	}
}

// TestCaptureToTerminal: packets are not written to a terminal.
func TestCaptureToTerminal(t *testing.T) {
	p := onTerminal(t, 80, exec.Command(labcheckFile(t), "capture", "store"))
	p.wantExit(exitUsage)
	p.wantScreen("labcheck: packets are not for a terminal: use -o FILE, or pipe them into a program\n" +
		"   try: labcheck capture HOST | wireshark -k -i -\n")
}

// TestNarrowerTerminal: a terminal that is made narrower shows nothing of the living
// line in the end, whether it folds long lines, as tmux does, or cuts them, as xterm
// does.
func TestNarrowerTerminal(t *testing.T) {
	const narrow = 30
	want := worked(narrow)
	t.Run("folds", func(t *testing.T) {
		// tmux, where it has room below, moves as many rows out at the top as lines
		// were folded into: the living line must not be among them.
		x := startTmux(t, 80, "sh", "-c", `trap : INT; seq 5; LC_ALL=C.UTF-8 "$1"; tmux wait-for -S ended; exec cat >/dev/null`, "sh", workingCommand(t).Path)
		x.waitFor("the living line", func(rows []string) bool { return len(rows) == 8 && strings.Contains(rows[6], "作業") })
		x.tmux("resize-window", "-x", fmt.Sprint(narrow))
		x.waitFor("the living line in one row", func(rows []string) bool { return len(rows) == 8 && strings.Contains(rows[6], "…") })
		x.tmux("send-keys", "C-c")
		x.waitFor("the next part", func(rows []string) bool { return strings.Contains(strings.Join(rows, ""), "… Clean up") })
		x.tmux("send-keys", "C-d")
		x.tmux("wait-for", "ended")
		x.wantScreen(narrow, "1\n2\n3\n4\n5\n"+want)
	})
	t.Run("cuts", func(t *testing.T) {
		p := onTerminal(t, 80, workingCommand(t))
		p.waitToShow("… Work on")
		p.resize(narrow)
		p.typed("\x03")
		p.waitToShow("… Clean up")
		p.typed("\x04")
		p.wantExit(exitInterrupted)
		p.wantScreen(want)
	})
}
