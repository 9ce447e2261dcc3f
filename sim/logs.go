package sim

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// EngineLog returns the last lines of what the node's engine wrote, also if the node
// does not run.
func (n *node) EngineLog(ctx context.Context, lines int) (string, error) {
	return n.readLog(ctx, strconv.Itoa(lines))
}

// readLog returns as many of the last lines of the engine's log, or all.
func (n *node) readLog(ctx context.Context, lines string) (string, error) {
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: lines}
	stream, err := n.engine.ContainerLogs(ctx, n.id, options)
	if err != nil {
		return "", lang.Errorf("log of %s: %w", n.name, err)
	}
	defer stream.Close()
	var b bytes.Buffer
	if _, err := stdcopy.StdCopy(&b, &b, stream); err != nil {
		return "", lang.Errorf("log of %s: %w", n.name, err)
	}
	return strings.TrimSpace(b.String()), nil
}

// saveNodeLogs writes the log of each node's engine to dir/NODE/engine.log.
func saveNodeLogs(ctx context.Context, nodes []*node, dir string) error {
	return inParallel(nodes, func(n *node) error { return n.saveLog(ctx, filepath.Join(dir, n.name)) })
}

// saveLog writes the log of the node's engine to dir/engine.log.
func (n *node) saveLog(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	log, err := n.readLog(ctx, "all")
	return errors.Join(err, os.WriteFile(filepath.Join(dir, "engine.log"), []byte(log), 0o644))
}

// errorLines is how many lines of a log an error has.
const errorLines = "3"

// withLog adds the last lines of the engine's log to the error of a node that does
// not come up. It leaves them out if the node was given up because another one
// failed, or because the user interrupted: they say nothing then.
func (n *node) withLog(ctx context.Context, err error) error {
	if err == nil || errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), logTimeout)
	defer cancel()
	log, logErr := n.readLog(ctx, errorLines)
	if logErr != nil || log == "" {
		return err
	}
	return lang.Errorf("%w\nlast lines of %s: %s", err, n.name, trimLog(log))
}

// logTime is how an engine's log begins its lines.
var logTime = regexp.MustCompile(`(?m)^time="[^"]*" `)

// maxLineLength is how many characters of a line of a log an error has.
const maxLineLength = 160

// trimLog shortens the lines of an engine's log.
func trimLog(log string) string {
	lines := strings.Split(logTime.ReplaceAllString(log, ""), "\n")
	for i, line := range lines {
		if r := []rune(line); len(r) > maxLineLength {
			lines[i] = string(r[:maxLineLength-1]) + "…"
		}
	}
	return strings.Join(lines, "\n")
}
