package sim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

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

// collectNodes writes the engine log and the state of each node to dir/NODE.
func collectNodes(ctx context.Context, nodes []*node, dir string) error {
	errs := make([]error, len(nodes))
	var group sync.WaitGroup
	for i, n := range nodes {
		group.Go(func() { errs[i] = n.collectState(ctx, filepath.Join(dir, n.name)) })
	}
	group.Wait()
	return errors.Join(errs...)
}

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
