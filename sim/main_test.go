package sim

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test binary stand for labcheck: as a watchdog, and as commands
// that are ended from outside, one of which makes a lab and the other is doctor. Of
// tests it wants no goroutine to be left.
func TestMain(m *testing.M) {
	ctx := context.Background()
	switch {
	case len(os.Args) == 2 && os.Args[1] == "watchdog":
		if err := Watch(ctx, os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case len(os.Args) == 4 && os.Args[1] == "up":
		upAndWait(ctx, os.Args[2], os.Args[3])
	case len(os.Args) == 4 && os.Args[1] == "doctor":
		Doctor(ctx, commandOptions(os.Args[2], os.Args[3]))
	default:
		goleak.VerifyTestMain(m)
	}
}

// commandOptions are the options of a command that may be ended from outside.
func commandOptions(lab, subnet string) Options {
	return Options{
		Lab: lab, Subnet: netip.MustParsePrefix(subnet),
		Watchdog: []string{os.Args[0], "watchdog"},
		Progress: func(e Event) { fmt.Println(e.Node, e.What) },
	}
}

// upAndWait makes a lab of two hosts, tells each event on stdout, and then waits for its end.
func upAndWait(ctx context.Context, lab, subnet string) {
	o := commandOptions(lab, subnet)
	o.Hosts = 2
	l, err := Open(ctx, o)
	if err == nil {
		_, err = l.Up(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("lab stands")
	select {}
}
