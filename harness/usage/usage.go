// Package usage has cobra speak labcheck's languages: its help, and what is wrong with
// a command line.
package usage

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"labcheck/harness/lang"
)

// Check makes wrong arguments and flags of a command, and of those below it, errors
// that wrap makes of what is wrong and the command that shows the help. Of a command
// that only has others below it, cobra would print the help, and all would seem well.
func Check(c *cobra.Command, wrap func(err error, help string) error) {
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return wrap(translateFlagError(err), c.CommandPath()+" --help")
	})
	checkArguments(c, wrap)
}

func checkArguments(c *cobra.Command, wrap func(err error, help string) error) {
	args := c.Args
	if args == nil {
		args = cobra.NoArgs
	}
	takesNone := args(c, nil) == nil && args(c, []string{""}) != nil
	c.Args = func(c *cobra.Command, given []string) error {
		if args(c, given) == nil {
			return nil
		}
		err := lang.Errorf("wrong number of arguments, %d: %s", len(given), c.UseLine())
		if takesNone {
			err = lang.Errorf("unknown command %q for %q", given[0], c.CommandPath())
		}
		return wrap(err, c.CommandPath()+" --help")
	}
	if c.HasSubCommands() && !c.Runnable() {
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	for _, below := range c.Commands() {
		checkArguments(below, wrap)
	}
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
		why := value.Unwrap()
		if value.GetFlag().Value.Type() == "duration" {
			why = lang.Errorf("want a duration such as 90s or 5m")
		}
		return lang.Errorf("invalid argument %q for --%s: %w", value.GetValue(), value.GetFlag().Name, why)
	case errors.As(err, &syntax):
		return lang.Errorf("bad flag syntax: %s", syntax.GetSpecifiedFlag())
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
