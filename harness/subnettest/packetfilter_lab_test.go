//go:build lab

package subnettest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"labcheck/harness/pace"
	"labcheck/harness/prereq"
)

// TestAddRule checks that a rule is there until it is removed or its process is killed,
// and that a rule which nft refuses is an error that says why.
func TestAddRule(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("to change the packet filter takes root")
	}
	prereq.Program(t, "nft", "apt-get install nftables")
	table := fmt.Sprintf("subnettest-%d", os.Getpid())
	isThere := func() bool { return exec.Command("nft", "list table inet "+table).Run() == nil }

	remove, err := AddRule(t.Context(), table, "forward", "ip saddr 192.0.2.0/24 drop")
	if err != nil {
		t.Fatal(err)
	}
	if !isThere() {
		t.Error("the rule is not there")
	}
	if err := remove(); err != nil || isThere() {
		t.Errorf("after its removal the rule is there: %t; %v", isThere(), err)
	}

	kill := startChild(t, "SUBNETTEST_TABLE="+table)
	if !isThere() {
		t.Error("the other process's rule is not there")
	}
	kill()
	// The kernel removes it when nft has seen the end of its input.
	for end := time.Now().Add(pace.Limit(5 * time.Second)); isThere(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the rule of a killed process stays")
		}
	}

	_, err = AddRule(t.Context(), table, "forward", "ip saddr 192.0.2.0/24 dropp")
	if err == nil || !strings.Contains(err.Error(), "syntax error") {
		t.Errorf("a rule that is none: %v", err)
	}
}
