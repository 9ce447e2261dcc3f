package main

import (
	"context"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/docker/go-units"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/tutorial"
)

func newStatusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: a.lang.Say("Say how far the tutorial has come, stage by stage and host by host"),
		RunE: a.onTarget(looks, func(ctx context.Context, s *session, _ []string) error { return s.showStatus(ctx) }),
	}
}

// showStatus only looks; a host that does not answer is part of what it shows.
func (s *session) showStatus(ctx context.Context) error {
	cluster, err := s.clusterAsBuilt(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	var faults []harness.Fault
	var faultsErr error
	var looked sync.WaitGroup
	if s.lab != nil {
		looked.Go(func() { faults, faultsErr = tutorial.Faulter(s.lab, cluster).Faults(ctx) })
	}
	found := tutorial.Inspect(ctx, cluster)
	looked.Wait()
	s.progress.close()
	if s.json {
		s.printJSON(statusDocument{found, faults})
		return faultsErr
	}
	s.printStages(found.Stages)
	fmt.Fprintln(s.out)
	s.printHosts(found.Hosts)
	for _, f := range faults {
		fmt.Fprintln(s.out, s.lang.Say("! fault in force: %s", f.In(s.lang)))
	}
	return faultsErr
}

// statusDocument is what --json prints.
type statusDocument struct {
	tutorial.Progress
	Faults []harness.Fault `json:"faults,omitempty"`
}

func (s *session) printStages(stages []tutorial.StageProgress) {
	for _, p := range stages {
		mark := "✓"
		if !p.Reached {
			mark = "-"
		}
		fmt.Fprintf(s.out, "%s %s %s\n", mark, text.Pad(p.Stage.String(), 8, ' '), p.In(s.lang))
	}
}

func (s *session) printHosts(hosts []tutorial.HostProgress) {
	t := table.NewWriter()
	t.AppendHeader(table.Row{
		s.lang.Say("HOST"), s.lang.Say("ADDRESS"), "ENGINE", s.lang.Say("CPUS"), s.lang.Say("MEMORY"),
		s.lang.Say("CONTAINERS"), "SWARM", s.lang.Say("NETWORK"), s.lang.Say("GOSSIP"),
	})
	for _, h := range hosts {
		t.AppendRow(s.hostRow(h, len(hosts)))
	}
	printTable(s.out, t)
	for _, h := range hosts {
		for _, p := range h.ProblemsIn(s.lang) {
			fmt.Fprintf(s.out, "! %s: %s\n", h.Host.Name, p)
		}
	}
}

func (s *session) hostRow(h tutorial.HostProgress, hosts int) table.Row {
	if h.Engine == nil {
		return table.Row{h.Host.Name, h.Host.Addr, s.lang.Say("no answer")}
	}
	swarm := "-"
	switch {
	case h.Member != nil:
		swarm = h.Member.Status
	case h.Role == "manager":
		swarm = h.Role
	}
	network := "-"
	if h.NetworkID != "" {
		network = fmt.Sprintf("%s %.12s", h.Driver, h.NetworkID)
	}
	return table.Row{
		h.Host.Name, h.Host.Addr, h.Engine.ServerVersion, h.Engine.CPUs, units.BytesSize(float64(h.Engine.Memory)),
		containers(h.Containers), swarm, network, s.gossip(h.Gossip, hosts),
	}
}

// containers are the tutorial's, by what they run.
func containers(all []engine.Container) string {
	var names []string
	for _, c := range all {
		name := path.Base(c.Image)
		if name == "swarm" && len(c.Args) > 0 {
			name += " " + c.Args[0]
		}
		if !c.Running {
			name += " (" + c.State + ")"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ", ")
}

func (s *session) gossip(peers []engine.Peer, hosts int) string {
	alive := 0
	for _, p := range peers {
		if p.State == engine.PeerAlive {
			alive++
		}
	}
	return s.lang.Say("%d of %d", alive, hosts)
}
