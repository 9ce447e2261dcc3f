package main

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"labcheck/harness/ec2"
	"labcheck/harness/lang"
	"labcheck/sim"
)

func newEnvCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "env", Short: a.lang.Say(`Print what points a shell at the lab: eval "$(labcheck env)"`),
		RunE: a.onTarget(looks, func(ctx context.Context, s *session, _ []string) error {
			if s.lab == nil {
				return printEnvOfNodes(s)
			}
			return printEnvOfLab(ctx, s)
		}),
	}
}

// printEnvOfLab is for shells on a machine that has the lab's bridge.
func printEnvOfLab(ctx context.Context, s *session) error {
	direct, err := s.lab.Direct(ctx)
	if err != nil {
		return err
	}
	if !direct {
		err := lang.Errorf("this machine can't reach the lab's addresses: its bridge is on another one")
		return hinted(err, "labcheck exec manager -- docker info")
	}
	// DOCKER_HOST will hide which engine holds the lab.
	printEnv(s, s.lab.Topology().Manager.Addr.String(), [2]string{sim.EnvEngine, s.lab.EngineName()})
	return nil
}

// printEnvOfNodes is for shells on a machine that reaches the nodes itself.
func printEnvOfNodes(s *session) error {
	t := s.target.(*ec2.Target)
	manager := t.Topology().Manager
	addr, direct := t.Direct(manager.Name)
	if !direct {
		err := lang.Errorf("this machine reaches the nodes by ssh only")
		return hinted(err, s.real.commandLine("exec", manager.Name, "--", "docker", "info"))
	}
	printEnv(s, addr)
	return nil
}

// printEnv prints the variables for a manager that this machine reaches at an
// address.
func printEnv(s *session, manager string, more ...[2]string) {
	t := s.target.Topology()
	at := func(port uint16) string { return net.JoinHostPort(manager, strconv.Itoa(int(port))) }
	vars := append([][2]string{
		{"DOCKER_HOST", "tcp://" + at(t.Swarm().Port())},
		{"CONSUL_HTTP_ADDR", "http://" + at(t.Consul().Port())},
	}, more...)
	all := map[string]string{}
	for _, v := range vars {
		all[v[0]] = v[1]
		if !s.json {
			fmt.Fprintf(s.out, "export %s=%s\n", v[0], v[1])
		}
	}
	if s.json {
		s.printJSON(all)
	}
}
