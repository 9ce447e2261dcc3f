package sim

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// netemHandle marks the queue of a slow host as ours.
const netemHandle = "1abc:"

// setSlow has the kernel's netem delay what a host sends, and lose some of it; not
// every kernel has it.
func setSlow(ctx context.Context, n *node, f harness.Fault, on bool) error {
	argv := []string{"tc", "qdisc", "del", "dev", HostInterface, "root", "handle", netemHandle}
	if on {
		argv = []string{
			"tc", "qdisc", "add", "dev", HostInterface, "root", "handle", netemHandle, "netem",
			"delay", strconv.FormatInt(f.Delay.Microseconds(), 10) + "us", "loss", fmt.Sprintf("%g%%", f.Loss),
		}
	}
	_, err := n.Exec(ctx, argv...)
	var ran *harness.RunError
	if errors.As(err, &ran) && strings.Contains(ran.Result.Stderr, "Specified qdisc kind is unknown") {
		return lang.Errorf("the machine's kernel has no netem (CONFIG_NET_SCH_NETEM): %w", errors.ErrUnsupported)
	}
	return err
}

var (
	ourQueue   = regexp.MustCompile(`(?m)^qdisc netem ` + netemHandle + ` root .*$`)
	queueDelay = regexp.MustCompile(` delay ([0-9.]+(?:us|ms|s))`)
	queueLoss  = regexp.MustCompile(` loss ([0-9.]+)%`)
)

// slownessIn returns the slowness of a host in what `tc qdisc show` prints.
func slownessIn(node, shown string) (harness.Fault, bool) {
	line := ourQueue.FindString(shown)
	f := harness.Fault{Kind: harness.FaultSlow, Node: node}
	if m := queueDelay.FindStringSubmatch(line); m != nil {
		f.Delay, _ = time.ParseDuration(m[1]) // the expression allows nothing else
	}
	if m := queueLoss.FindStringSubmatch(line); m != nil {
		f.Loss, _ = strconv.ParseFloat(m[1], 64)
	}
	return f, line != ""
}
