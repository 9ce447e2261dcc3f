package steps

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/cucumber/godog"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// members are the nodes that Swarm lists.
type members struct{ *scenario }

func (m *members) sentences() []sentence {
	healthy := func(ctx context.Context, node, addr string, seconds int) error {
		return within(m.scenario, func(ctx context.Context) error { return m.memberHealthy(ctx, node, addr) })(ctx, seconds)
	}
	return []sentence{
		{`^the cluster lists "([^"]*)" at "([^"]*)" as Healthy within (\d+) seconds$`, healthy},
		{`^the cluster lists exactly these nodes, in this order:$`, m.membersInOrder},
		{`^the cluster lists "([^"]*)" with (\d+) CPUs? and "([^"]*)" of memory$`, m.memberSize},
		{`^the cluster lists "([^"]*)" with the labels "([^"]*)"$`, m.memberLabels},
		{`^the cluster lists "([^"]*)" with no error$`, m.memberNoError},
		{`^the cluster lists "([^"]*)" as updated within the last (\d+) minutes$`, m.memberUpdated},
		{`^the cluster lists (\d+) nodes, all Healthy, within (\d+) seconds$`, withinFor(m.scenario, m.allHealthy)},
	}
}

// findMember finds a node in the cluster's list.
func (m *members) findMember(ctx context.Context, node string) (engine.Member, error) {
	info, err := m.swarmInfo(ctx)
	if err != nil {
		return engine.Member{}, err
	}
	found, ok := info.Swarm.Member(node)
	if !ok {
		return found, m.mismatch(m.lang.Say("the cluster's nodes"), node, m.listed(memberNames(info)))
	}
	return found, nil
}

// unhealthyMembers returns the members that the cluster does not list as Healthy.
func (s *scenario) unhealthyMembers(info engine.Info) []string {
	var names []string
	for _, h := range s.topology().Members {
		if m, listed := info.Swarm.Member(h.Name); !listed || m.Status != engine.Healthy {
			names = append(names, h.Name)
		}
	}
	return names
}

func memberNames(info engine.Info) []string {
	var names []string
	for _, m := range info.Swarm.Members {
		names = append(names, m.Name)
	}
	return names
}

func (m *members) memberHealthy(ctx context.Context, node, addr string) error {
	found, err := m.findMember(ctx, node)
	if err != nil {
		return err
	}
	c := m.compare("the cluster's node %s", node)
	c.expectEqual(m.lang.Say("address"), m.here(addr), found.Addr.String())
	c.expectEqual("Status", "Healthy", found.Status)
	if len(c.expected) > 0 && found.Error != "" {
		c.addDifference("Error: (none)", "Error: "+found.Error)
	}
	return c.mismatch()
}

func (m *members) memberSize(ctx context.Context, node string, cpus int, memory string) error {
	found, err := m.findMember(ctx, node)
	if err != nil {
		return err
	}
	wantCPUs, wantMemory := figures(m.topology()).memberFigures(node, strconv.Itoa(cpus), memory)
	c := m.compare("the cluster's node %s", node)
	c.expectEqual("CPU", wantCPUs, strconv.Itoa(found.CPUs))
	c.expectEqual(m.lang.Say("memory"), wantMemory, found.Memory)
	return c.mismatch()
}

func (m *members) memberLabels(ctx context.Context, node, labels string) error {
	found, err := m.findMember(ctx, node)
	if err != nil {
		return err
	}
	c := m.compare("the cluster's node %s", node)
	for _, l := range splitList(labels) {
		if found.Labels[l] == "" {
			c.addDifference(m.lang.Say("the label %s", l), m.lang.Say("labels: %s", m.listed(sortedKeys(found.Labels))))
		}
	}
	return c.mismatch()
}

func (m *members) memberNoError(ctx context.Context, node string) error {
	found, err := m.findMember(ctx, node)
	if err == nil && found.Error != "" {
		err = m.mismatch(m.lang.Say("the cluster's node %s", node), m.lang.Say("no error"), found.Error)
	}
	return err
}

// memberUpdated wants a recent UpdatedAt. The time is the manager's, so five
// minutes must also cover what its clock is off; Swarm asks every 30 to 60 s.
func (m *members) memberUpdated(ctx context.Context, node string, minutes int) error {
	found, err := m.findMember(ctx, node)
	if err != nil {
		return err
	}
	if found.UpdatedAt.IsZero() {
		return m.mismatch(m.lang.Say("UpdatedAt of %s", node), m.lang.Say("a time"), m.orNotShown(""))
	}
	if age := time.Since(found.UpdatedAt); age.Abs() > time.Duration(minutes)*time.Minute {
		return m.mismatch(m.lang.Say("UpdatedAt of %s", node),
			m.lang.Say("within the last %d minutes", minutes),
			m.lang.Say("%s, %s ago", found.UpdatedAt.Format(time.RFC3339), age.Round(time.Second)))
	}
	return nil
}

func (m *members) membersInOrder(ctx context.Context, table *godog.Table) error {
	info, err := m.swarmInfo(ctx)
	if err != nil {
		return err
	}
	want := figures(m.topology()).memberRows(readRecords(m.here, table))
	var seen []string
	for _, listed := range info.Swarm.Members {
		seen = append(seen, listed.Name+" "+listed.Addr.String())
	}
	c := m.compare("the cluster")
	c.expectEqual(m.lang.Say("names of nodes"), m.listed(want), m.listed(seen))
	return harness.AboutHosts(c.mismatch(), m.unhealthyMembers(info)...)
}

// allHealthy wants a number of nodes in the cluster's list.
func (m *members) allHealthy(ctx context.Context, nodes int) error {
	info, err := m.swarmInfo(ctx)
	if err != nil {
		return err
	}
	c := m.compare("the cluster")
	c.expectEqual(m.lang.Say("nodes"), fmt.Sprint(nodes), fmt.Sprint(len(info.Swarm.Members)))
	for _, listed := range info.Swarm.Members {
		c.expectEqual(listed.Name, engine.Healthy, listed.Status)
	}
	return harness.AboutHosts(c.mismatch(), m.unhealthyMembers(info)...)
}

func (m *members) notListed(ctx context.Context, node string) error {
	info, err := m.swarmInfo(ctx)
	if err != nil {
		return err
	}
	if _, there := info.Swarm.Member(node); there {
		return m.mismatch(m.lang.Say("the cluster's nodes"), m.lang.Say("no %s", node), m.listed(memberNames(info)))
	}
	return nil
}

// listedAgain wants a host to be Healthy in the manager's list.
func (m *members) listedAgain(ctx context.Context, host string) error {
	found, err := m.findMember(ctx, host)
	if err == nil && found.Status != engine.Healthy {
		err = lang.Errorf("%s is %s", host, found.Status)
	}
	return err
}
