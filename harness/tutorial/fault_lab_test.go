//go:build lab

package tutorial

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/pace"
	"labcheck/sim/simtest"
)

// leaveNoTrace puts every fault in force on the tutorial's cluster,
// for long enough to be noticed, takes it off, and wants to find the cluster as
// it was: what runs where and under which id, networks, rules, Swarm's list and
// the gossip. It is given time to find together again, and nothing else. By day
// it takes the first few.
func leaveNoTrace(t *testing.T, lab *simtest.Lab) {
	c := lab.Cluster
	faulter := Faulter(lab, c)
	faults := []harness.Fault{
		{Kind: harness.FaultStop, Node: "manager", Service: "consul"},
		{Kind: harness.FaultFillDisk, Node: "worker01"},
		{Kind: harness.FaultCut, Node: "worker01"},
		{Kind: harness.FaultKill, Node: "worker01"},
		{Kind: harness.FaultStop, Node: "worker01", Service: "join"},
		{Kind: harness.FaultStop, Node: "manager", Service: "manager"},
		{Kind: harness.FaultSlow, Node: "worker01", Delay: 100 * time.Millisecond},
		{Kind: harness.FaultCut, Node: "worker01", Peer: "store", Port: 4789},
		{Kind: harness.FaultCut, Node: "worker01", OneWay: true},
		{Kind: harness.FaultPause, Node: "worker01"},
		{Kind: harness.FaultPause, Node: "manager"},
		{Kind: harness.FaultKill, Node: "manager"},
	}
	if !pace.Thorough() {
		faults = faults[:4]
	}
	for _, f := range faults {
		t.Run(f.String(), func(t *testing.T) { leavesNoTrace(t, faulter, c, f) })
	}
}

func leavesNoTrace(t *testing.T, faulter harness.Faulter, c *engine.Cluster, f harness.Fault) {
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(2*time.Minute))
	defer cancel()
	var before string
	err := harness.Until(ctx, time.Second, func(ctx context.Context) (err error) {
		before, err = trace(ctx, c)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := faulter.Break(ctx, f); errors.Is(err, errors.ErrUnsupported) && f.Kind == harness.FaultSlow {
		t.Skip(err) // sim's own test says which of the two it saw
	} else if err != nil {
		t.Fatal(err)
	}
	if err := sleep(ctx, 6*time.Second); err != nil {
		t.Fatal(err)
	}
	all, err := faulter.Faults(ctx)
	if diff := cmp.Diff([]harness.Fault{f}, all); diff != "" || err != nil {
		t.Errorf("in force (-want +got), %v:\n%s", err, diff)
	}
	mended, err := harness.MendAll(ctx, faulter, func(harness.Fault) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("mended: %v", mended)
	start := time.Now()
	err = harness.Until(ctx, 500*time.Millisecond, func(ctx context.Context) error {
		after, err := trace(ctx, c)
		if diff := cmp.Diff(strings.Split(before, "\n"), strings.Split(after, "\n")); err == nil && diff != "" {
			err = errors.New("(-before +after):\n" + diff)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("as before after %s", time.Since(start).Round(100*time.Millisecond))
}

// passing is what no reboot of a host keeps, or what goes on changing: times,
// the addresses of containers on docker0 (DOCKER0, where they sort), the id of the network bridge, which
// every engine makes anew when it starts, and the port of its name server.
var passing = regexp.MustCompile(`"updated_at": "[^"]*"|\b172\.17\.0\.\d+|(?m)^[0-9a-f]{64} +bridge|127\.0\.0\.11:\d+`)

// trace is the cluster as it shows itself, without what goes on changing. The
// error says why it is not whole.
func trace(ctx context.Context, c *engine.Cluster) (string, error) {
	p := Inspect(ctx, c)
	if p.Stage != harness.StageNetwork {
		return "", errors.New(p.Stages[p.Stage].Seen.String())
	}
	status, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return "", err
	}
	all := string(status)
	for _, h := range c.Topology().Hosts() {
		r, err := c.Node(h.Name).Exec(ctx, "sh", "-c", `
			docker ps --all --no-trunc --format '{{.ID}} {{.Names}} {{.State}}'
			docker network ls --no-trunc
			iptables-save | grep '^-A' | sed 's/172\.17\.0\.[0-9]*/DOCKER0/g' | sort
			ip route
			grep -c . /proc/mounts`)
		if err != nil {
			return "", err
		}
		all += "\n" + h.Name + "\n" + r.Stdout
	}
	keys, err := c.Consul().Keys(ctx, Default().Service(SwarmJoin, c.Topology(), c.Topology().Manager).Keys)
	for _, k := range keys {
		all += k + "\n"
	}
	return passing.ReplaceAllString(all, "…"), err
}
