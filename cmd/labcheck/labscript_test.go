//go:build lab

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestLabScripts are scripts on real labs, one after another: they share a
// subnet.
func TestLabScripts(t *testing.T) {
	p := params("testdata/lab")
	p.Cmds["interrupt"] = interrupt
	testscript.RunT(oneByOne{t}, p)
}

// oneByOne runs scripts in the order of their names.
type oneByOne struct{ *testing.T }

func (o oneByOne) Run(name string, f func(testscript.T)) {
	o.T.Run(name, func(t *testing.T) { f(oneByOne{t}) })
}

func (o oneByOne) Parallel()     {}
func (o oneByOne) Verbose() bool { return testing.Verbose() }

// interrupt WORDS COMMAND... runs a command, sends it SIGINT two seconds after
// its stderr has the words, and wants it to end with 130 within 10 s.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	var said lockedBuffer
	// testscript.Main has put the command into the script's PATH.
	cmd := exec.Command("env", args[1:]...)
	cmd.Dir, cmd.Stderr, cmd.Env = ts.MkAbs("."), &said, append(os.Environ(), "PATH="+ts.Getenv("PATH"), "LC_ALL=C")
	ts.Check(cmd.Start())
	deadline := time.Now().Add(time.Minute)
	for !strings.Contains(said.String(), args[0]) && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(2 * time.Second) // into the middle of what follows
	ts.Check(cmd.Process.Signal(os.Interrupt))
	sent := time.Now()
	var ended *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &ended) || ended.ExitCode() != exitInterrupted {
		ts.Fatalf("it ended with %v, not %d:\n%s", err, exitInterrupted, said.String())
	}
	if took := time.Since(sent); took > 10*time.Second {
		ts.Fatalf("it took %s to end", took)
	}
	if !strings.Contains(said.String(), "interrupted") {
		ts.Fatalf("it did not say that it was interrupted:\n%s", said.String())
	}
}

// lockedBuffer can be read while a process writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
