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

// collected are the commands whose output Collect writes, and the names of the files.
var collected = []struct {
	file string
	argv []string
}{
	{"info.txt", []string{"docker", "info"}},
	{"ps.txt", []string{"docker", "ps", "--all", "--no-trunc"}},
	{"networks.txt", []string{"docker", "network", "ls", "--no-trunc"}},
	{"inspect.json", []string{"sh", "-c", `docker ps --all --quiet | xargs --no-run-if-empty docker inspect`}},
}

// collectState writes the log of the node's engine and the output of the commands to
// files in dir.
func (n *node) collectState(ctx context.Context, dir string) error {
	errs := []error{n.saveLog(ctx, dir)}
	for _, c := range collected {
		r, err := n.Exec(ctx, c.argv...)
		if err != nil {
			errs = append(errs, lang.Errorf("collect %s: %w", c.file, err))
		}
		errs = append(errs, os.WriteFile(filepath.Join(dir, c.file), []byte(r.Stdout+r.Stderr), 0o644))
	}
	return errors.Join(errs...)
}

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

// saveLogs writes the log of each node's engine to dir/NODE/engine.log, also if ctx
// has ended; without a dir it does nothing.
func saveLogs(ctx context.Context, dir string, findNodes func(context.Context) ([]*node, error)) error {
	if dir == "" {
		return nil
	}
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), logTimeout)
	defer cancel()
	nodes, err := findNodes(ctx)
	if errors.Is(err, harness.ErrNoNodes) {
		return nil
	}
	if err != nil {
		return err
	}
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
