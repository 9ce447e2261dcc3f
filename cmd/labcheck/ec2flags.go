package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"labcheck/harness"
	"labcheck/harness/ec2"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
	"labcheck/harness/terminal"
	"labcheck/harness/usage"
)

// ec2Flags are those of --target ec2.
type ec2Flags struct {
	set      *pflag.FlagSet // has all of them
	ssh      ec2.SSH
	ca, cert string
	tlsKey   string
	fromAWS  bool
	aws      ec2.AWS
}

func (f *ec2Flags) addFlags(l lang.Language) {
	flags := pflag.NewFlagSet("ec2", pflag.ContinueOnError)
	flags.StringVar(&f.ssh.Jump, "ssh-jump", "", l.Say(
		"reach the nodes of --target ec2 by ssh through this `host`, such as manager"))
	flags.StringVar(&f.ssh.User, "ssh-user", "", l.Say("log in on the nodes of --target ec2 as this `user`"))
	flags.StringVar(&f.ssh.Key, "ssh-key", "", l.Say("`file` of the private key to log in with"))
	flags.StringVar(&f.ca, "tls-ca", "", l.Say(
		"`file` of the authority that the engines of --target ec2 have their certificates from"))
	flags.StringVar(&f.cert, "tls-cert", "", l.Say("`file` of the certificate that the engines are shown"))
	flags.StringVar(&f.tlsKey, "tls-key", "", l.Say("`file` of the certificate's key"))
	flags.BoolVar(&f.fromAWS, "from-aws", false, l.Say(
		"ask AWS for the addresses of the nodes of --target ec2, by their Name tags"))
	flags.StringVar(&f.aws.Region, "aws-region", "", l.Say(
		"`region` to look in, if not that of the environment or ~/.aws/config"))
	flags.StringVar(&f.aws.Profile, "aws-profile", "", l.Say("`profile` of ~/.aws/config to look with"))
	flags.StringVar(&f.aws.VPC, "aws-vpc", "", l.Say("look in the VPC of this `ID` only"))
	flags.StringArrayVar(&f.aws.Tags, "aws-tag", nil, l.Say(
		"look for instances with this tag only, `KEY=VALUE`; may be given again"))
	f.set = flags
}

// check returns an error if flags that belong together are not given together.
func (f *ec2Flags) check() error {
	switch {
	case (f.cert == "") != (f.tlsKey == ""):
		return lang.Errorf("--tls-cert and --tls-key belong together")
	case f.cert != "" && f.ca == "":
		return lang.Errorf("--tls-cert needs --tls-ca")
	}
	return f.aws.Check()
}

// searchesInVain reports whether the command line says where to look for nodes in AWS, and
// not to look.
func (f *ec2Flags) searchesInVain() bool {
	isSearch := func(word string) bool { return strings.HasPrefix(word, "--aws-") }
	return !f.fromAWS && slices.ContainsFunc(usage.Given(f.set), isSearch)
}

// openEC2 finds out how nodes that exist are reached.
func (s *session) openEC2(ctx context.Context, may access) error {
	inventory, err := s.readInventory(ctx)
	if err != nil {
		return err
	}
	s.services, err = engine.FromEnv(s.real.ca, s.real.cert, s.real.tlsKey)
	switch {
	case errors.As(err, new(*harness.SettingError)):
		return err
	case err != nil:
		return usageError(err, "labcheck --help")
	}
	s.services.ReadOnly = may == readAccess
	o := ec2.Options{Inventory: inventory, ReadOnly: may == readAccess, Looks: survey.OnlyLooks, SSH: s.real.ssh}
	o.SSH.Interact, o.SSH.Warn = s.interact(), s.warn
	t, err := ec2.Open(o)
	switch {
	case errors.As(err, new(*ec2.JumpError)):
		return usageError(err, "labcheck --help")
	case err != nil:
		return err
	case s.real.ssh.Jump != "":
		t.LogIn(ctx)
	}
	s.target = t
	return nil
}

// interact returns what lets ssh ask a person on the terminal; nil if there is none.
func (s *session) interact() func(func() error) error {
	if !terminal.IsTerminal(s.in) {
		return nil
	}
	return func(do func() error) (err error) {
		s.screen.LeaveTo(func() { err = do() })
		return err
	}
}

// logIn has a command that runs others on nodes log in there while a person can be
// asked.
func (s *session) logIn(ctx context.Context) {
	if t, ok := s.target.(*ec2.Target); ok {
		t.LogIn(ctx)
	}
}

// readFile returns the inventory that --inventory names.
func (a *app) readFile() (ec2.Inventory, error) {
	i, err := ec2.ReadFile(a.inventory)
	if err != nil {
		err = usageError(err, "labcheck inventory example")
	}
	return i, err
}

// readInventory returns the file's inventory, or the page's; with --from-aws the
// addresses are those that AWS says.
func (a *app) readInventory(ctx context.Context) (i ec2.Inventory, err error) {
	i = ec2.Tutorial()
	if a.inventory != "" {
		if i, err = a.readFile(); err != nil {
			return i, err
		}
	}
	if !a.real.fromAWS {
		return i, nil
	}
	if i, err = ec2.Discover(ctx, a.real.aws, i); err != nil {
		return i, harness.WithHint(err, lang.Textf(
			"--aws-region, --aws-profile, --aws-vpc and --aws-tag say where to look; aws sts get-caller-identity says as whom"))
	}
	return i, nil
}
