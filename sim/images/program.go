package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// endTimeout is how long a program may clean up after it was told to end.
const endTimeout = 10 * time.Second

// program is one that runs on this machine. It ends with its context.
type program struct {
	name   string
	cmd    *exec.Cmd
	cancel context.CancelFunc
	leash  *leash
	said   *tail
	out    io.ReadCloser // its standard output, where it was started by stream
	err    error         // how it ended
	once   sync.Once
}

// newProgram has its stderr kept, and told line by line.
func newProgram(ctx context.Context, tell func(string), argv ...string) *program {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	p := &program{name: filepath.Base(argv[0]), cmd: cmd, cancel: cancel, said: &tail{tell: tell}}
	cmd.Cancel = func() error { return p.leash.pull(cmd) }
	cmd.WaitDelay = endTimeout
	cmd.Stderr = p.said
	return p
}

// newMounter is newProgram of one that mounts what it may not come to unmount:
// where that is possible it does so in a mount namespace of its own, which ends
// with it.
func newMounter(ctx context.Context, tell func(string), argv ...string) *program {
	own := []string{"unshare", "--mount"}
	if exec.CommandContext(ctx, own[0], own[1], "true").Run() != nil {
		return newProgram(ctx, tell, argv...)
	}
	p := newProgram(ctx, tell, append(own, argv...)...)
	p.name = filepath.Base(argv[0])
	return p
}

// run runs it to its end.
func (p *program) run() error {
	if err := p.start(); err != nil {
		return err
	}
	return p.wait()
}

func (p *program) start() (err error) {
	if p.leash, err = newLeash(); err != nil {
		p.cancel()
		return err
	}
	p.leash.hold(p.cmd)
	if err := p.cmd.Start(); err != nil {
		p.cancel()
		p.leash.drop()
		return err
	}
	return nil
}

// stream starts it; Read then gives its standard output.
func (p *program) stream() error {
	var err error
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		return err
	}
	return p.start()
}

// Read ends with io.EOF only where the program has succeeded: half a root file
// system looks like a whole one.
func (p *program) Read(b []byte) (int, error) {
	n, err := p.out.Read(b)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if failed := p.wait(); failed != nil {
		return n, failed
	}
	return n, io.EOF
}

// stop ends what stream has started, unless it has ended. While it writes what
// nobody reads any more it does not end by being told.
func (p *program) stop() {
	p.cancel()
	_ = p.out.Close()
	_ = p.wait() // what it says then is not the cause
}

func (p *program) wait() error {
	p.once.Do(func() {
		if err := p.cmd.Wait(); err != nil {
			p.err = fmt.Errorf("%s: %w%s", p.name, err, p.said)
		}
		p.cancel()
		p.leash.drop()
	})
	return p.err
}

// tail keeps the last lines that are written to it.
type tail struct {
	mu    sync.Mutex
	tell  func(string)
	part  []byte
	lines []string
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.part = append(t.part, p...)
	for {
		line, rest, found := bytes.Cut(t.part, []byte("\n"))
		if !found {
			return len(p), nil
		}
		t.part = rest
		t.keep(string(line))
	}
}

func (t *tail) keep(line string) {
	line = strings.TrimRight(line[strings.LastIndexByte(line, '\r')+1:], " ")
	if line == "" {
		return
	}
	t.tell(line)
	if t.lines = append(t.lines, line); len(t.lines) > keptLines {
		t.lines = t.lines[1:]
	}
}

// String is the lines, each on a line of its own and indented.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var s strings.Builder
	for _, line := range append(t.lines, string(t.part)) {
		if line != "" {
			s.WriteString("\n    " + line)
		}
	}
	return s.String()
}
