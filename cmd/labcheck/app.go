package main

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/report"
	"labcheck/harness/terminal"
	"labcheck/harness/usage"
	"labcheck/sim"
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
//     before a cluster that is no lab is changed, unless --yes says so. And ssh
//     itself asks for passphrases and about the keys of hosts.

// app is one invocation: its streams, and the flags that all commands share.
type app struct {
	screen   *terminal.Screen
	in       io.Reader // the screen's, as out and err are
	out, err io.Writer
	lang     lang.Language
	target   string
	// options come from the lab's flags. Only a command that makes its own hosts sets their
	// Topology.
	options sim.Options
	// inventory is the file of the hosts to make, or of those that exist.
	inventory string
	timeout   time.Duration
	longTime  time.Duration // of a command that takes longer than others, unless --timeout is given
	json      bool
	quiet     bool
	verbose   bool
	noColor   bool
	asJSON    bool // --json is given, though another flag may be wrong
	printed   bool // the JSON document was
	goesOn    bool // the command leaves what it has done, also when it is interrupted
	real      ec2Flags
	// labSet and hostSet are the flags that choose a lab, and that describe hosts; sets
	// are these, those of nodes that exist, and those of all commands: see flagScope.
	labSet, hostSet *pflag.FlagSet
	sets            []usage.Set
	settings        usage.Settings
}

// runOn is main without the process: it runs a command on a screen, with the settings of an
// environment, and returns the exit code.
func runOn(ctx context.Context, args []string, s *terminal.Screen, getenv func(string) string) int {
	a := newApp(s)
	var err error
	a.settings, err = usage.ReadSettings(settingsFile, "LABCHECK_", getenv)
	a.lang, a.asJSON = a.settings.FindLanguage(args)
	root := a.root()
	if err != nil {
		return a.finish(ctx, err)
	}
	root.SetArgs(args)
	return a.finish(ctx, root.ExecuteContext(ctx))
}

func newApp(s *terminal.Screen) *app {
	return &app{screen: s, in: s.In, out: s.Out, err: s.Err, options: sim.Options{Dial: sim.DialAuto}}
}

// canColor reports whether what is written to a stream may have colours.
func (a *app) canColor(w io.Writer) bool {
	return terminal.IsTerminal(w) && !a.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// printJSON prints a document if --json asks for it, and reports whether it does.
func (a *app) printJSON(v any) bool {
	if a.json {
		a.printed = true
		_ = report.WriteJSON(a.out, v) // of our own types; a closed stdout has nobody to tell
	}
	return a.json
}

func newProgress(a *app) *terminal.Progress {
	return terminal.NewProgress(a.screen, a.quiet, a.verbose, a.canColor(a.err))
}

const about = `labcheck verifies the claims of the tutorial "Try Swarm at scale: set up
cluster resources" on five hosts that it starts itself, with real engines,
Swarm and Consul.

Without a command it checks: if the lab is running it only looks, and leaves
the lab as it was; if there is none it makes one, performs the tutorial on it,
checks it and removes it again.

A flag that several commands have can be set by a variable, such as LABCHECK_LAB
for --lab, or in a file .labcheck.yaml of the working folder: lab: two`

func (a *app) root() *cobra.Command {
	check := newCheckCommand(a)
	var showVersion bool
	root := &cobra.Command{
		Use: "labcheck", Long: a.lang.Format(about),
		Short:   a.lang.Say("Checks what a Swarm tutorial promises, on real hosts"),
		Example: "  labcheck doctor\n  labcheck\n  labcheck up && labcheck status",
		RunE: func(c *cobra.Command, args []string) error {
			if showVersion {
				printVersion(a)
				return nil
			}
			return check.RunE(c, args)
		},
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			shared := a.addSharedFlags(pflag.NewFlagSet("shared", pflag.ContinueOnError), scopeAll)
			if err := a.settings.Apply(shared); err != nil {
				return err
			}
			preferTypedHosts(a)
			if a.json && slices.ContainsFunc(textCommands, func(name string) bool { return isBelow(c, name) }) {
				return usageError(lang.Errorf("%s prints text: it has no JSON document", c.CommandPath()), "labcheck --help")
			}
			return a.checkFlags(isBelow(c, inventoryName))
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out) // before completion's commands keep it
	root.SetErr(a.err)
	root.Flags().AddFlagSet(check.Flags())
	root.Flags().BoolVar(&showVersion, "version", false, a.lang.Say("print the version"))
	a.addFlags(root.PersistentFlags())
	a.addSharedFlags(root.Flags(), scopeNodes)
	addCommands(a, root, check)
	completeFlags(a, root)
	usage.Check(root, usageError)
	usage.Help{Lang: a.lang, Width: terminal.Width(a.out), Sets: a.sets}.Install(root)
	return root
}

// textCommands print scripts or pages, which --json does not change.
var textCommands = []string{"completion", "docs", "transcript"}

// isBelow reports whether a command is the one of a name, or one of its subcommands.
func isBelow(c *cobra.Command, name string) bool {
	return c.HasParent() && (c.Name() == name || isBelow(c.Parent(), name))
}

// flagScope is what a command is about, and so how many of the sets of flags that several
// commands share it has.
type flagScope int

const (
	scopeNone  flagScope = iota
	scopeLab             // flags that choose a lab, which has hosts of its own
	scopeHosts           // the same, and those that describe hosts
	scopeNodes           // the same, and those of nodes that exist
	scopeAll             // the same, and those of all commands
)

// entry is a command beside check. Each is in a file of its name.
type entry struct {
	create func(*app) *cobra.Command
	about  flagScope
}

// addCommands adds the commands in groups, as the help shows them.
func addCommands(a *app, root, check *cobra.Command) {
	newCheck := func(*app) *cobra.Command { return check }
	addGroup(a, root, "check", a.lang.Say("Check a cluster:"), []entry{
		{newCheck, scopeNodes},
		{newDiagnoseCommand, scopeNodes},
		{newStatusCommand, scopeNodes},
		{newWatchCommand, scopeNodes},
		{newScaleCommand, scopeLab},
		{newReportCommand, scopeNone},
		{newExplainCommand, scopeNone},
	})
	addGroup(a, root, "lab", a.lang.Say("Make and use labs:"), []entry{
		{newUpCommand, scopeHosts},
		{newDownCommand, scopeNodes},
		{newListCommand, scopeHosts},
		{newDoctorCommand, scopeHosts},
		{newExecCommand, scopeNodes},
		{newEnvCommand, scopeNodes},
		{newFaultCommand, scopeHosts},
		{newCaptureCommand, scopeHosts},
		{newImagesCommand, scopeHosts},
	})
	addGroup(a, root, "tutorial", a.lang.Say("Perform the tutorial:"), []entry{
		{newTutorialCommand, scopeHosts}, {newBootstrapCommand, scopeNodes},
	})
	addGroup(a, root, "more", a.lang.Say("More:"), []entry{
		{newInventoryCommand, scopeNodes},
		{newSchemaCommand, scopeNone},
		{newDocsCommand, scopeNone},
		{newTranscriptCommand, scopeHosts},
		{newVersionCommand, scopeNone},
		{newWatchdogCommand, scopeNone},
		{newEnginesCommand, scopeNone},
	})
	root.SetHelpCommandGroupID("more")
	root.SetCompletionCommandGroupID("more")
	root.InitDefaultCompletionCmd()
}

func addGroup(a *app, root *cobra.Command, id, title string, all []entry) {
	root.AddGroup(&cobra.Group{ID: id, Title: title})
	for _, e := range all {
		c := e.create(a)
		c.GroupID = id
		a.addSharedFlags(c.PersistentFlags(), e.about)
		root.AddCommand(c)
	}
}

// addFlags defines the flags that several commands share, and adds those of all.
func (a *app) addFlags(all *pflag.FlagSet) {
	f := pflag.NewFlagSet("lab", pflag.ContinueOnError)
	f.SortFlags = false // hints repeat them in this order
	f.StringVar(&a.target, "target", "sim", a.lang.Say("where the hosts are: `sim|ec2`"))
	f.StringVar(&a.options.Lab, "lab", sim.DefaultLab, a.lang.Say("`name` of the lab"))
	f.StringVar(&a.options.Context, "context", "", a.lang.Say(
		"docker `context` of the engine that holds the lab, if not the one that docker uses"))
	f.StringSliceVar(&a.options.Engines, "engine", nil, a.lang.Say(
		"`engine` that holds the lab: an address or a context; may be given again, for a lab on several machines"))
	f.Var((*sim.Subnet)(&a.options.Subnet), "subnet", a.lang.Say("the lab's subnet, if not the tutorial's 192.168.33.0/24"))
	f.Var(&a.options.Dial, "dial", a.lang.Say("how hosts are reached"))
	f.StringVar(&a.options.Images.Registry, "registry", "", a.lang.Say("`registry` that has finished images, host[:port][/path]"))
	f.StringVar(&a.options.Images.DebianMirror, "debian-mirror", "", a.lang.Say("`URL` of a Debian mirror that is asked first"))
	a.labSet = f
	a.hostSet = pflag.NewFlagSet("hosts", pflag.ContinueOnError)
	a.hostSet.StringVarP(&a.inventory, "inventory", "f", "", a.lang.Say(
		"`file` of the hosts: those that a lab is to have, or with --target ec2 those that exist"))
	a.hostSet.IntVar(&a.options.Hosts, "nodes", 0, a.lang.Say(
		"make a lab of this `number` of hosts, the manager and node1, node2, …"))
	a.real.addFlags(a.lang)
	all.DurationVar(&a.timeout, "timeout", harness.DefaultTimeout, a.lang.Say("how long the whole command may take"))
	all.Var(&a.lang, "lang", a.lang.Say("language of what is said, if not the locale's"))
	all.BoolVar(&a.json, "json", false, a.lang.Say("one JSON document on stdout"))
	all.BoolVarP(&a.quiet, "quiet", "q", false, a.lang.Say("no progress"))
	all.BoolVarP(&a.verbose, "verbose", "v", false, a.lang.Say("more progress"))
	all.BoolVar(&a.noColor, "no-color", false, a.lang.Say("no colours (also: NO_COLOR)"))
	a.sets = []usage.Set{
		{Title: a.lang.Say("Flags that choose the lab:"), Flags: a.labSet},
		{Title: a.lang.Say("Flags that describe the hosts:"), Flags: a.hostSet},
		{Title: a.lang.Say("Flags of --target ec2:"), Flags: a.real.set},
		{Title: a.lang.Say("Flags of all commands:"), Flags: all},
	}
}

// addSharedFlags adds the flags of a scope that several commands share.
func (a *app) addSharedFlags(to *pflag.FlagSet, scope flagScope) *pflag.FlagSet {
	for _, s := range a.sets[:scope] {
		to.AddFlagSet(s.Flags)
	}
	return to
}

// commandLine returns a command on the target that the flags name, as one types it.
func (a *app) commandLine(command string, more ...string) string {
	words := append([]string{"labcheck"}, strings.Fields(command)...)
	for _, s := range a.sets[:scopeNodes] {
		words = append(words, usage.Given(s.Flags)...)
	}
	return harness.ShellLine(append(words, more...)...)
}

// checkFlags checks the flags that several commands share. Those that say where nodes
// are belong to --target ec2, and to what is about inventories.
func (a *app) checkFlags(aboutInventory bool) error {
	var err error
	switch {
	case a.target == "sim" && usage.Given(a.real.set) != nil && !aboutInventory:
		err = lang.Errorf("flags for nodes that exist need --target ec2")
	case a.target == "ec2" && !aboutInventory && a.real.searchesInVain():
		err = lang.Errorf("--aws-region, --aws-profile, --aws-vpc and --aws-tag need --from-aws")
	case a.target == "ec2" && a.real.check() != nil:
		err = a.real.check()
	case a.target != "sim" && a.target != "ec2":
		err = lang.Errorf("--target %s: want sim or ec2", a.target)
	case a.target != "sim" && a.options.Hosts != 0:
		err = lang.Errorf("--nodes is about labs: no hosts are made for --target %s", a.target)
	case a.hostSet.Changed("nodes") && a.options.Hosts < 2:
		err = lang.Errorf("--nodes %d: want at least 2", a.options.Hosts)
	case a.options.Hosts != 0 && a.inventory != "":
		err = lang.Errorf("--nodes and --inventory can't be used together")
	case sim.CheckName(a.options.Lab) != nil:
		err = lang.Errorf("--lab: %w", sim.CheckName(a.options.Lab))
	case a.labSet.Changed("engine") && a.labSet.Changed("context"):
		err = lang.Errorf("--engine and --context can't be used together")
	case a.options.Form && len(a.options.Engines) < 2:
		err = lang.Errorf("--form is about labs on several machines: name their engines with --engine")
	case a.quiet && a.verbose:
		err = lang.Errorf("--quiet and --verbose can't be used together")
	case a.timeout <= 0:
		err = lang.Errorf("--timeout %s: it must be more than 0", a.timeout)
	}
	if err != nil {
		return usageError(err, "labcheck --help")
	}
	return nil
}

// preferTypedHosts drops the one of --nodes and --inventory that is only set if the other
// one is on the command line, and --nodes if the hosts exist.
func preferTypedHosts(a *app) {
	nodes, file := a.hostSet.Changed("nodes"), a.hostSet.Changed("inventory")
	if !nodes && (file || a.target != "sim") {
		a.options.Hosts = 0
	}
	if nodes && !file {
		a.inventory = ""
	}
}

func (a *app) simOptions() sim.Options {
	o := a.options
	o.Engines, o.Watchdog, o.Warn = chosenEngines(a), watchdogArgv(), a.warn
	o.Lang, o.Images.Lang = a.lang, a.lang
	return o
}

// chosenEngines returns the engines that --engine names. A setting counts less
// than --context. A setting of one engine also counts less than DOCKER_HOST, because
// `labcheck env` sets both.
func chosenEngines(a *app) []string {
	isSet := !a.labSet.Changed("engine")
	if isSet && (a.labSet.Changed("context") || len(a.options.Engines) == 1 && os.Getenv(sim.EnvHost) != "") {
		return nil
	}
	return a.options.Engines
}

// labOptions returns what simOptions returns, with the hosts that the lab is to have.
func (a *app) labOptions() (sim.Options, error) {
	o := a.simOptions()
	switch {
	case o.Topology != nil || o.Removing: // the command, or the lab, has hosts of its own
		o.Hosts = 0
	case a.inventory != "":
		i, err := a.readFile()
		t := i.Topology()
		o.Topology = &t
		return o, err
	}
	return o, nil
}

// settingsFile has values of flags for the commands that run in its folder.
const settingsFile = ".labcheck.yaml"
