package suite

import (
	"context"
	"slices"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/workload"
)

// missingHost returns a host of the page that the scenario is about and that a
// topology does not have; it is empty if there is none. The features write names of
// hosts in quotation marks.
func (s Scenario) missingHost(t harness.Topology) string {
	for _, h := range harness.Tutorial().Hosts() {
		if slices.ContainsFunc(t.Hosts(), func(o harness.Host) bool { return o.Name == h.Name }) {
			continue
		}
		if slices.ContainsFunc(s.Steps, func(st Step) bool { return strings.Contains(st.Text, `"`+h.Name+`"`) }) {
			return h.Name
		}
	}
	return ""
}

// imageTimeout is how long engines may take to say which images they have.
const imageTimeout = 5 * time.Second

// HostsWithoutImage returns the hosts whose engine has not the image that scenarios
// start containers of. Engines that do not answer are left out: they are told of by
// the claims.
func HostsWithoutImage(ctx context.Context, c *engine.Cluster) []harness.Host {
	ctx, cancel := context.WithTimeout(ctx, imageTimeout)
	defer cancel()
	hosts := c.Topology().Hosts()
	has, _ := harness.Each(ctx, hosts, func(ctx context.Context, h harness.Host) (bool, error) {
		found, err := c.Engine(h.Name).HasImage(ctx, workload.Image)
		return found || err != nil, nil
	})
	var without []harness.Host
	for i, h := range hosts {
		if !has[i] {
			without = append(without, h)
		}
	}
	return without
}
