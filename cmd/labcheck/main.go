// Command labcheck performs the tutorial "Try Swarm at scale: set up cluster
// resources" on a cluster, real or local, and says, claim by claim, whether
// what the tutorial promises is true there.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal lets the command clean up; the next one ends it at once,
	// and the watchdog cleans up.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
