package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// walk is a person on the way through the page.
type walk struct {
	*session
	cluster  *engine.Cluster
	page     *tutorial.Page
	terminal *tutorial.Terminal
	out      io.Writer
	lines    <-chan string // what the person types; nil where nobody is asked

	heading lang.Text
	typed   []harness.Result
	made    []harness.Comparison
}

// errLeft is that the person has seen enough for now.
var errLeft = lang.Errorf("left")

func (w *walk) all(ctx context.Context) error {
	commands := w.page.Commands(w.cluster.Topology())
	from, err := w.resume(ctx, commands)
	if err != nil {
		return err
	}
	for _, c := range commands[from:] {
		if err := w.command(ctx, c); err != nil {
			return err
		}
	}
	return w.end(from)
}

// resume finds where on the page the lab is, and exports what was exported.
func (w *walk) resume(ctx context.Context, commands []tutorial.Command) (int, error) {
	from, err := w.page.Reached(ctx, w.cluster)
	if err != nil || from == 0 {
		return from, err
	}
	w.printf(w.lang.Say("This lab has the page behind it up to %s: on from there.", commands[from-1].Page))
	for _, c := range commands[:from] {
		if strings.HasPrefix(c.Text, "export ") {
			w.printf("%s$ %s", c.Host, c.Text)
			if _, err := w.terminal.Type(ctx, c.Text); err != nil {
				return from, err
			}
		}
	}
	return from, nil
}

// command shows a command, and runs it when the person wants that.
func (w *walk) command(ctx context.Context, c tutorial.Command) error {
	if !c.Heading.Equal(w.heading) {
		w.heading = c.Heading
		w.printf("\n%s", w.paint(text.Bold, c.Heading.In(w.lang)))
	}
	w.printf("\n%s  %s", c.Page, fold(c.Does.In(w.lang), len(c.Page)+2, w.width()))
	w.printf("\n%s$ %s", c.Host, w.paint(text.Bold, c.Text))
	if err := w.ask(ctx); err != nil {
		return err
	}
	r, err := w.terminal.Type(ctx, c.Text)
	if err != nil {
		return err
	}
	w.typed = append(w.typed, r)
	fmt.Fprint(w.out, c.Terminal(r))
	if r.ExitCode != 0 {
		return &hintError{
			lang.Errorf("the command ended with exit code %d", r.ExitCode),
			w.again("status"),
		}
	}
	if err := w.compareOutput(c, r); err != nil {
		return err
	}
	return c.Settle(ctx, w.cluster)
}

// ask waits for Enter. q, the end of what is typed and the end of ctx leave.
func (w *walk) ask(ctx context.Context) error {
	if w.lines == nil {
		return nil
	}
	fmt.Fprint(w.out, w.paint(text.Faint, w.lang.Say("  [Enter: run it   q: leave] ")))
	line, err := nextLine(ctx, w.lines)
	if errors.Is(err, io.EOF) || strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "q") {
		return errLeft
	}
	return err
}

// nextLine waits for a person's next line. At the end of what is typed it returns
// io.EOF, and the error of ctx when that ends.
func nextLine(ctx context.Context, lines <-chan string) (string, error) {
	select {
	case line, more := <-lines:
		if !more {
			return "", io.EOF
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// readLines reads a person's lines. Reading can't be ended: the goroutine ends
// with the process.
func readLines(in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

// leave says how to go on, and what came of it. The lab stays in any case.
func (w *walk) leave(ctx context.Context, err error) error {
	if ctx.Err() != nil && err != nil && !errors.Is(err, errFalse) {
		err = &exitError{exitInterrupted}
	}
	again := w.lang.Say("go on: labcheck tutorial%s%s   ", w.langFlag(), labFlag(w.lab))
	if err == nil || errors.Is(err, errFalse) {
		again = "" // that was all
	}
	if !w.quiet {
		fmt.Fprintln(w.err, w.lang.Say("\nThe lab stays.\n  %slook: labcheck status%[2]s   remove it: labcheck down%[2]s", again, labFlag(w.lab)))
	}
	if errors.Is(err, errLeft) {
		return nil
	}
	return err
}

func (w *walk) langFlag() string {
	if w.lang == lang.English {
		return ""
	}
	return " --lang " + string(w.lang)
}

// width is that of the text: longer lines than these are hard to read.
func (w *walk) width() int { return min(columns(w.out), 100) }

func (w *walk) printf(format string, args ...any) { fmt.Fprintf(w.out, format+"\n", args...) }

func (w *walk) paint(c text.Color, s string) string {
	if !w.color(w.out) {
		return s
	}
	return c.Sprint(s)
}
