package usage

import (
	"strconv"

	"github.com/spf13/pflag"

	"labcheck/harness/lang"
)

// FindLanguage finds the language of a command line before its flags are read, as
// their help is in it too: --lang, or else what is set, or else the first variable of
// the locale that is set, in the order of POSIX. It also reports whether --json is given.
// What is wrong is reported when the flags are read.
func (s Settings) FindLanguage(args []string) (l lang.Language, asJSON bool) {
	l = lang.OfLocale(s.getenv)
	for _, value := range s.Values("lang") {
		_ = l.Set(value)
	}
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.ParseErrorsAllowlist.UnknownFlags, f.Usage = true, func() {}
	f.Func("lang", "", func(value string) error { _ = l.Set(value); return nil })
	f.BoolFunc("json", "", func(value string) error { asJSON, _ = strconv.ParseBool(value); return nil })
	f.BoolP("help", "h", false, "")
	_ = f.Parse(args)
	return l, asJSON
}
