package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"labcheck/harness"
	"labcheck/harness/ec2"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/report"
	"labcheck/harness/suite"
	"labcheck/harness/survey"
	"labcheck/harness/workload"
)

// realFlags are those of --target ec2.
type realFlags struct {
	set       *pflag.FlagSet // has all of them
	inventory string
	jump      string
	user, key string
	ca, cert  string
	tlsKey    string
	fromAWS   bool
	aws       ec2.AWS
}

func (f *realFlags) add(all *pflag.FlagSet, l lang.Language) {
	flags := pflag.NewFlagSet("ec2", pflag.ContinueOnError)
	flags.StringVar(&f.inventory, "inventory", "", l.Say("`file` that says where the nodes of --target ec2 are, if not at the tutorial's addresses"))
	flags.StringVar(&f.jump, "ssh-jump", "", l.Say("reach the nodes of --target ec2 by ssh through this `host`, such as manager"))
	flags.StringVar(&f.user, "ssh-user", "", l.Say("log in on the nodes of --target ec2 as this `user`"))
	flags.StringVar(&f.key, "ssh-key", "", l.Say("`file` of the private key to log in with"))
	flags.StringVar(&f.ca, "tls-ca", "", l.Say("`file` of the authority that the engines of --target ec2 have their certificates from"))
	flags.StringVar(&f.cert, "tls-cert", "", l.Say("`file` of the certificate that the engines are shown"))
	flags.StringVar(&f.tlsKey, "tls-key", "", l.Say("`file` of the certificate's key"))
	flags.BoolVar(&f.fromAWS, "from-aws", false, l.Say("ask AWS for the addresses of the nodes of --target ec2, by their Name tags"))
	flags.StringVar(&f.aws.Region, "aws-region", "", l.Say("`region` to look in, if not that of the environment or ~/.aws/config"))
	flags.StringVar(&f.aws.Profile, "aws-profile", "", l.Say("`profile` of ~/.aws/config to look with"))
	flags.StringVar(&f.aws.VPC, "aws-vpc", "", l.Say("look in the VPC of this `ID` only"))
	flags.StringArrayVar(&f.aws.Tags, "aws-tag", nil, l.Say("look for instances with this tag only, `KEY=VALUE`; may be given again"))
	f.set = flags
	all.AddFlagSet(flags)
}

// given are the flags that were used, as words of a command line.
func (f *realFlags) given() []string {
	var words []string
	f.set.VisitAll(func(flag *pflag.Flag) {
		if !flag.Changed {
			return
		}
		values := []string{flag.Value.String()}
		if many, ok := flag.Value.(pflag.SliceValue); ok {
			values = many.GetSlice()
		}
		for _, v := range values {
			words = append(words, "--"+flag.Name+"="+v)
		}
	})
	return words
}

// again is a command of labcheck's on the same nodes, as one types it.
func (f *realFlags) again(command string, more ...string) string {
	return harness.ShellLine(slices.Concat([]string{"labcheck", command, "--target=ec2"}, f.given(), more)...)
}

func (f *realFlags) check() error {
	switch {
	case (f.cert == "") != (f.tlsKey == ""):
		return lang.Errorf("--tls-cert and --tls-key belong together")
	case f.cert != "" && f.ca == "":
		return lang.Errorf("--tls-cert needs --tls-ca")
	}
	return nil
}

// openReal finds out how nodes that exist are reached.
func (s *session) openReal(ctx context.Context, may access) error {
	inventory, err := s.readInventory(ctx)
	if err != nil {
		return err
	}
	services, err := s.real.services()
	if err != nil {
		return &usageError{err, "labcheck --help"}
	}
	services.ReadOnly = may == looks
	t, err := ec2.Open(ec2.Options{
		Inventory: inventory, ReadOnly: may == looks, Looks: survey.OnlyLooks,
		SSH: ec2.SSH{
			Jump: s.real.jump, User: s.real.user, Key: s.real.key,
			Agent: os.Getenv("SSH_AUTH_SOCK"), Ask: s.asker(ctx),
		},
	})
	if err != nil {
		return err
	}
	s.target, s.services = t, services
	return nil
}

// readInventory is the file's, or the page's; with --from-aws the addresses are
// those that AWS says.
func (a *app) readInventory(ctx context.Context) (i ec2.Inventory, err error) {
	i = ec2.Tutorial()
	if a.real.inventory != "" {
		if i, err = ec2.ReadFile(a.real.inventory); err != nil {
			return i, &usageError{err, "labcheck inventory example"}
		}
	}
	if !a.real.fromAWS {
		return i, nil
	}
	if i, err = ec2.Discover(ctx, a.real.aws, i); err != nil {
		return i, &hintError{err, a.lang.Say("--aws-region, --aws-profile, --aws-vpc and --aws-tag say where to look; aws sts get-caller-identity says as whom")}
	}
	return i, nil
}

// services is how engines and Consul are spoken to.
func (f *realFlags) services() (engine.Options, error) {
	o, err := engine.Options{}.ConsulFromEnv()
	if err != nil {
		return o, err
	}
	ca, cert, key := f.ca, f.cert, f.tlsKey
	if dir := os.Getenv("DOCKER_CERT_PATH"); ca == "" && dir != "" {
		ca, cert, key = engine.CertPath(dir)
	}
	if ca != "" {
		o.TLS, err = engine.LoadTLS(ca, cert, key)
	}
	return o, err
}

// asker asks a person for what must not be seen; nil where there is nobody.
func (s *session) asker(ctx context.Context) func(string) ([]byte, error) {
	if !isTerminal(s.in) {
		return nil
	}
	return func(question string) ([]byte, error) {
		fmt.Fprint(s.err, question)
		defer fmt.Fprintln(s.err)
		return readUnseen(ctx, int(s.screen.in.Fd()))
	}
}

// readUnseen reads a line that the terminal does not echo. When ctx ends the
// terminal echoes again; reading ends with the process.
func readUnseen(ctx context.Context, fd int) ([]byte, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	type answer struct {
		line []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		typed <- answer{line, err}
	}()
	select {
	case a := <-typed:
		return a.line, a.err
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}

// agreed asks whether to go on, unless --yes said so. Where there is nobody to
// ask, that is an error.
func (s *session) agreed(ctx context.Context, yes bool, question, hint string) (bool, error) {
	if yes {
		return true, nil
	}
	if !isTerminal(s.in) {
		return false, &usageError{lang.Errorf("this changes a cluster that is no lab, and there is no terminal to ask on"), hint}
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	answer, err := nextLine(ctx, readLines(s.in))
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}

// allowances are what a check of a cluster that is no lab may do by consent.
var allowances = []string{"workload"}

func (f checkFlags) access() (access, error) {
	for _, a := range f.allow {
		if !slices.Contains(allowances, a) {
			return looks, &usageError{lang.Errorf("--allow %s: %s is possible", a, strings.Join(allowances, ", ")), "labcheck check --help"}
		}
	}
	if len(f.allow) > 0 {
		return changes, nil
	}
	return looks, nil
}

// onReal has the suite do on a cluster that is no lab what may be done there.
func (s *session) onReal(ctx context.Context, c *engine.Cluster, f checkFlags, o *suite.Options) {
	survey.Reach(ctx, c, s.nodes)
	left, _ := leftovers(ctx, c) // what can't be asked is told by the claims
	if len(left) > 0 {
		s.progress.tell(s.lang.Say("  %d test containers of a former run are on the cluster; remove them: %s", len(left), s.real.again("down")))
	}
	o.Skip = func(sc suite.Scenario) string {
		if sc.Has(suite.TagWorkload) && !slices.Contains(f.allow, "workload") {
			return s.lang.Say("it starts containers on a cluster that is no lab: --allow workload")
		}
		return s.lacks(c.Topology(), sc)
	}
}

// lacksWorkload says which nodes have no image to start containers of, where one
// does not. Those that do not answer are told of elsewhere.
func (s *session) lacksWorkload(ctx context.Context, c *engine.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	hosts := c.Topology().Hosts()
	lacks := make([]bool, len(hosts))
	var group sync.WaitGroup
	for i, h := range hosts {
		group.Go(func() {
			has, err := c.Engine(h.Name).HasImage(ctx, workload.Image)
			lacks[i] = err == nil && !has
		})
	}
	group.Wait()
	var names []string
	var at harness.Host
	for i, h := range hosts {
		if lacks[i] {
			names, at = append(names, h.Name), h
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &hintError{
		lang.Errorf("--allow workload starts containers of the image %s, which is not on %s", workload.Image, strings.Join(names, ", ")),
		"labcheck images save - --only workload | " + s.dockerOn(at, "load"),
	}
}

// dockerOn is the docker CLI, typed on this machine for a host's engine.
func (s *session) dockerOn(h harness.Host, words ...string) string {
	t := s.target.(*ec2.Target)
	addr, direct := t.Direct(h.Name)
	if !direct {
		addr = h.Addr.String()
	}
	argv := append(t.Through(), "docker", "-H=tcp://"+net.JoinHostPort(addr, strconv.Itoa(int(h.Engine().Port()))))
	return harness.ShellLine(append(argv, words...)...)
}

// quotedName is a name in a sentence of the features.
var quotedName = regexp.MustCompile(`"([a-z0-9]+)"`)

// lacks says which host a scenario is about that the cluster does not have.
func (s *session) lacks(t harness.Topology, sc suite.Scenario) string {
	for _, h := range harness.Tutorial().Hosts() {
		if slices.ContainsFunc(t.Hosts(), func(o harness.Host) bool { return o.Name == h.Name }) {
			continue
		}
		for _, st := range sc.Steps {
			for _, m := range quotedName.FindAllStringSubmatch(st.Text, -1) {
				if m[1] == h.Name {
					return s.lang.Say("the inventory has no %s", h.Name)
				}
			}
		}
	}
	return ""
}

// sizesFrom says which sizes are the page's, and which the inventory's.
func (a *app) sizesFrom(t harness.Topology) string {
	return a.lang.Say("expected sizes: %s", report.Sizes(a.lang, t))
}

// bootstrapReal performs what of the tutorial is not done yet on a cluster that
// is no lab, after it was shown and agreed to.
func (s *session) bootstrapReal(ctx context.Context, b beyond, yes bool) error {
	if _, err := s.target.Up(ctx); err != nil {
		return err
	}
	fmt.Fprintln(s.err, s.lang.Say("On these nodes this will be done, where it is not done already:"))
	if err := s.plan(b); err != nil {
		return err
	}
	ok, err := s.agreed(ctx, yes, s.lang.Say("Go on?"), s.real.again("bootstrap", append(b.words(), "--yes")...))
	if err != nil || !ok {
		return err
	}
	if err := s.bootstrap(ctx, b); err != nil {
		return err
	}
	return s.showStatus(ctx)
}

// downReal removes the test containers that are left, and nothing else.
func (s *session) downReal(ctx context.Context, yes bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cluster, err := s.cluster(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	survey.Reach(ctx, cluster, s.nodes)
	left, err := leftovers(ctx, cluster)
	for _, l := range left {
		fmt.Fprintf(s.err, "  %s on %s, %s\n", l.Name, l.host, l.State)
	}
	removed := []string{}
	if len(left) > 0 {
		ok, askErr := s.agreed(ctx, yes, s.lang.Say("Remove these %d test containers of labcheck?", len(left)), s.real.again("down", "--yes"))
		if askErr != nil {
			return askErr
		}
		if ok {
			removed, askErr = remove(ctx, cluster, left)
		}
		err = errors.Join(err, askErr)
	}
	s.progress.close()
	if s.json {
		s.printJSON(map[string]any{"found": len(left), "removed": removed})
		return err
	}
	fmt.Fprintln(s.out, s.lang.Say("%d test containers of labcheck found, %d removed.", len(left), len(removed)))
	return err
}

func remove(ctx context.Context, c *engine.Cluster, left []leftover) ([]string, error) {
	removed := []string{}
	var errs []error
	for _, l := range left {
		err := c.Engine(l.host).Remove(ctx, l.ID)
		if err == nil || errors.Is(err, engine.ErrNotFound) {
			removed = append(removed, l.host+"/"+l.Name)
			continue
		}
		errs = append(errs, err)
	}
	return removed, errors.Join(errs...)
}

// envReal points a shell at the cluster where this machine reaches it itself.
func (s *session) envReal() error {
	t := s.target.(*ec2.Target)
	manager := t.Topology().Manager
	addr, direct := t.Direct(manager.Name)
	if !direct {
		return &hintError{lang.Errorf("this machine reaches the nodes by ssh only"), s.real.again("exec", manager.Name, "--", "docker", "info")}
	}
	s.printEnv(addr)
	return nil
}
