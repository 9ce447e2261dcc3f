package main

import (
	"strings"

	"labcheck/harness/lang"

	"github.com/spf13/cobra"
)

// language finds the language of an invocation before its flags are read, as
// their help is in it too: --lang, or else the first variable of the locale
// that is set, in the order of POSIX. A --lang that is wrong is reported when
// the flags are read.
func language(args []string, getenv func(string) string) lang.Language {
	l := ofLocale(getenv)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		value, given := strings.CutPrefix(arg, "--lang=")
		if arg == "--lang" && i+1 < len(args) {
			value, given = args[i+1], true
		}
		if given {
			_ = (*langFlag)(&l).Set(value)
		}
	}
	return l
}

func ofLocale(getenv func(string) string) lang.Language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale := getenv(name); locale != "" {
			name, _, _ := strings.Cut(strings.NewReplacer(".", "_", "@", "_").Replace(locale), "_")
			if name == string(lang.Japanese) {
				return lang.Japanese
			}
			return lang.English
		}
	}
	return lang.English
}

// langFlag is a language as a flag.
type langFlag lang.Language

func (l *langFlag) String() string { return string(*l) }

func (l *langFlag) Type() string { return "en|ja" }

func (l *langFlag) Set(text string) error {
	switch language := lang.Language(text); language {
	case lang.English, lang.Japanese:
		*l = langFlag(language)
		return nil
	}
	return lang.Errorf("en and ja are possible")
}

// translate puts what cobra itself says in a help into the language.
func (a *app) translate(root *cobra.Command) {
	if a.lang != lang.Japanese {
		return
	}
	usage := root.UsageTemplate()
	for _, label := range cobraLabels() {
		usage = strings.ReplaceAll(usage, label, a.lang.Format(label))
	}
	root.SetUsageTemplate(usage)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("completion")
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Short = a.lang.Say("shows what a command does")
			c.Long = a.lang.Say("Shows what a command does.")
		case "completion":
			c.Short = a.lang.Say("prints a completion script for a shell")
			c.Long = a.lang.Say("Prints a completion script for a shell. How to use it is in the help of each shell.")
			a.translateShells(c)
		}
		a.translateHelpFlag(c)
		for _, sub := range c.Commands() {
			a.translateHelpFlag(sub)
		}
	}
	a.translateHelpFlag(root)
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

func (a *app) translateShells(completion *cobra.Command) {
	for _, c := range completion.Commands() {
		c.Short = a.lang.Say("prints the completion script for %s", c.Name())
		c.Long = a.lang.Say("Prints the completion script for %s. To use it in this shell:\n\n  %s", c.Name(), shells[c.Name()])
		if f := c.Flags().Lookup("no-descriptions"); f != nil {
			f.Usage = a.lang.Say("leaves descriptions out of the completions")
		}
	}
}

func (a *app) translateHelpFlag(c *cobra.Command) {
	c.InitDefaultHelpFlag()
	c.Flags().Lookup("help").Usage = a.lang.Say("shows this help")
}
