package main

import (
	"strings"

	"github.com/spf13/cobra"

	"labcheck/harness"
)

// language finds the language of an invocation before its flags are read, as
// their help is in it too: --lang, or else the first variable of the locale
// that is set, in the order of POSIX. A --lang that is wrong is reported when
// the flags are read.
func language(args []string, getenv func(string) string) harness.Lang {
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

func ofLocale(getenv func(string) string) harness.Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale := getenv(name); locale != "" {
			name, _, _ := strings.Cut(strings.NewReplacer(".", "_", "@", "_").Replace(locale), "_")
			if name == string(harness.Japanese) {
				return harness.Japanese
			}
			return harness.English
		}
	}
	return harness.English
}

// langFlag is a language as a flag.
type langFlag harness.Lang

func (l *langFlag) String() string { return string(*l) }

func (l *langFlag) Type() string { return "en|ja" }

func (l *langFlag) Set(text string) error {
	switch language := harness.Lang(text); language {
	case harness.English, harness.Japanese:
		*l = langFlag(language)
		return nil
	}
	return harness.Errorf("en and ja are possible", "指定できるのは en と ja である")
}

// translate puts what cobra itself says in a help into the language.
func (a *app) translate(root *cobra.Command) {
	if a.lang != harness.Japanese {
		return
	}
	root.SetUsageTemplate(strings.NewReplacer(
		"Usage:", "使い方:", "Aliases:", "別名:", "Examples:", "例:", "Available Commands:", "コマンド:",
		"Global Flags:", "共通のフラグ:", "Flags:", "フラグ:",
		`Use "{{.CommandPath}} [command] --help" for more information about a command.`,
		"コマンドごとの説明: {{.CommandPath}} [command] --help",
	).Replace(root.UsageTemplate()))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("completion")
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Short = "コマンドの説明を表示する"
			c.Long = c.Short + "。"
		case "completion":
			c.Short = "シェルの補完スクリプトを出力する"
			c.Long = c.Short + "。使い方はシェルごとの説明にある。"
			translateShells(c)
		}
		helpFlag(c)
		for _, sub := range c.Commands() {
			helpFlag(sub)
		}
	}
	helpFlag(root)
}

// shells are those that cobra completes for, and how each reads what is printed.
var shells = map[string]string{
	"bash":       "source <(labcheck completion bash)",
	"zsh":        "source <(labcheck completion zsh)",
	"fish":       "labcheck completion fish | source",
	"powershell": "labcheck completion powershell | Out-String | Invoke-Expression",
}

func translateShells(completion *cobra.Command) {
	for _, c := range completion.Commands() {
		c.Short = c.Name() + " の補完スクリプトを出力する"
		c.Long = c.Short + "。今のシェルで使うには:\n\n  " + shells[c.Name()]
		if f := c.Flags().Lookup("no-descriptions"); f != nil {
			f.Usage = "補完の説明を付けない"
		}
	}
}

func helpFlag(c *cobra.Command) {
	c.InitDefaultHelpFlag()
	c.Flags().Lookup("help").Usage = "この説明を表示する"
}
