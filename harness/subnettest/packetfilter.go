package subnettest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"labcheck/harness"
	"labcheck/harness/pace"
)

// AddRule adds an nftables rule to a hook of this machine's packet filter, as a
// firewall does that knows nothing of Docker, and returns the function that removes it.
// name is the name of the rule's table, which must not be there. It takes root and
// the program nft.
//
// The kernel removes the rule when this process ends, however it ends: the table
// belongs to a child, which ends with its input. A rule that a killed test left would
// drop the packets of another test's lab on the same subnet.
func AddRule(ctx context.Context, name, hook, rule string) (remove func() error, err error) {
	table := "inet " + name
	// One line is one transaction: the table is there when the rule is.
	commands := fmt.Sprintf("create table %[1]s { flags owner; }; "+
		"add chain %[1]s filter { type filter hook %[2]s priority 10; }; add rule %[1]s filter %[3]s\n", table, hook, rule)
	if err := runNFT(ctx, "--check", commands); err != nil {
		return nil, err
	}
	owner := exec.Command("nft", "--interactive")
	input, err := owner.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := owner.Start(); err != nil {
		return nil, err
	}
	remove = func() error {
		_ = input.Close() // it may have ended
		return owner.Wait()
	}
	if _, err = io.WriteString(input, commands); err == nil {
		err = awaitTable(ctx, table)
	}
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	return remove, nil
}

// awaitTable waits until the packet filter has a table.
func awaitTable(ctx context.Context, table string) error {
	ctx, cancel := context.WithTimeout(ctx, pace.Limit(5*time.Second))
	defer cancel()
	return harness.Until(ctx, 20*time.Millisecond, func(ctx context.Context) error {
		return runNFT(ctx, "list table "+table)
	})
}

func runNFT(ctx context.Context, argv ...string) error {
	out, err := exec.CommandContext(ctx, "nft", argv...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("nft: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}
