package steps

import (
	"context"
	"strings"

	"github.com/cucumber/godog"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// readersTerminal opens the reader's terminal. It lasts for the whole run, as the
// reader's does.
func (w *World) readersTerminal(host string) error {
	if w.terminal != nil && w.terminal.Host() == host {
		return nil
	}
	node := w.cluster.Node(host)
	if node == nil {
		return lang.Errorf("the topology has no host %s", host)
	}
	w.terminal, w.last = tutorial.NewTerminal(node), harness.Result{}
	return nil
}

// readerTypes runs lines as a reader types them, each by a shell of the host.
func (w *World) readerTypes(ctx context.Context, lines *godog.DocString) error {
	if w.terminal == nil {
		return lang.Errorf("there is no terminal yet")
	}
	for _, line := range typed(lines.Content) {
		if err := w.typeLine(ctx, line); err != nil {
			return err
		}
	}
	return nil
}

// typed gives the commands of a doc string, one a line.
func typed(content string) []string {
	var all []string
	for _, line := range strings.Split(content, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// typeLine types a line that is written as the page prints it.
func (w *World) typeLine(ctx context.Context, printed string) error {
	line := w.here(printed)
	command, at := w.upcoming(printed)
	if at >= 0 {
		line = command.Text
	}
	res, err := w.terminal.Type(ctx, line)
	if err != nil {
		return err
	}
	w.record(res)
	w.last = res
	if at >= 0 {
		w.beside.next = at + 1
	}
	if res.ExitCode != 0 {
		return w.mismatch(line, w.exitCode(0), w.exitCode(res.ExitCode)+": "+strings.TrimSpace(res.Stderr+res.Stdout))
	}
	return nil
}

func (w *World) exitCode(code int) string {
	return w.lang.Say("exit code %d", code)
}

// shown is what the terminal shows last.
func (w *World) shown() (string, error) {
	if w.last.Argv == nil {
		return "", lang.Errorf("nothing was typed yet")
	}
	return w.last.Stdout, nil
}
