package sim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// watchdog is a process of its own that removes what this process made of a
// lab, should this process end without saying that the lab is to stay. A pipe
// from us is its standard input: the kernel closes it however we end.
type watchdog struct {
	pipe io.WriteCloser
	cmd  *exec.Cmd
}

// keepWord tells the watchdog that the lab is to stay.
const keepWord = "keep\n"

// guard starts the watchdog, once.
func (l *Lab) guard() error {
	if len(l.opts.Watchdog) == 0 || l.watchdog != nil {
		return nil
	}
	argv := append(append([]string{}, l.opts.Watchdog...), l.link.Host, l.name, l.run)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = ownSession() // so that Ctrl-C reaches us and not it
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return lang.Errorf("start the watchdog: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return lang.Errorf("start the watchdog: %w", err)
	}
	l.watchdog = &watchdog{pipe, cmd}
	// Certificates and keys are for no command line. If the watchdog is gone
	// there is nobody to be told.
	_ = json.NewEncoder(pipe).Encode(l.link.Endpoint)
	return nil
}

// Keep says that the lab is to outlive this process.
func (l *Lab) Keep() {
	if l.watchdog == nil {
		return
	}
	// Where the watchdog is not there any more there is nobody to be told.
	_, _ = io.WriteString(l.watchdog.pipe, keepWord)
	_ = l.watchdog.pipe.Close()
	_ = l.watchdog.cmd.Wait()
	l.watchdog = nil
}

// Watch is the watchdog's whole life: it waits for standard input to end and
// then, unless it was told to keep the lab, removes what the run made. argv are
// the engine's address, the lab's name and the run. The first line of standard
// input tells what else it takes to reach the engine; later words are to the
// watchdog.
func Watch(ctx context.Context, in io.Reader, argv []string) error {
	if len(argv) != 3 {
		return errors.New("the watchdog needs an engine, a lab and a run")
	}
	said, err := io.ReadAll(in)
	first, word, _ := strings.Cut(string(said), "\n")
	if err == nil && word == keepWord {
		return nil
	}
	e := endpointAt(argv[0])
	if first != "" {
		if err := json.Unmarshal([]byte(first), &e.Endpoint); err != nil {
			return lang.Errorf("the watchdog's engine: %w", err)
		}
	}
	link, err := reachAgain(ctx, e)
	if err != nil {
		return err
	}
	defer link.Close()
	defer sweepSockets()
	l := &Lab{name: argv[1], run: argv[2], link: link, engine: link.client}
	return l.sweepAll(ctx)
}

// reachAgain waits for an engine that does not answer: what ended the command
// may have been that the engine was restarted.
func reachAgain(ctx context.Context, e endpoint) (k *link, err error) {
	ctx, cancel := context.WithTimeout(ctx, awayTimeout)
	defer cancel()
	err = harness.Until(ctx, 200*time.Millisecond, func(ctx context.Context) (err error) {
		k, err = reach(ctx, e)
		return err
	})
	return k, err
}

// sweepAll removes what the run made until nothing of it comes up any more.
func (l *Lab) sweepAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, downTimeout)
	defer cancel()
	var last error
	for clean := time.Now(); time.Since(clean) < quiet; {
		left, err := l.count(ctx, l.filterRun())
		if last = errors.Join(l.sweep(ctx, l.filterRun()), err); left > 0 || last != nil {
			clean = time.Now()
		}
		select {
		case <-ctx.Done():
			return errors.Join(last, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// count is how many objects f matches.
func (l *Lab) count(ctx context.Context, f filters.Args) (int, error) {
	containers, err := l.engine.ContainerList(ctx, container.ListOptions{All: true, Filters: f})
	if err != nil {
		return 0, err
	}
	volumes, err := l.engine.VolumeList(ctx, volume.ListOptions{Filters: f})
	if err != nil {
		return 0, err
	}
	networks, err := l.engine.NetworkList(ctx, network.ListOptions{Filters: f})
	return len(containers) + len(volumes.Volumes) + len(networks), err
}
