package steps

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"labcheck/harness"
)

// terminal is the reader's session on a host. It lasts for the whole run, as
// the reader's does: what is exported stays so for the commands that follow.
type terminal struct {
	node    harness.Node
	exports []string
	last    harness.Result
}

func (w *World) readersTerminal(host string) error {
	if w.terminal != nil && w.terminal.node.Name() == host {
		return nil
	}
	node := w.cluster.Node(host)
	if node == nil {
		return harness.Errorf("the topology has no host %s", "トポロジにホスト %s がない", host)
	}
	w.terminal = &terminal{node: node}
	return nil
}

// readerTypes runs lines as a reader types them, each by a shell of the host.
func (w *World) readerTypes(ctx context.Context, lines *godog.DocString) error {
	if w.terminal == nil {
		return harness.Errorf("there is no terminal yet", "ターミナルがまだない")
	}
	for _, line := range typed(w.here(lines.Content)) {
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

func (w *World) typeLine(ctx context.Context, line string) error {
	t := w.terminal
	script := line
	if len(t.exports) > 0 && !slices.Contains(t.exports, line) {
		script = strings.Join(t.exports, "\n") + "\n" + line
	}
	res, err := t.node.Exec(ctx, "sh", "-c", script)
	var ran *harness.RunError
	if err != nil && !errors.As(err, &ran) {
		return harness.Errorf("type %q on %s: %w", "入力 %q(%s): %w", line, t.node.Name(), err)
	}
	if ran != nil {
		res = ran.Result
	}
	w.record(res)
	t.last = res
	if res.ExitCode != 0 {
		return w.mismatch(line, w.exitCode(0), w.exitCode(res.ExitCode)+": "+strings.TrimSpace(res.Stderr+res.Stdout))
	}
	if strings.HasPrefix(line, "export ") && !slices.Contains(t.exports, line) {
		t.exports = append(t.exports, line)
	}
	return nil
}

func (w *World) exitCode(code int) string {
	return w.lang.Say("exit code %d", "終了コード %d", code)
}

// shown is what the terminal shows last.
func (w *World) shown() (string, error) {
	if w.terminal == nil || w.terminal.last.Argv == nil {
		return "", harness.Errorf("nothing was typed yet", "まだ何も入力されていない")
	}
	return w.terminal.last.Stdout, nil
}
