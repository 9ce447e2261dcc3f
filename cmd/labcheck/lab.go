package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
	"labcheck/sim"
	"labcheck/sim/images"
)

// startHosts makes the lab's hosts.
func (s *session) startHosts(ctx context.Context) error {
	if err := s.ensureImages(ctx); err != nil {
		return err
	}
	t := s.lab.Topology()
	return s.progress.during(s.lang.Say("Start %d hosts on %s", len(t.Hosts()), t.Subnet), func() error {
		_, err := s.lab.Up(ctx)
		return err
	})
}

// ensureImages makes what images are not there, and says beforehand what that
// takes. It is silent if all are there.
func (s *session) ensureImages(ctx context.Context, more ...images.Name) error {
	plan, err := s.lab.Images().Plan(ctx, more...)
	if err != nil || len(plan.Missing) == 0 {
		return err
	}
	if !s.quiet {
		s.progress.tell(s.lang.Say("  Images are made once: %s", plan.In(s.lang)))
	}
	return s.progress.during(s.lang.Say("Make images"), func() error { return s.lab.Images().Ensure(ctx, more...) })
}

// removeLab removes the lab, also when ctx has ended.
func (s *session) removeLab(ctx context.Context) error {
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return s.progress.during(s.lang.Say("Remove the lab"), func() error { return s.lab.Down(ctx) })
}

// labFlag is how the lab is named on a command line, where it must be.
func labFlag(l *sim.Lab) string {
	flag := ""
	if l.Lab() != sim.DefaultLab {
		flag = " --lab " + l.Lab()
	}
	if l.Context() != "" {
		flag += " --context " + l.Context()
	}
	return flag
}

// again is another command on the same target, as one types it.
func (s *session) again(command string) string {
	if s.lab == nil {
		return s.real.again(command)
	}
	return "labcheck " + command + labFlag(s.lab)
}

func (a *app) printJSON(v any) {
	a.printed = true
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // of our own types; a closed stdout has nobody to tell
}

func (a *app) upCommand() *cobra.Command {
	var bare bool
	c := &cobra.Command{
		Use: "up", Short: a.lang.Say("Start the five hosts and build the tutorial's cluster on them"),
		Long: a.lang.Say(`up starts the lab's hosts, or those of them that do not run, and brings the
tutorial to its end on them: it returns when containers on any two hosts can
reach one another over mynet. Where that is so already it changes nothing.`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.inLab(cmd.Context(), func(ctx context.Context, s *session) error { return s.up(ctx, bare) })
		},
	}
	c.Flags().BoolVar(&bare, "bare", false, a.lang.Say("hosts with engines only: the tutorial is yours to type"))
	return c
}

func (s *session) up(ctx context.Context, bare bool) error {
	_, err := s.lab.Nodes(ctx)
	fresh := errors.Is(err, harness.ErrNoNodes)
	began := time.Now()
	switch {
	case fresh && !bare:
		err = s.makeLab(ctx)
	default:
		if err = s.startHosts(ctx); err == nil && !bare {
			err = s.bootstrap(ctx, beyond{})
		}
	}
	if err == nil || !fresh {
		s.lab.Keep()
	}
	if err != nil {
		return err
	}
	return s.stands(time.Since(began))
}

// makeLab starts a new lab's hosts and performs the tutorial on them meanwhile:
// each step begins when the engines that it is about answer.
func (s *session) makeLab(ctx context.Context) error {
	if err := s.ensureImages(ctx); err != nil {
		return err
	}
	t := s.lab.Topology()
	what := s.lang.Say("Build the cluster of %d hosts on %s", len(t.Hosts()), t.Subnet)
	return s.progress.during(what, func() error {
		_, err := s.lab.UpWith(ctx, func(ctx context.Context, nodes []harness.Node) error {
			cluster, err := s.services.Open(t, nodes)
			if err != nil {
				return err
			}
			defer cluster.Close()
			return s.performTutorial(ctx, cluster)
		})
		return err
	})
}

// performTutorial performs the tutorial on hosts that may still be starting. From its
// first step on it looks whether they are still there.
func (s *session) performTutorial(ctx context.Context, cluster *engine.Cluster) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var whole *wholeLab
	err := tutorial.Default().Bootstrap(ctx, cluster, func(e tutorial.Event) {
		s.step(e)
		if whole != nil {
			return
		}
		if watched, err := s.watchLab(ctx, performing, false); err == nil {
			whole = watched
			context.AfterFunc(whole, func() { cancel(context.Cause(whole)) })
		}
	})
	if err != nil && whole != nil {
		return cmp.Or(whole.lost(context.WithoutCancel(ctx)), err)
	}
	return err
}

// stands tells where the lab is and how to go on.
func (s *session) stands(took time.Duration) error {
	t := s.lab.Topology()
	s.progress.close()
	if s.json {
		s.printJSON(map[string]any{"lab": s.lab.Lab(), "topology": t, "duration_ns": took})
		return nil
	}
	fmt.Fprintln(s.out, s.lang.Say("Lab %s stands on %s after %.1fs.", s.lab.Lab(), t.Subnet, took.Seconds()))
	if s.quiet {
		return nil
	}
	fmt.Fprintln(s.err, s.lang.Say("  check it: labcheck%[1]s   type on it: eval \"$(labcheck env%[1]s)\"   remove it: labcheck down%[1]s", labFlag(s.lab)))
	return nil
}

func (a *app) bootstrapCommand() *cobra.Command {
	var plan, yes bool
	b := &beyond{}
	c := &cobra.Command{
		Use: "bootstrap", Short: a.lang.Say("Perform the tutorial on a lab that stands, or what is left of it"),
		Long: a.lang.Say(`bootstrap does what of the tutorial is not done yet, and changes nothing else.

With --replicas it builds what the page recommends for production and does not
show: Swarm managers on as many more hosts, of which one is the primary, and
Consul on three hosts. That needs hosts on which the page was not performed
(labcheck up --bare). With --restart-join a host that reboots joins again, which
with the page's own command it does not; join containers that are there already
are changed.`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.goesOn = true
			b.given = cmd.Flags().Changed("replicas")
			return a.inTarget(cmd.Context(), changes, func(ctx context.Context, s *session) error {
				if err := b.check(s.target.Topology()); err != nil {
					return err
				}
				switch {
				case plan:
					return s.plan(*b)
				case s.lab == nil:
					return s.bootstrapReal(ctx, *b, yes)
				}
				if err := s.bootstrap(ctx, *b); err != nil {
					return err
				}
				return s.showStatus(ctx)
			})
		},
	}
	c.Flags().IntVar(&b.replicas, "replicas", 0, a.lang.Say("Swarm managers on as many `hosts` more, and Consul on three"))
	c.Flags().BoolVar(&b.restartJoin, "restart-join", false, a.lang.Say("have hosts join again after a reboot"))
	c.Flags().BoolVar(&plan, "plan", false, a.lang.Say("print the tutorial's commands for this lab and do nothing"))
	c.Flags().BoolVar(&yes, "yes", false, a.lang.Say("don't ask before the nodes of --target ec2 are changed"))
	return c
}

// beyond is what bootstrap is asked to do beside what the page does.
type beyond struct {
	replicas    int
	given       bool // the replicas
	restartJoin bool
}

func (b beyond) check(t harness.Topology) error {
	if b.replicas < 0 || b.replicas > len(t.Members) {
		return &usageError{lang.Errorf("--replicas %d: 0 to %d are possible, one on each host beside the manager", b.replicas, len(t.Members)), "labcheck bootstrap --help"}
	}
	return nil
}

// words are its flags.
func (b beyond) words() []string {
	var words []string
	if b.given {
		words = append(words, fmt.Sprintf("--replicas=%d", b.replicas))
	}
	if b.restartJoin {
		words = append(words, "--restart-join")
	}
	return words
}

// of is a topology with it; what was not given stays.
func (b beyond) of(t harness.Topology) harness.Topology {
	if b.given {
		t.Replicas = b.replicas
	}
	t.RestartJoin = t.RestartJoin || b.restartJoin
	return t
}

// plan prints what bootstrap would do, as a reader would type it.
func (s *session) plan(b beyond) error {
	steps := tutorial.Default().Steps(b.of(s.target.Topology()))
	if s.json {
		s.printJSON(steps)
		return nil
	}
	for _, step := range steps {
		fmt.Fprintln(s.out, step.Command)
	}
	return nil
}

func (s *session) bootstrap(ctx context.Context, b beyond) error {
	cluster, err := s.clusterAsBuilt(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	cluster = cluster.As(b.of(cluster.Topology()))
	whole, err := s.watchLab(ctx, performing, false)
	if err != nil {
		return err
	}
	defer whole.stop()
	return s.progress.during(s.lang.Say("Perform the tutorial"), func() error {
		if err := tutorial.Default().Bootstrap(whole, cluster, s.step); err != nil {
			return cmp.Or(whole.lost(context.WithoutCancel(ctx)), err)
		}
		return nil
	})
}

// step shows a step of the bootstrap.
func (s *session) step(e tutorial.Event) {
	s.progress.detail(e.In(s.lang))
}

func (a *app) downCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "down", Short: a.lang.Say("Remove the lab, and nothing else"),
		Long: a.lang.Say(`down removes the lab. With --target ec2 it removes test containers that a check
was cut off in and could not remove itself: what carries labcheck's own label.`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.goesOn = true
			return a.inTarget(cmd.Context(), changes, func(ctx context.Context, s *session) error {
				if s.lab == nil {
					return s.downReal(ctx, yes)
				}
				return s.down(ctx)
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, a.lang.Say("don't ask before containers are removed from the nodes of --target ec2"))
	return c
}

func (s *session) down(ctx context.Context) error {
	there, err := s.lab.Exists(ctx)
	if err != nil {
		return err
	}
	if there {
		if err := s.removeLab(ctx); err != nil {
			return err
		}
	}
	s.progress.close()
	if s.json {
		s.printJSON(map[string]any{"lab": s.lab.Lab(), "removed": there})
	} else if !there {
		fmt.Fprintln(s.out, s.lang.Say("There is no lab %s.", s.lab.Lab()))
	}
	return nil
}

func (a *app) execCommand() *cobra.Command {
	return &cobra.Command{
		Use: "exec NODE -- COMMAND...", Short: a.lang.Say("Run a command on a host of the lab"), Args: cobra.MinimumNArgs(2),
		Long: a.lang.Say(`exec runs a command on a host, without a shell, and passes on what it answers.
Its exit code is labcheck's.
For a terminal: docker exec -it labcheck-manager bash`),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inTarget(cmd.Context(), changes, func(ctx context.Context, s *session) error { return s.exec(ctx, args[0], args[1:]) })
		},
	}
}

func (s *session) exec(ctx context.Context, name string, argv []string) error {
	nodes, err := s.target.Nodes(ctx)
	if err != nil {
		return err
	}
	node, err := s.find(nodes, name)
	if err != nil {
		return err
	}
	r, err := node.Exec(ctx, argv...)
	var failed *harness.RunError
	if err != nil && !errors.As(err, &failed) {
		return err
	}
	if s.json {
		s.printJSON(r)
	} else {
		fmt.Fprint(s.out, r.Stdout)
		fmt.Fprint(s.err, r.Stderr)
	}
	if r.ExitCode != 0 {
		return &exitError{r.ExitCode}
	}
	return nil
}

func (s *session) find(nodes []harness.Node, name string) (harness.Node, error) {
	var names []string
	for _, n := range nodes {
		if n.Name() == name {
			return n, nil
		}
		names = append(names, n.Name())
	}
	return nil, &usageError{lang.Errorf("there is no host %s; there are %v", name, names), s.again("status")}
}

func (a *app) envCommand() *cobra.Command {
	return &cobra.Command{
		Use: "env", Short: a.lang.Say(`Print what points a shell at the lab: eval "$(labcheck env)"`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.inTarget(cmd.Context(), looks, func(ctx context.Context, s *session) error { return s.env(ctx) })
		},
	}
}

// env is for shells on a machine that has the lab's bridge.
func (s *session) env(ctx context.Context) error {
	if s.lab == nil {
		return s.envReal()
	}
	direct, err := s.lab.Direct(ctx)
	if err != nil {
		return err
	}
	if !direct {
		return &hintError{
			lang.Errorf("this machine can't reach the lab's addresses: its bridge is on another one"),
			"labcheck exec manager -- docker info",
		}
	}
	// DOCKER_HOST will hide which engine holds the lab.
	s.printEnv(s.lab.Topology().Manager.Addr.String(), [2]string{sim.EnvEngine, s.lab.EngineName()})
	return nil
}

// printEnv is for a manager that this machine reaches at an address.
func (s *session) printEnv(manager string, more ...[2]string) {
	t := s.target.Topology()
	at := func(port uint16) string { return net.JoinHostPort(manager, strconv.Itoa(int(port))) }
	vars := append([][2]string{
		{"DOCKER_HOST", "tcp://" + at(t.Swarm().Port())},
		{"CONSUL_HTTP_ADDR", "http://" + at(t.Consul().Port())},
	}, more...)
	if s.json {
		all := map[string]string{}
		for _, v := range vars {
			all[v[0]] = v[1]
		}
		s.printJSON(all)
		return
	}
	for _, v := range vars {
		fmt.Fprintf(s.out, "export %s=%s\n", v[0], v[1])
	}
}
