package subnettest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestTryHold checks that only one process can take a lock, and that the lock is
// free after its process was killed.
func TestTryHold(t *testing.T) {
	what := fmt.Sprintf("test of %d", os.Getpid())
	end := startHolder(t, what)
	if err := tryHold(t, what); err == nil {
		t.Error("two processes have the same lock")
	}
	if err := tryHold(t, what+" besides"); err != nil {
		t.Errorf("another lock: %v", err)
	}
	end()
	if err := tryHold(t, what); err != nil {
		t.Errorf("after the other process was killed: %v", err)
	}
}

// startHolder starts a process that takes a lock, and returns a function that
// kills the process.
func startHolder(t *testing.T, what string) (kill func()) {
	t.Helper()
	return startChild(t, "SUBNETTEST_HOLD="+what)
}

// startChild runs TestHoldingChild with an environment variable in another process, waits
// until it holds what that names, and returns a function that kills the process.
func startChild(t *testing.T, variable string) (kill func()) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestHoldingChild$", "-test.v")
	child.Env = append(os.Environ(), variable)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "held" {
		t.Log(lines.Text())
	}
	return func() {
		_ = child.Process.Kill() // Wait tells whether it was
		if err := child.Wait(); err == nil {
			t.Error("the holder ended by itself")
		}
	}
}

func TestHoldingChild(t *testing.T) {
	what, table := os.Getenv("SUBNETTEST_HOLD"), os.Getenv("SUBNETTEST_TABLE")
	var err error
	switch {
	case what != "":
		err = tryHold(t, what)
	case table != "":
		_, err = AddRule(t.Context(), table, "forward", "ip saddr 192.0.2.0/24 drop")
	default:
		t.Skip("TestTryHold and TestAddRule run it")
	}
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("held")
	time.Sleep(time.Minute) // it is killed before
}
