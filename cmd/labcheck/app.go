package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/terminal"
	"labcheck/harness/usage"
	"labcheck/sim"
	"labcheck/sim/images"
)

// Rules of the user interface:
//
//   - stdout has what was asked for: a list, a document, a verdict. stderr has
//     everything else: progress, errors, hints. With --json stdout has one JSON
//     document, also when the command fails.
//   - An error is one sentence; a hint, what to do about it, is the next line.
//   - Progress on a terminal is a line that changes; in a log, one line for
//     each part that ended. Nothing is written to a terminal but through screen.
//   - Nothing is asked: a command does what its name says or says why not. But
//     before a cluster that is no lab is changed, unless --yes says so, and for
//     the passphrase of a key.

// app is one invocation: its streams, and the flags that all commands share.
type app struct {
	screen   *terminal.Screen
	in       io.Reader // the screen's, as out and err are
	out, err io.Writer
	lang     lang.Language
	target   string
	lab      string
	context  string
	subnet   sim.Subnet
	dial     sim.DialMode
	registry string
	mirror   string
	timeout  time.Duration
	json     bool
	quiet    bool
	verbose  bool
	noColor  bool
	printed  bool // the JSON document was
	goesOn   bool // the command leaves what it has done, also when it is interrupted
	real     ec2Flags
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	return runOn(ctx, args, terminal.New(ctx, in, out, err))
}

// runOn is run on a screen that the process has.
func runOn(ctx context.Context, args []string, s *terminal.Screen) int {
	a := newApp(s)
	a.lang = languageOf(args, os.Getenv)
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	return a.finish(ctx, root.ExecuteContext(ctx))
}

func newApp(s *terminal.Screen) *app {
	return &app{screen: s, in: s.In, out: s.Out, err: s.Err, dial: sim.DialAuto}
}

// canColor reports whether what is written to a stream may have colours.
func (a *app) canColor(w io.Writer) bool {
	return terminal.IsTerminal(w) && !a.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func (a *app) printJSON(v any) {
	a.printed = true
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // of our own types; a closed stdout has nobody to tell
}

func newProgress(a *app) *terminal.Progress {
	return terminal.NewProgress(a.screen, a.quiet, a.verbose, a.canColor(a.err))
}

const about = `labcheck verifies the claims of the tutorial "Try Swarm at scale: set up
cluster resources" on five hosts that it starts itself, with real engines,
Swarm and Consul.

Without a command it checks: if the lab is running it only looks, and leaves
the lab as it was; if there is none it makes one, performs the tutorial on it,
checks it and removes it again.`

func (a *app) root() *cobra.Command {
	check := newCheckCommand(a)
	root := &cobra.Command{
		Use: "labcheck", Long: a.lang.Format(about),
		Short: a.lang.Say("Checks what a Swarm tutorial promises, on real hosts"),
		RunE:  check.RunE, SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			if err := a.readTimeout(c); err != nil {
				return err
			}
			return a.checkFlags(c.Parent() != nil && c.Parent().Name() == inventoryName)
		},
	}
	root.Flags().AddFlagSet(check.Flags())
	a.addFlags(root.PersistentFlags())
	root.AddCommand(check)
	for _, newCommand := range commands() {
		root.AddCommand(newCommand(a))
	}
	root.InitDefaultCompletionCmd()
	usage.Check(root, func(err error, help string) error { return &usageError{err, help} })
	usage.Translate(root, a.lang)
	return root
}

// commands returns what makes the commands beside check, each of which is in a file
// of its name.
func commands() []func(*app) *cobra.Command {
	return []func(*app) *cobra.Command{
		newBootstrapCommand, newDiagnoseCommand, newDocsCommand, newDoctorCommand, newDownCommand, newEnvCommand,
		newExecCommand, newFaultCommand, newImagesCommand, newInventoryCommand, newReportCommand, newStatusCommand,
		newTranscriptCommand, newTutorialCommand, newUpCommand, newVersionCommand, newWatchCommand, newWatchdogCommand,
	}
}

// addFlags adds the flags that all commands share.
func (a *app) addFlags(f *pflag.FlagSet) {
	f.StringVar(&a.target, "target", "sim", a.lang.Say("where the hosts are: sim or ec2"))
	f.StringVar(&a.lab, "lab", sim.DefaultLab, a.lang.Say("`name` of the lab"))
	f.StringVar(&a.context, "context", "", a.lang.Say(
		"docker `context` of the engine that holds the lab, if not the one that docker uses"))
	f.Var(&a.subnet, "subnet", a.lang.Say("the lab's subnet, 24 bits, if not the tutorial's 192.168.33.0/24"))
	f.Var(&a.dial, "dial", a.lang.Say("how hosts are reached"))
	f.StringVar(&a.registry, "registry", os.Getenv("LABCHECK_REGISTRY"), a.lang.Say(
		"`registry` that has finished images, host[:port][/path] (also: LABCHECK_REGISTRY)"))
	f.StringVar(&a.mirror, "debian-mirror", os.Getenv("LABCHECK_DEBIAN_MIRROR"), a.lang.Say(
		"`URL` of a Debian mirror that is asked first (also: LABCHECK_DEBIAN_MIRROR)"))
	a.real.add(f, a.lang)
	f.DurationVar(&a.timeout, "timeout", harness.DefaultTimeout, a.lang.Say("how long the whole command may take"))
	f.Var(&a.lang, "lang", a.lang.Say("language of what is said, if not the locale's"))
	f.BoolVar(&a.json, "json", false, a.lang.Say("one JSON document on stdout"))
	f.BoolVarP(&a.quiet, "quiet", "q", false, a.lang.Say("no progress"))
	f.BoolVarP(&a.verbose, "verbose", "v", false, a.lang.Say("more progress"))
	f.BoolVar(&a.noColor, "no-color", false, a.lang.Say("no colours (also: NO_COLOR)"))
}

// timeoutVariable is the environment variable that holds what --timeout is if it
// is not given: for machines on which every command takes longer, such as
// emulated ones.
const timeoutVariable = "LABCHECK_TIMEOUT"

// readTimeout sets --timeout from the environment.
func (a *app) readTimeout(c *cobra.Command) error {
	text := os.Getenv(timeoutVariable)
	if text == "" || c.Flags().Changed("timeout") {
		return nil
	}
	timeout, err := time.ParseDuration(text)
	if err != nil {
		err := lang.Errorf("%s=%s: it is not a duration such as 30m", timeoutVariable, text)
		return &usageError{err, "unset " + timeoutVariable}
	}
	a.timeout = timeout
	return nil
}

// checkFlags checks the flags that all commands share. Those that say where nodes
// are belong to --target ec2, and to what is about inventories.
func (a *app) checkFlags(aboutInventory bool) error {
	var err error
	switch {
	case a.target == "sim" && a.real.given() != nil && !aboutInventory:
		err = lang.Errorf("flags for nodes that exist need --target ec2")
	case a.target == "ec2" && a.real.check() != nil:
		err = a.real.check()
	case a.target != "sim" && a.target != "ec2":
		err = lang.Errorf("--target %s: want sim or ec2", a.target)
	case sim.CheckName(a.lab) != nil:
		err = lang.Errorf("--lab: %w", sim.CheckName(a.lab))
	case a.quiet && a.verbose:
		err = lang.Errorf("--quiet and --verbose can't be used together")
	case a.timeout <= 0:
		err = lang.Errorf("--timeout %s: it must be more than 0", a.timeout)
	}
	if err != nil {
		return &usageError{err, "labcheck --help"}
	}
	return nil
}

func (a *app) simOptions() sim.Options {
	return sim.Options{
		Lab: a.lab, Context: a.context, Subnet: a.subnet.Prefix, Dial: a.dial, Lang: a.lang,
		Images:   images.Options{Registry: a.registry, DebianMirror: a.mirror, Lang: a.lang},
		Watchdog: watchdogArgv(),
	}
}

// languageOf finds the language of an invocation before its flags are read, as
// their help is in it too: --lang, or else the first variable of the locale
// that is set, in the order of POSIX. A --lang that is wrong is reported when
// the flags are read.
func languageOf(args []string, getenv func(string) string) lang.Language {
	l := lang.OfLocale(getenv)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		value, given := strings.CutPrefix(arg, "--lang=")
		if arg == "--lang" && i+1 < len(args) {
			value, given = args[i+1], true
		}
		if given {
			_ = l.Set(value)
		}
	}
	return l
}
