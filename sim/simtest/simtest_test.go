package simtest

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"labcheck/sim"
)

// TestNameLab checks that each test has a lab of its own, with a name that a lab can
// have.
func TestNameLab(t *testing.T) {
	of := map[string]string{}
	for _, test := range []string{
		"TestA", "TestA/b", "TestA/B", "TestAb", "Test_日本語", "TestNetwork/" + strings.Repeat("long/", 20),
		"TestNetwork/" + strings.Repeat("long/", 21),
	} {
		name := nameLab(test)
		if err := sim.CheckName(name); err != nil {
			t.Errorf("lab of %s: %v", test, err)
		}
		if of[name] != "" {
			t.Errorf("tests %s and %s have the same lab %s", of[name], test, name)
		}
		of[name] = test
		if name != nameLab(test) {
			t.Errorf("%s has another lab the second time", test)
		}
	}
	here := nameLab("TestA")
	t.Chdir(t.TempDir())
	if nameLab("TestA") == here {
		t.Error("tests of two packages have the same lab")
	}
}

// TestOwnWatchdog checks that a test binary is a watchdog only if its TestMain can be
// one: another one would run all tests again.
func TestOwnWatchdog(t *testing.T) {
	t.Setenv(envMain, strconv.Itoa(os.Getpid()))
	if _, err := ownWatchdog(); err != nil {
		t.Error(err)
	}
	t.Setenv(envMain, "1") // a parent process has such a TestMain
	if argv, err := ownWatchdog(); err == nil {
		t.Errorf("the watchdog is %q", argv)
	}
}
