package sim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"time"

	"github.com/docker/cli/cli/context/docker"

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

// watched is what a watchdog is told first: what to remove, and where. The certificates
// and keys of an engine are for no command line.
type watched struct {
	Engine   docker.Endpoint
	Lab, Run string
}

// startWatchdog starts the watchdog of what this process makes of a lab. argv is its
// command line; without one no watchdog is started.
func startWatchdog(argv []string, engine *link, o labObjects) (*watchdog, error) {
	if len(argv) == 0 {
		return nil, nil
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = harness.OwnSession() // so that Ctrl-C reaches us and not it
	pipe, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, lang.Errorf("start the watchdog: %w", err)
	}
	w := &watchdog{pipe, cmd}
	w.tell(watched{engine.Endpoint, o.lab, o.run})
	return w, nil
}

// tell writes to the watchdog's standard input.
func (w *watchdog) tell(v any) {
	_ = json.NewEncoder(w.pipe).Encode(v) // it may have ended
}

// dismiss has the watchdog end and leave the lab as it is.
func (w *watchdog) dismiss() {
	if w == nil {
		return
	}
	w.tell(true)
	_ = w.pipe.Close()
	_ = w.cmd.Wait()
}

// Watch is what a watchdog does: it waits for its standard input to end and then, unless
// it was told to keep the lab, removes what the run made. Its input is what is watched,
// and true if the lab is to stay.
func Watch(ctx context.Context, input io.Reader) error {
	told := json.NewDecoder(input)
	var w watched
	if err := told.Decode(&w); err != nil {
		return lang.Errorf("the watchdog's engine: %w", err)
	}
	var keep bool
	if err := told.Decode(&keep); err == nil && keep {
		return nil
	}
	k, err := awaitReach(ctx, endpoint{Endpoint: w.Engine})
	if err != nil {
		return err
	}
	defer k.Close()
	defer harness.RemoveDeadSockets()
	return removeUntilQuiet(ctx, labObjects{engines: []*link{k}, lab: w.Lab, run: w.Run})
}

// awaitReach waits for an engine that does not answer: it may have been restarted,
// which ended the command.
func awaitReach(ctx context.Context, e endpoint) (k *link, err error) {
	ctx, cancel := context.WithTimeout(ctx, awayTimeout)
	defer cancel()
	err = harness.Until(ctx, 200*time.Millisecond, func(ctx context.Context) (err error) {
		k, err = openLink(ctx, e)
		return err
	})
	return k, err
}

// removeUntilQuiet removes what the run made until nothing of it comes up any more.
func removeUntilQuiet(ctx context.Context, o labObjects) error {
	ctx, cancel := context.WithTimeout(ctx, downTimeout)
	defer cancel()
	var last error
	for clean := time.Now(); time.Since(clean) < quietTime; {
		var removed int
		if removed, last = removeObjects(ctx, o.engine(), o.runFilter()); removed > 0 || last != nil {
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
