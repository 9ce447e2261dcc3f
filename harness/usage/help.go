package usage

import (
	"strings"

	"github.com/spf13/cobra"

	"labcheck/harness/lang"
)

// Translate puts what cobra itself says in a help into a language.
func Translate(root *cobra.Command, l lang.Language) {
	if l != lang.Japanese {
		return
	}
	usage := root.UsageTemplate()
	for _, label := range cobraLabels() {
		usage = strings.ReplaceAll(usage, label, l.Format(label))
	}
	root.SetUsageTemplate(usage)
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Short, c.Long = l.Say("shows what a command does"), l.Say("Shows what a command does.")
		case "completion":
			c.Short = l.Say("prints a completion script for a shell")
			c.Long = l.Say("Prints a completion script for a shell. How to use it is in the help of each shell.")
			translateShells(c, l)
		}
	}
	translateHelpFlags(root, l)
}

// cobraLabels returns what cobra's usage template says in English.
func cobraLabels() []string {
	return []string{
		"Usage:", "Aliases:", "Examples:", "Available Commands:", "Global Flags:", "Flags:",
		`Use "{{.CommandPath}} [command] --help" for more information about a command.`,
	}
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
		c.Short = l.Say("prints the completion script for %s", c.Name())
		c.Long = l.Say("Prints the completion script for %s. To use it in this shell:\n\n  %s", c.Name(), shells[c.Name()])
		if f := c.Flags().Lookup("no-descriptions"); f != nil {
			f.Usage = l.Say("leaves descriptions out of the completions")
		}
	}
}

// translateHelpFlags translates --help of a command and of all below it.
func translateHelpFlags(c *cobra.Command, l lang.Language) {
	c.InitDefaultHelpFlag()
	c.Flags().Lookup("help").Usage = l.Say("shows this help")
	for _, below := range c.Commands() {
		translateHelpFlags(below, l)
	}
}
