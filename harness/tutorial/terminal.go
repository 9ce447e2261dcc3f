package tutorial

import (
	"context"
	"errors"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Terminal is a reader's session on a host: what is exported stays so for the
// commands that follow.
type Terminal struct {
	node    harness.Node
	exports []string
}

// NewTerminal opens a session on a host.
func NewTerminal(node harness.Node) *Terminal { return &Terminal{node: node} }

// Host returns the name of the host that the session is on.
func (t *Terminal) Host() string { return t.node.Name() }

// Type runs a line as a reader types it, by a shell of the host. That the
// command fails is no error: its result says so.
func (t *Terminal) Type(ctx context.Context, line string) (harness.Result, error) {
	script := line
	if len(t.exports) > 0 && !slices.Contains(t.exports, line) {
		script = strings.Join(t.exports, "\n") + "\n" + line
	}
	res, err := t.node.Exec(ctx, "sh", "-c", script)
	var ran *harness.RunError
	switch {
	case errors.As(err, &ran):
		return ran.Result, nil
	case err != nil:
		return res, lang.Errorf("type %q on %s: %w", line, t.Host(), err)
	}
	if strings.HasPrefix(line, "export ") && !slices.Contains(t.exports, line) {
		t.exports = append(t.exports, line)
	}
	return res, nil
}
