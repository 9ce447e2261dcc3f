package ec2

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// collected is what each node is asked; the file's name, and the command. %s is
// where the engine listens.
var collected = []struct {
	file string
	argv []string
}{
	{"info.txt", []string{"docker", "-H", "%s", "info"}},
	{"ps.txt", []string{"docker", "-H", "%s", "ps", "--all", "--no-trunc"}},
	{"networks.txt", []string{"docker", "-H", "%s", "network", "ls", "--no-trunc"}},
	{"engine.log", engineLog(2000)},
}

// Collect writes what each node's own docker CLI and journal say into a folder
// of dir with the node's name.
func (t *Target) Collect(ctx context.Context, dir string) error {
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return err
	}
	return errors.Join(harness.DoAll(t.topology.Hosts(), 0, func(i int, h harness.Host) error {
		return collect(ctx, nodes[i], h, filepath.Join(dir, h.Name))
	})...)
}

func collect(ctx context.Context, n harness.Node, h harness.Host, dir string) error {
	var errs []error
	for _, c := range collected {
		argv := append([]string{}, c.argv...)
		if argv[1] == "-H" {
			argv[2] = fmt.Sprintf("tcp://%s", h.Engine())
		}
		r, err := n.Exec(ctx, argv...)
		if errors.As(err, new(*harness.UnreachableError)) {
			return err // the next one would fail as well
		}
		if err != nil {
			errs = append(errs, lang.Errorf("collect %s: %w", c.file, err))
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		errs = append(errs, os.WriteFile(filepath.Join(dir, c.file), []byte(r.Stdout+r.Stderr), 0o644))
	}
	return errors.Join(errs...)
}
