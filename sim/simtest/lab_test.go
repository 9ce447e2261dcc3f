//go:build lab

package simtest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/pace"
	"labcheck/sim"
)

// TestNewUnderCancelledContext checks that cleanup functions of a test, which run after
// t.Context() has ended, can use its lab and start another one, and that New removes both.
func TestNewUnderCancelledContext(t *testing.T) {
	var labs []string
	t.Run("test", func(t *testing.T) {
		lab := New(t, sim.Options{Hosts: 2})
		labs = append(labs, lab.Lab.Lab())
		t.Cleanup(func() {
			if t.Context().Err() == nil {
				t.Error("t.Context() has not ended")
			}
			if err := lab.Cluster.Engine("manager").Ping(context.Background()); err != nil {
				t.Errorf("the lab in a cleanup function: %v", err)
			}
			another := New(t, sim.Options{Lab: "simtest-another", Hosts: 2})
			labs = append(labs, another.Lab.Lab())
			if err := another.Cluster.Engine("manager").Ping(context.Background()); err != nil {
				t.Errorf("a lab that was started in a cleanup function: %v", err)
			}
		})
	})
	if len(labs) != 2 {
		t.Fatalf("labs: %q, want 2", labs)
	}
	for _, lab := range labs {
		if err := findLab(t, lab); !errors.Is(err, errNoLab) {
			t.Errorf("lab %s is left after its test, error: %v", lab, err)
		}
	}
}

// TestNewOfKilledTest checks that the lab of a test that was killed is removed.
func TestNewOfKilledTest(t *testing.T) {
	child := exec.Command(os.Args[0], "-test.run=^TestKilledChild$", "-test.v")
	child.Env = append(os.Environ(), "SIMTEST_KILL=yes")
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var lab string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		name, found := strings.CutPrefix(lines.Text(), "runs: ")
		if found {
			lab = name
			break
		}
		t.Log(lines.Text())
	}
	if err := findLab(t, lab); err != nil {
		t.Errorf("before the test is killed, lab %q: %v", lab, err)
	}
	_ = child.Process.Kill() // Wait tells whether it was
	if err := child.Wait(); err == nil {
		t.Error("the test ended by itself")
	}
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(time.Minute))
	defer cancel()
	err = harness.Until(ctx, 200*time.Millisecond, func(context.Context) error {
		if err := findLab(t, lab); !errors.Is(err, errNoLab) {
			return cmp.Or(err, fmt.Errorf("lab %s is left", lab))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestKilledChild(t *testing.T) {
	if os.Getenv("SIMTEST_KILL") == "" {
		t.Skip("TestNewOfKilledTest runs it")
	}
	fmt.Println("runs:", New(t, sim.Options{Hosts: 2}).Lab.Lab())
	time.Sleep(time.Minute) // it is killed before
}

var errNoLab = errors.New("the engine has nothing of it")

// findLab returns errNoLab if the engine has nothing of a lab.
func findLab(t *testing.T, name string) error {
	t.Helper()
	lab, err := sim.Open(t.Context(), sim.Options{Lab: name})
	if err != nil {
		return err
	}
	defer lab.Close()
	exists, err := lab.Exists(t.Context())
	if err == nil && !exists {
		err = errNoLab
	}
	return err
}
