//go:build unix

package images

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/pace"
)

// A program that makes images, and what it has started, end with a labcheck that
// is killed.
func TestLeashOfTheKilled(t *testing.T) {
	child := exec.Command(os.Args[0], "-test.run=^TestLeashChild$")
	child.Env = append(os.Environ(), "LABCHECK_TEST_LEASH=1")
	out, err := child.StdoutPipe()
	if err := errors.Join(err, child.Start()); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	pids := strings.Fields(line)
	if err := errors.Join(err, child.Process.Kill()); err != nil || len(pids) != 2 {
		t.Fatalf("the child said %q, %v", line, err)
	}
	_ = child.Wait() // it was killed
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(5*time.Second))
	defer cancel()
	for _, text := range pids {
		pid, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		err = harness.Until(ctx, 20*time.Millisecond, func(context.Context) error {
			if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
				return errors.New("it runs")
			}
			return nil
		})
		if err != nil {
			t.Errorf("process %d: %v", pid, err)
		}
	}
}

// TestLeashChild is the labcheck that TestLeashOfTheKilled kills.
func TestLeashChild(t *testing.T) {
	if os.Getenv("LABCHECK_TEST_LEASH") == "" {
		t.Skip("it is run by TestLeashOfTheKilled")
	}
	p := newProgram(t.Context(), func(string) {}, "sh", "-c", "sleep 100 & echo $$ $!; wait")
	p.cmd.Stdout = os.Stdout
	t.Error(p.run())
}

// TestStopWhileItWrites ends a program that does not end by being told, because
// it writes what nobody reads.
func TestStopWhileItWrites(t *testing.T) {
	p := newProgram(t.Context(), func(string) {}, "sh", "-c", "trap '' TERM; yes")
	if err := p.stream(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	p.stop()
	pace.Within(t, "its end", time.Since(begin), endTimeout/2)
}
