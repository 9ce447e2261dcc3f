package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"labcheck/harness/lang"
	"labcheck/harness/pace"
	"labcheck/harness/terminal"
)

// openScreen returns a screen whose streams are all a terminal's. Ctrl-C does not
// reach a test: interrupt is what it would do.
func openScreen(t *testing.T, width int) (c *console, a *app, interrupt func()) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "")
	c, tty := openConsole(t, width)
	ctx, interrupt := context.WithCancel(t.Context())
	return c, newApp(terminal.New(ctx, tty, tty, tty)), interrupt
}

// TestLivingLine: what is written while a living line is there stands above it, and
// it leaves nothing behind.
func TestLivingLine(t *testing.T) {
	for _, width := range widths {
		for what, line := range map[string]string{
			"short":        "  … part",
			"wide":         strings.Repeat("幅の広い", 30),
			"just wide":    strings.Repeat("x", width),
			"more lines":   "two\nlines\r\tand\x1b[5Ba move",
			"long":         strings.Repeat("long ", 60),
			"odd and wide": "x" + strings.Repeat("あ", width),
		} {
			t.Run(fmt.Sprint(width, what), func(t *testing.T) {
				c, a, _ := openScreen(t, width)
				exact := strings.Repeat("=", width)
				for _, text := range []string{"one\n", exact + "\n", "two\nthree\n", "四つ目の行\n"} {
					a.screen.SetLivingLine(line)
					fmt.Fprint(a.out, text)
					a.screen.SetLivingLine(line)
					fmt.Fprint(a.err, text)
				}
				a.screen.SetLivingLine("")
				fmt.Fprintln(a.out, "end")
				c.waitToEndWith("end")
				c.wantScreen("one\none\n" + exact + "\n" + exact + "\ntwo\nthree\ntwo\nthree\n四つ目の行\n四つ目の行\nend\n")
			})
		}
	}
}

// TestLivingLineIsOneRow: while it lives it is the last row, and no more than one.
func TestLivingLineIsOneRow(t *testing.T) {
	for _, width := range widths {
		c, a, _ := openScreen(t, width)
		fmt.Fprintln(a.out, "above")
		a.screen.SetLivingLine(strings.Repeat("あ\n", 150))
		a.screen.SetLivingLine(strings.Repeat("い\n", 150))
		c.waitToShow("い い")
		if rows := c.shown(); len(rows) != 3 || rows[2] != "cursor: row 1, column 0" || strings.Contains(rows[1], "あ") {
			t.Errorf("at %d columns: %q", width, rows)
		}
	}
}

// TestErrorsEndTheLivingLine: what went wrong is told on lines of its own, also if
// a part has not ended.
func TestErrorsEndTheLivingLine(t *testing.T) {
	for _, width := range widths {
		c, a, _ := openScreen(t, width)
		p := newProgress(a)
		p.BeginPart("a part that nobody ends")
		c.waitToShow("… a part")
		code := a.finish(t.Context(), hinted(lang.Errorf("it failed: %s", "why"), "labcheck doctor"))
		p.Close()
		if code != exitUnreachable {
			t.Errorf("exit code %d", code)
		}
		c.waitToShow("try: labcheck doctor")
		c.wantScreen("labcheck: it failed: why\n   try: labcheck doctor\n")
	}
}

// TestStreamsDoNotShareLines: a stream ends the line of the other one, and its own
// after Ctrl-C.
func TestStreamsDoNotShareLines(t *testing.T) {
	c, a, interrupt := openScreen(t, 60)
	fmt.Fprint(a.out, "out, ")
	fmt.Fprint(a.out, "not ended")
	a.screen.SetLivingLine("not to be drawn into a line")
	fmt.Fprint(a.err, "err")
	fmt.Fprint(a.err, " ends\n")
	a.screen.SetLivingLine("")
	fmt.Fprint(a.err, "question? ")
	c.typed("\x03")
	c.waitToShow("question? ^C")
	interrupt()
	waitForEcho(t, a.screen)
	fmt.Fprint(a.err, "interrupted\n")
	c.typed("\x03")
	c.waitToShow("\n^C")
	a.screen.NoteInterrupt()
	fmt.Fprint(a.err, "again\n")
	c.waitToShow("again")
	c.wantScreen("out, not ended\nerr ends\nquestion? ^C\ninterrupted\nagain\n")
}

// waitForEcho waits until the screen knows of Ctrl-C.
func waitForEcho(t *testing.T, s *terminal.Screen) {
	deadline := time.Now().Add(pace.Limit(10 * time.Second))
	for known := false; !known; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("the screen was not told of Ctrl-C")
			return
		}
		known = s.HasInterrupt()
	}
}

// TestQuestionOnTerminal: whatever a person answers, what follows is on a line of
// its own, and the living line is not drawn over the question.
func TestQuestionOnTerminal(t *testing.T) {
	for _, width := range widths {
		for keys, want := range map[string]struct {
			agreed bool
			err    error
			shown  string
		}{
			"y\r":  {true, nil, "y"},
			"n\r":  {false, nil, "n"},
			"\r":   {false, nil, ""},
			"\x04": {false, nil, ""},
			"\x03": {false, context.Canceled, "^C"},
		} {
			t.Run(fmt.Sprintf("%d %q", width, keys), func(t *testing.T) {
				c, a, interrupt := openScreen(t, width)
				ctx, cancel := context.WithCancel(t.Context())
				s := &session{app: a, progress: newProgress(a)}
				defer s.progress.Close()
				s.progress.BeginPart("a part")
				c.waitToShow("… a part")
				go func() {
					c.waitToShow("Go on? [y/N]")
					c.typed(keys)
					if keys == "\x03" {
						c.waitToShow("^C")
						interrupt()
						waitForEcho(t, a.screen)
						cancel()
					}
				}()
				agreed, err := s.confirm(ctx, false, "Go on?", "")
				cancel()
				if agreed != want.agreed || !errors.Is(err, want.err) {
					t.Errorf("agreed %v, %v", agreed, err)
				}
				s.progress.PrintLine("next")
				s.progress.Close()
				fmt.Fprintln(a.out, "end")
				c.waitToEndWith("end")
				c.wantScreen("Go on? [y/N] " + want.shown + "\nnext\nend\n")
			})
		}
	}
}

// TestOutputElsewhere: what goes into a pipe may come back to the terminal, where
// the living line must not be then.
func TestOutputElsewhere(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	c, tty := openConsole(t, 80)
	s := terminal.New(t.Context(), tty, io.Discard, tty)
	s.SetLivingLine("  … a part whose line is longer than the output")
	c.waitToShow("longer than the output")
	fmt.Fprintln(s.Out, "into the pipe")
	fmt.Fprint(tty, "out of the pipe\n")
	c.waitToShow("out of")
	c.wantScreen("out of the pipe\n")
}

// TestOutputShowsControls holds that what a cluster says can't move the cursor: not on
// a terminal, where colours stay, and not in a file, where they go.
func TestOutputShowsControls(t *testing.T) {
	const hostile = "a \x1b[2J\x1b]0;title\x07\u009b5A\rb \x1b[31mred\x1b[0m\n"
	t.Run("terminal", func(t *testing.T) {
		c, a, _ := openScreen(t, 80)
		fmt.Fprint(a.out, hostile+"end\n")
		c.waitToEndWith("end")
		c.wantScreen(`a \x1b[2J\x1b]0;title\x07\u009b5A\x0db red` + "\nend\n")
	})
	t.Run("file", func(t *testing.T) {
		var out, err strings.Builder
		a := newApp(terminal.New(t.Context(), strings.NewReader(""), &out, &err))
		fmt.Fprint(a.out, hostile)
		fmt.Fprint(a.err, hostile)
		want := `a \x1b[2J\x1b]0;title\x07\u009b5A\x0db \x1b[31mred\x1b[0m` + "\n"
		if out.String() != want || err.String() != want {
			t.Errorf("stdout %q, stderr %q, want %q", out.String(), err.String(), want)
		}
		out.Reset()
		fmt.Fprint(a.screen.Out.Raw(), hostile)
		if out.String() != hostile {
			t.Errorf("Raw wrote %q, want %q", out.String(), hostile)
		}
	})
}
