package usage

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Given returns the flags of a set that were used, as words of a command line.
func Given(set *pflag.FlagSet) []string {
	var words []string
	set.VisitAll(func(flag *pflag.Flag) {
		switch many, isList := flag.Value.(pflag.SliceValue); {
		case !flag.Changed:
		case flag.NoOptDefVal != "":
			words = append(words, "--"+flag.Name)
		case isList:
			for _, v := range many.GetSlice() {
				words = append(words, "--"+flag.Name, v)
			}
		default:
			words = append(words, "--"+flag.Name, flag.Value.String())
		}
	})
	return words
}

// IsUnset reports whether neither the command line nor a setting gives a flag another value
// than its default.
func IsUnset(c *cobra.Command, flag string) bool {
	f := c.Flags().Lookup(flag)
	return !f.Changed && f.Value.String() == f.DefValue
}
