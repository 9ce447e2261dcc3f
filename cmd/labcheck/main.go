// Command labcheck performs the tutorial "Try Swarm at scale: set up cluster
// resources" on a cluster, real or local, and says, claim by claim, whether
// what the tutorial promises is true there.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	// The authorities to trust if the machine has none, such as the container image.
	_ "golang.org/x/crypto/x509roots/fallback"

	"labcheck/harness/terminal"
)

func main() {
	os.Exit(onProcess(func(ctx context.Context, s *terminal.Screen) int { return runOn(ctx, os.Args[1:], s, os.Getenv) }))
}

// onProcess runs a command with the process's streams and signals, and returns its
// exit code.
func onProcess(command func(context.Context, *terminal.Screen) int) int {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup has it ignored
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	s := terminal.New(ctx, os.Stdin, os.Stdout, os.Stderr)
	log.SetOutput(s.Err) // of libraries
	terminal.ClearWhenSuspended(s)
	terminal.ExitAtSecondSignal(s, exitInterrupted)
	return command(ctx, s)
}
