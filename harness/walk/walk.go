// Package walk leads a person through the page on a cluster: it explains each
// command, runs it as typed, and compares the answer with what the page shows.
package walk

import (
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

// ErrLeft reports that the person left before the page's end.
var ErrLeft = lang.Errorf("left")

// Options say on which cluster the page is walked through, and who walks.
type Options struct {
	Cluster *engine.Cluster
	Lang    lang.Language
	Out     io.Writer
	Width   int  // of Out, in columns
	Color   bool // Out may have colours
	// NextLine waits for a line that the person types, and returns io.EOF at the
	// end of the input. If it is nil nobody is asked.
	NextLine func(context.Context) (string, error)
	// Status is the command that shows the state of the cluster.
	Status string
}

// Result is what was run, and what came of it.
type Result struct {
	Commands    []harness.Result     `json:"commands"`
	Comparisons []harness.Comparison `json:"comparisons"`
	Wrong       []string             `json:"wrong"`
}

// walk is a person on the way through the page.
type walk struct {
	Options
	Result
	page     *tutorial.Page
	terminal *tutorial.Terminal
	heading  lang.Text
}

// Run goes through the page, from the first command that is not behind the
// cluster. The error is ErrLeft if the person left.
func Run(ctx context.Context, o Options) (Result, error) {
	manager := o.Cluster.Node(o.Cluster.Topology().Manager.Name)
	w := &walk{Options: o, page: tutorial.Default(), terminal: tutorial.NewTerminal(manager)}
	w.Comparisons = []harness.Comparison{}
	err := w.runCommands(ctx)
	return w.Result, err
}

func (w *walk) runCommands(ctx context.Context) error {
	commands := w.page.Commands(w.Cluster.Topology())
	from, err := w.resume(ctx, commands)
	if err != nil {
		return err
	}
	for _, c := range commands[from:] {
		if err := w.runCommand(ctx, c); err != nil {
			return err
		}
	}
	w.sumUp(from == 0)
	return nil
}

// resume finds how far the cluster has come on the page, and exports again what
// was exported on the way there.
func (w *walk) resume(ctx context.Context, commands []tutorial.Command) (int, error) {
	from, err := w.page.Reached(ctx, w.Cluster)
	if err != nil || from == 0 {
		return from, err
	}
	w.printf(w.Lang.Say("The page was performed on this lab up to %s; it continues from there.", commands[from-1].Page))
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

// runCommand explains a command, and runs it when the person wants that.
func (w *walk) runCommand(ctx context.Context, c tutorial.Command) error {
	if !c.Heading.Equal(w.heading) {
		w.heading = c.Heading
		w.printf("\n%s", w.paint(text.Bold, c.Heading.In(w.Lang)))
	}
	w.printf("\n%s  %s", c.Page, lang.Fold(c.Does.In(w.Lang), len(c.Page)+2, w.Width))
	w.printf("\n%s$ %s", c.Host, w.paint(text.Bold, c.Text))
	if err := w.waitForEnter(ctx); err != nil {
		return err
	}
	r, err := w.terminal.Type(ctx, c.Text)
	if err != nil {
		return err
	}
	w.Commands = append(w.Commands, r)
	fmt.Fprint(w.Out, c.Terminal(r))
	if r.ExitCode != 0 {
		return w.hintStatus(lang.Errorf("the command ended with exit code %d", r.ExitCode))
	}
	if err := w.compareOutput(c, r); err != nil {
		return err
	}
	return c.Settle(ctx, w.Cluster)
}

// waitForEnter asks the person to go on. The error is ErrLeft after q and at the
// end of the input.
func (w *walk) waitForEnter(ctx context.Context) error {
	if w.NextLine == nil {
		return nil
	}
	fmt.Fprint(w.Out, w.paint(text.Faint, w.Lang.Say("  [Enter: run it   q: leave] ")))
	line, err := w.NextLine(ctx)
	if errors.Is(err, io.EOF) || strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "q") {
		return ErrLeft
	}
	return err
}

// sumUp writes what came of the commands. Who went the whole way has also seen
// each known difference.
func (w *walk) sumUp(wholePage bool) {
	w.Wrong = []string{}
	for _, c := range w.Comparisons {
		for _, f := range c.FieldsWith(harness.FieldWrong) {
			w.Wrong = append(w.Wrong, c.Page+" "+f.Name)
		}
	}
	if wholePage {
		w.Wrong = append(w.Wrong, w.page.Unused(w.Comparisons, w.Lang)...)
	}
	w.printf("\n%s", w.Lang.Say("%d commands were run, %d outputs compared with the page's.",
		len(w.Commands), len(w.Comparisons)))
	for _, what := range w.Wrong {
		w.printf("  %s %s", w.paint(text.FgRed, "✗"), what)
	}
}

func (w *walk) hintStatus(err error) error { return harness.WithHint(err, lang.Verbatim(w.Status)) }

func (w *walk) printf(format string, args ...any) { fmt.Fprintf(w.Out, format+"\n", args...) }

func (w *walk) paint(c text.Color, s string) string {
	if !w.Color {
		return s
	}
	return c.Sprint(s)
}
