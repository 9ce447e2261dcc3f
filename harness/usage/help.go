package usage

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"labcheck/harness/lang"
)

// Help is how commands show their help.
type Help struct {
	Lang  lang.Language
	Width int // columns of the terminal
	// Sets are flags that several commands share. Each has a part of its own in the
	// help of a command that has them.
	Sets []Set
}

// Set is a set of flags with the title that it has in a help.
type Set struct {
	Title string
	Flags *pflag.FlagSet
}

// Install has a command, and those below it, show their help so, with what cobra
// itself says in the language.
func (h Help) Install(root *cobra.Command) {
	root.SetUsageFunc(h.write)
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Short, c.Long = h.Lang.Say("Show what a command does"), h.Lang.Say("Shows what a command does.")
		case "completion":
			c.Short = h.Lang.Say("Print a completion script for a shell")
			c.Long = h.Lang.Say("Prints a completion script for a shell. Its help says how to use it.")
			translateShells(c, h.Lang)
		}
	}
	translateHelpFlags(root, h.Lang)
}

// write writes everything of a command's help below what the command does.
func (h Help) write(c *cobra.Command) error {
	c.InheritedFlags() // adds them to those of c
	w := c.OutOrStderr()
	lines := "  " + c.UseLine()
	if c.HasAvailableSubCommands() {
		lines = "  " + c.CommandPath() + " [command] [flags]"
	}
	fmt.Fprintf(w, "%s\n%s\n", h.Lang.Say("Usage:"), lines)
	writePart(w, h.Lang.Say("Examples:"), c.Example)
	for _, g := range c.Groups() {
		writePart(w, g.Title, commandLines(c, g.ID))
	}
	writePart(w, h.Lang.Say("Commands:"), commandLines(c, ""))
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !slices.ContainsFunc(h.Sets, func(s Set) bool { return s.Flags.Lookup(f.Name) == f }) {
			own.AddFlag(f)
		}
	})
	h.writeFlags(w, Set{h.Lang.Say("Flags:"), own})
	for _, s := range h.Sets {
		first := ""
		s.Flags.VisitAll(func(f *pflag.Flag) { first = f.Name })
		if c.Flags().Lookup(first) == s.Flags.Lookup(first) {
			h.writeFlags(w, s)
		}
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n%s\n", h.Lang.Say("%s [command] --help says more about a command.", c.CommandPath()))
	}
	return nil
}

// writePart writes a part of a help with its title; nothing if it is empty.
func writePart(w io.Writer, title, text string) {
	if text != "" {
		fmt.Fprintf(w, "\n%s\n%s\n", title, strings.TrimRight(text, "\n"))
	}
}

func (h Help) writeFlags(w io.Writer, s Set) {
	writePart(w, s.Title, s.Flags.FlagUsagesWrapped(h.Width))
}

// commandLines returns a line for each command of a group below c.
func commandLines(c *cobra.Command, group string) string {
	var b strings.Builder
	for _, below := range c.Commands() {
		if below.GroupID == group && (below.IsAvailableCommand() || below.Name() == "help") {
			fmt.Fprintf(&b, "  %-*s %s\n", below.NamePadding(), below.Name(), below.Short)
		}
	}
	return b.String()
}

// shells are those that cobra completes for, and how each reads what is printed.
var shells = map[string]string{
	"bash":       "source <(labcheck completion bash)",
	"zsh":        "source <(labcheck completion zsh)",
	"fish":       "labcheck completion fish | source",
	"powershell": "labcheck completion powershell | Out-String | Invoke-Expression",
}

func translateShells(completion *cobra.Command, l lang.Language) {
	for _, c := range completion.Commands() {
		c.Short = l.Say("Print the completion script for %s", c.Name())
		c.Long = l.Say("Prints the completion script for %s. To use it in this shell:\n\n  %s", c.Name(), shells[c.Name()])
		if f := c.Flags().Lookup("no-descriptions"); f != nil {
			f.Usage = l.Say("leave descriptions out of the completions")
		}
	}
}

// translateHelpFlags translates --help of a command and of all below it.
func translateHelpFlags(c *cobra.Command, l lang.Language) {
	c.InitDefaultHelpFlag()
	c.Flags().Lookup("help").Usage = l.Say("show this help")
	for _, below := range c.Commands() {
		translateHelpFlags(below, l)
	}
}
