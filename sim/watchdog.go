package sim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

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

// keepWord has the watchdog keep the lab.
const keepWord = "keep\n"

// startWatchdog starts the watchdog of what this process makes of a lab. argv is its
// command line; without one no watchdog is started.
func startWatchdog(argv []string, engine *link, o labObjects) (*watchdog, error) {
	if len(argv) == 0 {
		return nil, nil
	}
	cmd := exec.Command(argv[0], append(slices.Clone(argv[1:]), engine.Host, o.lab, o.run)...)
	cmd.SysProcAttr = harness.OwnSession() // so that Ctrl-C reaches us and not it
	pipe, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, lang.Errorf("start the watchdog: %w", err)
	}
	// Certificates and keys are for no command line. If the watchdog has ended it
	// needs none.
	_ = json.NewEncoder(pipe).Encode(engine.Endpoint)
	return &watchdog{pipe, cmd}, nil
}

// dismiss has the watchdog end and leave the lab as it is.
func (w *watchdog) dismiss() {
	if w == nil {
		return
	}
	_, _ = io.WriteString(w.pipe, keepWord) // it may have ended
	_ = w.pipe.Close()
	_ = w.cmd.Wait()
}

// Watch is what a watchdog does: it waits for standard input to end and then,
// unless it was told to keep the lab, removes what the run made. argv are the
// engine's address, the lab's name and the run. The first line of standard input is
// the endpoint of the engine; keepWord may follow.
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
	k, err := awaitReach(ctx, e)
	if err != nil {
		return err
	}
	defer k.Close()
	defer harness.RemoveDeadSockets()
	return removeUntilQuiet(ctx, labObjects{engines: []*link{k}, lab: argv[1], run: argv[2]})
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
