package suite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// NodesFolder returns where evidence in dir has what the nodes say of themselves.
func NodesFolder(dir string) string { return filepath.Join(dir, "nodes") }

// Gather adds to the evidence in dir what the nodes and Consul say of themselves.
// What does not answer leaves a note in its place: that is evidence too. Open
// connects to the target.
func Gather(
	ctx context.Context, dir string, t harness.Target, l lang.Language,
	open func(context.Context) (*engine.Cluster, error),
) error {
	lost := t.Collect(ctx, NodesFolder(dir))
	if errors.Is(lost, harness.ErrNoNodes) {
		return nil
	}
	keys, err := consulKeys(ctx, open)
	if err != nil {
		keys = []string{l.Error(err)}
	}
	if err := writeLines(filepath.Join(dir, "consul-keys.txt"), keys...); err != nil || lost == nil {
		return err
	}
	return writeLines(filepath.Join(dir, "not-collected.txt"), l.Error(lost))
}

func consulKeys(ctx context.Context, open func(context.Context) (*engine.Cluster, error)) ([]string, error) {
	cluster, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer cluster.Close()
	return cluster.Consul().Keys(ctx, "")
}

func writeLines(file string, lines ...string) error {
	text := ""
	if len(lines) > 0 {
		text = strings.Join(lines, "\n") + "\n"
	}
	return os.WriteFile(file, []byte(text), 0o644)
}
