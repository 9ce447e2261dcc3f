package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"labcheck/harness"
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
			err = harness.Errorf("unknown command %q for %q", "コマンド %q は %q にない", given[0], c.CommandPath())
		} else {
			err = harness.Errorf("wrong number of arguments, %d: %s", "引数の数 %d は正しくない: %s", len(given), c.UseLine())
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
		return harness.Errorf("unknown flag: %s", "フラグ %s はない", dashed(unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames()))
	case errors.As(err, &bare):
		return harness.Errorf("flag needs an argument: %s", "フラグ %s には値が必要である", dashed(bare.GetSpecifiedName(), bare.GetSpecifiedShortnames()))
	case errors.As(err, &value):
		why := value.Unwrap()
		if value.GetFlag().Value.Type() == "duration" {
			why = harness.Errorf("such as 90s or 5m is needed", "90s や 5m のように指定する")
		}
		return harness.Errorf("invalid argument %q for --%s: %w", "--%[2]s に %[1]q は指定できない: %[3]w", value.GetValue(), value.GetFlag().Name, why)
	case errors.As(err, &syntax):
		return harness.Errorf("bad flag syntax: %s", "フラグの書き方が正しくない: %s", syntax.GetSpecifiedFlag())
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
