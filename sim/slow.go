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

// slow makes what a host sends late, and lost now and then, by the kernel's
// netem; not every kernel has it.
func (n *node) slow(ctx context.Context, f harness.Fault, on bool) error {
	r, err := n.Exec(ctx, "sh", "-c", look)
	if err != nil {
		return err
	}
	_, is := slowOf(n.name, r.Stdout)
	if err := differ(is, on); err != nil {
		return err
	}
	argv := []string{"tc", "qdisc", "del", "dev", "eth0", "root", "handle", netemHandle}
	if on {
		argv = []string{
			"tc", "qdisc", "add", "dev", "eth0", "root", "handle", netemHandle, "netem",
			"delay", strconv.FormatInt(f.Delay.Microseconds(), 10) + "us", "loss", fmt.Sprintf("%g%%", f.Loss),
		}
	}
	_, err = n.Exec(ctx, argv...)
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

// slowOf reads from what `tc qdisc show` prints whether a host is slow.
func slowOf(node, shown string) (harness.Fault, bool) {
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
