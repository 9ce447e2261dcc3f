package main

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/ec2"
	"labcheck/harness/lang"
	"labcheck/sim"
)

func newEnvCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "env", Short: a.lang.Say(`Print what points a shell at the lab: eval "$(labcheck env)"`),
		Example: "  eval \"$(labcheck env)\" && docker info",
		RunE: a.onTarget(readAccess, func(ctx context.Context, s *session, _ []string) error {
			manager, err := reachManager(ctx, s)
			if err == nil {
				printEnv(s, manager)
			}
			return err
		}),
	}
}

// reachManager returns the address by which this machine reaches the manager itself.
func reachManager(ctx context.Context, s *session) (string, error) {
	manager := s.target.Topology().Manager
	if s.lab == nil {
		addr, direct := s.target.(*ec2.Target).Direct(manager.Name)
		if !direct {
			err := lang.Errorf("this machine reaches the nodes by ssh only")
			return "", hinted(err, s.commandLine("exec", manager.Name, "--", "docker", "info"))
		}
		return addr, nil
	}
	direct, err := s.lab.Direct(ctx)
	if err == nil && !direct {
		err = hinted(lang.Errorf("this machine can't reach the lab's addresses: its bridge is on another one"),
			s.commandLine("exec", manager.Name, "--", "docker", "info"))
	}
	return manager.Addr.String(), err
}

func printEnv(s *session, manager string) {
	t := s.target.Topology()
	at := func(port uint16) string { return net.JoinHostPort(manager, strconv.Itoa(int(port))) }
	vars := [][2]string{
		{"DOCKER_HOST", "tcp://" + at(t.Swarm().Port())},
		{"CONSUL_HTTP_ADDR", "http://" + at(t.Consul().Port())},
	}
	if s.lab != nil { // DOCKER_HOST will hide which engine holds the lab
		vars = append(vars, [2]string{sim.EnvEngine, s.lab.EngineName()})
	}
	all := map[string]string{}
	for _, v := range vars {
		all[v[0]] = v[1]
		if !s.json {
			fmt.Fprintln(s.out, "export", harness.ShellLine(v[0]+"="+v[1]))
		}
	}
	s.printJSON(all)
}
