package sim

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"labcheck/harness/lang"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
	"golang.org/x/sync/errgroup"
)

// collected is what each node is asked; the file's name, and the command.
var collected = []struct {
	file string
	argv []string
}{
	{"info.txt", []string{"docker", "info"}},
	{"ps.txt", []string{"docker", "ps", "--all", "--no-trunc"}},
	{"networks.txt", []string{"docker", "network", "ls", "--no-trunc"}},
	{"inspect.json", []string{"sh", "-c", `docker ps --all --quiet | xargs --no-run-if-empty docker inspect`}},
}

// Collect writes the engine log and the state of each node into a folder of
// dir with the node's name.
func (l *Lab) Collect(ctx context.Context, dir string) error {
	nodes, err := l.nodes(ctx)
	if err != nil {
		return err
	}
	errs := make([]error, len(nodes))
	var group errgroup.Group
	for i, n := range nodes {
		group.Go(func() error {
			errs[i] = n.collect(ctx, filepath.Join(dir, n.name))
			return nil
		})
	}
	_ = group.Wait()
	return errors.Join(errs...)
}

func (n *node) collect(ctx context.Context, dir string) error {
	errs := []error{n.writeLog(ctx, dir)}
	for _, c := range collected {
		r, err := n.Exec(ctx, c.argv...)
		if err != nil {
			errs = append(errs, lang.Errorf("collect %s: %w", c.file, err))
		}
		errs = append(errs, os.WriteFile(filepath.Join(dir, c.file), []byte(r.Stdout+r.Stderr), 0o644))
	}
	return errors.Join(errs...)
}

// log is the end of what the node's engine wrote.
func (l *Lab) log(ctx context.Context, n *node, lines string) (string, error) {
	stream, err := l.engine.ContainerLogs(ctx, n.id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: lines})
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

// EngineLog is the end of what the node's engine wrote, also where the node
// does not run.
func (n *node) EngineLog(ctx context.Context, lines int) (string, error) {
	return n.lab.log(ctx, n, strconv.Itoa(lines))
}
