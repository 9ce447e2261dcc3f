// Package usage has cobra speak labcheck's languages: its help, and what is wrong with
// a command line.
package usage

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"labcheck/harness/lang"
)

// Check makes wrong arguments and flags of a command, and of those below it, errors
// that wrap makes of what is wrong and of what helps: the commands that may have been
// meant, or the help. Of a command that only has others below it, cobra would
// print the help, and all would seem well.
func Check(c *cobra.Command, wrap func(err error, help string) error) {
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		help := c.CommandPath() + " --help"
		if strings.Contains(c.Use, " -- ") { // the flag may be one of the command that it runs
			help = strings.TrimSuffix(c.UseLine(), " [flags]")
		}
		return wrap(translateFlagError(err), help)
	})
	checkArguments(c, wrap)
	c.InitDefaultHelpCmd()
	help, _, _ := c.Find([]string{"help"})
	help.Args = func(_ *cobra.Command, given []string) error {
		about, rest, _ := c.Find(given)
		if len(rest) == 0 {
			return nil
		}
		return wrap(lang.Errorf("unknown command %q for %q", rest[0], about.CommandPath()), suggestCommand(about, rest[0]))
	}
}

func checkArguments(c *cobra.Command, wrap func(err error, help string) error) {
	args := c.Args
	if args == nil {
		args = cobra.NoArgs
	}
	takesNone := args(c, nil) == nil && args(c, []string{""}) != nil
	c.Args = func(c *cobra.Command, given []string) error {
		switch {
		case args(c, given) == nil:
			return nil
		case takesNone && c.HasSubCommands():
			return wrap(lang.Errorf("unknown command %q for %q", given[0], c.CommandPath()), suggestCommand(c, given[0]))
		}
		err := lang.Errorf("wrong number of arguments, %d: %s", len(given), c.UseLine())
		return wrap(err, c.CommandPath()+" --help")
	}
	if c.HasSubCommands() && !c.Runnable() {
		c.RunE = func(c *cobra.Command, _ []string) error {
			return wrap(lang.Errorf("%s needs a command: %s", c.CommandPath(), namesBelow(c)), c.CommandPath()+" --help")
		}
	}
	for _, below := range c.Commands() {
		checkArguments(below, wrap)
	}
}

// suggestCommand returns the commands below c that may have been meant, or c's help.
func suggestCommand(c *cobra.Command, typed string) string {
	c.SuggestionsMinimumDistance = 2
	meant := c.SuggestionsFor(typed)
	if len(meant) == 0 {
		return c.CommandPath() + " --help"
	}
	for i, name := range meant {
		meant[i] = c.CommandPath() + " " + name
	}
	return strings.Join(meant, ", ")
}

// namesBelow lists the commands below c.
func namesBelow(c *cobra.Command) string {
	var names []string
	for _, below := range c.Commands() {
		if below.IsAvailableCommand() {
			names = append(names, below.Name())
		}
	}
	return strings.Join(names, ", ")
}

// translateFlagError returns what pflag says of a flag, in every language.
func translateFlagError(err error) error {
	var (
		unknown *pflag.NotExistError
		bare    *pflag.ValueRequiredError
		value   *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
	)
	switch {
	case errors.As(err, &unknown):
		return lang.Errorf("unknown flag: %s", typedFlag(unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames()))
	case errors.As(err, &bare):
		return lang.Errorf("flag needs an argument: %s", typedFlag(bare.GetSpecifiedName(), bare.GetSpecifiedShortnames()))
	case errors.As(err, &value):
		why := valueError(value.GetFlag(), value.Unwrap())
		return lang.Errorf("invalid argument %q for --%s: %w", value.GetValue(), value.GetFlag().Name, why)
	case errors.As(err, &syntax):
		return lang.Errorf("bad flag syntax: %s", syntax.GetSpecifiedFlag())
	}
	return err
}

// valueError says what value a flag takes, in every language, if what pflag says of it
// is not labcheck's own.
func valueError(f *pflag.Flag, err error) error {
	switch f.Value.Type() {
	case "duration":
		return lang.Errorf("want a duration such as 90s or 5m")
	case "bool":
		return lang.Errorf("want true or false")
	case "int":
		return lang.Errorf("want a whole number")
	case "uint16":
		return lang.Errorf("want a whole number up to 65535")
	}
	return err
}

// typedFlag returns a flag as it is typed; letters are those among which one that
// is a letter was given.
func typedFlag(name, letters string) string {
	if letters != "" {
		return "-" + name
	}
	return "--" + name
}
