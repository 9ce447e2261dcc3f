//go:build lab

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"labcheck/harness"
	"labcheck/harness/pace"
	"labcheck/harness/prereq"
	"labcheck/harness/subnettest"
)

// TestLabScripts are scripts on real labs, several at once. $LAB names the script's
// own lab and $ON its subnet, which is $SUBNET; $NET is the first three numbers of its
// addresses, and $ELSEWHERE another subnet.
func TestLabScripts(t *testing.T) {
	prereq.Program(t, "docker", "apt-get install docker-cli")
	p := params("testdata/lab")
	home, err := os.UserHomeDir() // labcheck keeps a cache there
	if err != nil {
		t.Fatal(err)
	}
	setUp := p.Setup
	p.Setup = func(e *testscript.Env) error {
		t := e.T().(labScript).T
		lab := "script-" + path.Base(t.Name())
		subnet := subnettest.ForLab(t, lab)
		removeLab(lab) // what an interrupted run has left
		t.Cleanup(func() {
			if t.Failed() {
				removeLab(lab)
			}
		})
		e.Setenv("HOME", home)
		e.Setenv("LAB", "--lab="+lab)
		e.Setenv("ON", "--subnet="+subnet.String())
		e.Setenv("SUBNET", subnet.String())
		e.Setenv("NET", strings.TrimSuffix(subnet.Addr().String(), ".0"))
		e.Setenv("ELSEWHERE", subnettest.Free(t).String())
		return setUp(e)
	}
	p.Cmds["interrupt"] = interrupt
	p.Cmds["under"] = under
	p.Cmds["smalldisk"] = smallDisk
	p.Cmds["dropforwarded"] = dropForwarded
	p.Cmds["network"] = makeNetwork
	p.Condition = func(name string) (bool, error) {
		switch name {
		case "root":
			return os.Geteuid() == 0, nil
		case "bridgefilter":
			on, err := os.ReadFile("/proc/sys/net/bridge/bridge-nf-call-iptables")
			return err == nil && string(on) == "1\n", nil
		}
		return false, fmt.Errorf("unknown condition %s", name)
	}
	testscript.RunT(labScript{t}, p)
}

// labScript is the test of a script.
type labScript struct{ *testing.T }

func (l labScript) Run(name string, f func(testscript.T)) {
	l.T.Run(name, func(t *testing.T) { f(labScript{t}) })
}

func (l labScript) Verbose() bool { return testing.Verbose() }

func removeLab(lab string) {
	run(context.Background(), []string{"down", "--quiet", "--lab", lab}, strings.NewReader(""), io.Discard, os.Stderr)
}

// interrupt WORDS COMMAND... runs a command, sends it SIGINT two seconds after
// its stderr has the words, and wants it to end with 130 within 10 s.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	r := start(ts, args[0], args[1:])
	time.Sleep(2 * time.Second) // into the middle of what follows
	ts.Check(r.cmd.Process.Signal(os.Interrupt))
	r.ends(ts, exitInterrupted, 10*time.Second)
	if !strings.Contains(r.err.String(), "interrupted") {
		ts.Fatalf("it did not say that it was interrupted:\n%s", r.err.String())
	}
}

// under CODE WORDS SCRIPT COMMAND... runs a command and, when its stderr has
// the words, a shell script; it then wants the command to end with the exit
// code within 40 s. What it wrote is in out.txt and err.txt.
func under(ts *testscript.TestScript, _ bool, args []string) {
	code, err := strconv.Atoi(args[0])
	ts.Check(err)
	r := start(ts, args[1], args[3:])
	ts.Check(r.script(args[2]).Run())
	r.ends(ts, code, 40*time.Second)
	ts.Check(os.WriteFile(ts.MkAbs("out.txt"), []byte(r.out.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err.txt"), []byte(r.err.String()), 0o600))
}

// running is a command that a script goes on beside.
type running struct {
	cmd      *exec.Cmd
	out, err lockedBuffer
}

// start runs a command until its stderr has the words. What runs after the script
// is killed.
func start(ts *testscript.TestScript, words string, argv []string) *running {
	r := &running{cmd: exec.Command("env", argv...)}
	r.place(ts, r.cmd)
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.err
	ts.Check(r.cmd.Start())
	ts.Defer(func() {
		_ = r.cmd.Process.Kill() // unless it has ended
		_ = r.cmd.Wait()
	})
	ctx, cancel := context.WithTimeout(context.Background(), pace.Limit(time.Minute))
	defer cancel()
	ts.Check(harness.Until(ctx, 50*time.Millisecond, func(context.Context) error {
		if said := r.err.String(); !strings.Contains(said, words) {
			return fmt.Errorf("it has not said %q:\n%s", words, said)
		}
		return nil
	}))
	return r
}

// place has a command run where the script is, with its PATH: testscript.Main
// has put labcheck there.
func (r *running) place(ts *testscript.TestScript, cmd *exec.Cmd) {
	cmd.Dir, cmd.Env = ts.MkAbs("."), append(os.Environ(), "PATH="+ts.Getenv("PATH"), "LC_ALL=C")
}

func (r *running) script(text string) *exec.Cmd {
	cmd := exec.Command("sh", "-ec", text)
	cmd.Dir, cmd.Env = r.cmd.Dir, r.cmd.Env
	return cmd
}

func (r *running) ends(ts *testscript.TestScript, code int, within time.Duration) {
	since := time.Now()
	var ended *exec.ExitError
	if err := r.cmd.Wait(); !errors.As(err, &ended) || ended.ExitCode() != code {
		ts.Fatalf("it ended with %v, not %d:\n%s", err, code, r.err.String())
	}
	if took := time.Since(since); took > pace.Limit(within) {
		ts.Fatalf("it took %s to end:\n%s", took, r.err.String())
	}
}

// smallDisk DIR SIZE mounts a file system of that size for the time of the
// script.
func smallDisk(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(exec.Command("mount", "-t", "tmpfs", "-o", "size="+args[1], "tmpfs", dir).Run())
	ts.Defer(func() { ts.Check(exec.Command("umount", dir).Run()) })
}

// dropForwarded SUBNET has this machine's packet filter drop, for the time of the
// script, what a bridge forwards within the subnet.
func dropForwarded(ts *testscript.TestScript, _ bool, args []string) {
	rule := "ip saddr " + args[0] + " ip daddr " + args[0] + " drop"
	remove, err := subnettest.AddRule(context.Background(), "labcheck-script", "forward", rule)
	ts.Check(err)
	ts.Defer(func() { ts.Check(remove()) })
}

// network NAME SUBNET makes a network of the engine for the time of the script.
func makeNetwork(ts *testscript.TestScript, _ bool, args []string) {
	remove := func() { _ = exec.Command("docker", "network", "rm", args[0]).Run() } // it may be gone
	remove()                                                                        // what an interrupted run has left
	ts.Check(ts.Exec("docker", "network", "create", "--subnet", args[1], "--label", "labcheck.test=script", args[0]))
	ts.Defer(remove)
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
