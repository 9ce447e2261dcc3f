package sim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// KeepLogs has an Up that fails write the log of each node's engine to
// dir/NODE/engine.log, where Collect writes it, before it removes the nodes.
func (l *Lab) KeepLogs(dir string) { l.logs = dir }

// keepLogs is what KeepLogs is about, also if ctx has ended.
func (l *Lab) keepLogs(ctx context.Context) error {
	if l.logs == "" {
		return nil
	}
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), logTimeout)
	defer cancel()
	nodes, err := l.nodes(ctx)
	if errors.Is(err, harness.ErrNoNodes) {
		return nil
	}
	if err != nil {
		return err
	}
	return each(nodes, func(n *node) error { return n.writeLog(ctx, filepath.Join(l.logs, n.name)) })
}

// writeLog writes what the node's engine wrote to dir/engine.log.
func (n *node) writeLog(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	log, err := n.lab.log(ctx, n, "all")
	return errors.Join(err, os.WriteFile(filepath.Join(dir, "engine.log"), []byte(log), 0o644))
}

// lastLines is how many lines of a log are in an error.
const lastLines = "3"

// withLog adds the last lines of the log to the error of a node that does not come
// up. Of a node that is given up because another one failed, or because the user
// interrupted, they say nothing.
func (l *Lab) withLog(ctx context.Context, n *node, err error) error {
	if err == nil || errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), logTimeout)
	defer cancel()
	log, logErr := l.log(ctx, n, lastLines)
	if logErr != nil || log == "" {
		return err
	}
	return lang.Errorf("%w\nlast lines of %s: %s", err, n.name, trimLog(log))
}

// logTime is how an engine's log begins its lines.
var logTime = regexp.MustCompile(`(?m)^time="[^"]*" `)

// mostOfLine is how many characters of a line of a log are in an error.
const mostOfLine = 160

// trimLog shortens the lines of an engine's log.
func trimLog(log string) string {
	lines := strings.Split(logTime.ReplaceAllString(log, ""), "\n")
	for i, line := range lines {
		if r := []rune(line); len(r) > mostOfLine {
			lines[i] = string(r[:mostOfLine-1]) + "…"
		}
	}
	return strings.Join(lines, "\n")
}
