package main

import (
	"errors"
	"strings"

	"labcheck/harness/lang"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// strict makes wrong arguments an error of use, also of a command that only has
// others below it: cobra prints its help, and all seems well.
func strict(c *cobra.Command) {
	if c.Args == nil {
		c.Args = cobra.NoArgs
	}
	c.Args = usage(c.Args)
	if c.HasSubCommands() && !c.Runnable() {
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
}

// usage makes wrong arguments an error of use.
func usage(args cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		err := args(c, given)
		if err == nil {
			return nil
		}
		if strings.HasPrefix(err.Error(), "unknown command") {
			err = lang.Errorf("unknown command %q for %q", given[0], c.CommandPath())
		} else {
			err = lang.Errorf("wrong number of arguments, %d: %s", len(given), c.UseLine())
		}
		return &usageError{err, c.CommandPath() + " --help"}
	}
}

// wrongFlag is what pflag says of a flag, in both languages.
func wrongFlag(err error) error {
	var (
		unknown *pflag.NotExistError
		bare    *pflag.ValueRequiredError
		value   *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
	)
	switch {
	case errors.As(err, &unknown):
		return lang.Errorf("unknown flag: %s", dashed(unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames()))
	case errors.As(err, &bare):
		return lang.Errorf("flag needs an argument: %s", dashed(bare.GetSpecifiedName(), bare.GetSpecifiedShortnames()))
	case errors.As(err, &value):
		why := value.Unwrap()
		if value.GetFlag().Value.Type() == "duration" {
			why = lang.Errorf("such as 90s or 5m is needed")
		}
		return lang.Errorf("invalid argument %q for --%s: %w", value.GetValue(), value.GetFlag().Name, why)
	case errors.As(err, &syntax):
		return lang.Errorf("bad flag syntax: %s", syntax.GetSpecifiedFlag())
	}
	return err
}

// dashed is a flag as it is typed; short are the letters that one that is a
// letter was given among.
func dashed(name, short string) string {
	if short != "" {
		return "-" + name
	}
	return "--" + name
}
