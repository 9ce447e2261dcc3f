package sim

import (
	"bytes"
	"context"
	"io"
	"sync"

	"labcheck/harness"
	"labcheck/sim/images"
)

// archive is an image as a stream that engines load, fetched once for all nodes.
type archive func() ([]byte, error)

// archives begins to fetch the images that nodes need, while the nodes start.
func (l *Lab) archives(ctx context.Context) map[images.Name]archive {
	all := map[images.Name]archive{}
	for _, name := range []images.Name{images.Consul, images.Swarm, images.Workload} {
		fetch := sync.OnceValues(func() ([]byte, error) {
			var b bytes.Buffer
			err := l.store.Archive(ctx, name, &b)
			return b.Bytes(), err
		})
		go fetch() //nolint:errcheck // whoever needs it gets the error
		all[name] = fetch
	}
	return all
}

// loadImages gives a node what the tutorial pulls. Only the manager runs Consul.
func (l *Lab) loadImages(ctx context.Context, n *node, archives map[images.Name]archive) error {
	wanted := []images.Name{images.Swarm, images.Workload}
	if n.name == l.topology.Manager.Name {
		wanted = append([]images.Name{images.Consul}, wanted...)
	}
	for _, name := range wanted {
		content, err := archives[name]()
		if err != nil {
			return harness.Errorf("fetch image %s: %w", "イメージ %s の取得: %w", name, err)
		}
		if err := load(ctx, n, name, content); err != nil {
			return harness.Errorf("load image %s into %s: %w", "イメージ %s の %s への読み込み: %w", name, n.name, err)
		}
	}
	if l.opts.Plain && n.name == l.topology.Manager.Name {
		if _, err := n.Exec(ctx, "sh", "-c", plainConsul); err != nil {
			return err
		}
	}
	l.progress(n.name, harness.Text{EN: "images loaded", JA: "イメージを読み込んだ"})
	return nil
}

// plainConsul gives Consul the timing that it has by default. Ours has the one
// that its documentation recommends for production.
const plainConsul = `printf 'FROM progrium/consul\nENV CONSUL_RAFT_MULTIPLIER=5\n' | docker build -q -t progrium/consul -`

func load(ctx context.Context, n *node, name images.Name, content []byte) error {
	engine, err := n.client()
	if err != nil {
		return err
	}
	defer engine.Close()
	answer, err := engine.ImageLoad(ctx, bytes.NewReader(content))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	// A failed load is told in the stream; what counts is that the image is there.
	for _, tag := range images.InNode(name) {
		if _, err := engine.ImageInspect(ctx, tag); err != nil {
			return harness.Errorf("%w (the engine said %q)", "%w(Engine の応答: %q)", err, said)
		}
	}
	return nil
}

var _ harness.Target = (*Lab)(nil)
