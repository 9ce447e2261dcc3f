package lang

import "strings"

// Set implements pflag.Value.
func (l *Language) Set(text string) error {
	switch language := Language(text); language {
	case English, Japanese:
		*l = language
		return nil
	}
	return Errorf("want en or ja")
}

// String implements pflag.Value.
func (l *Language) String() string { return string(*l) }

// Type implements pflag.Value.
func (l *Language) Type() string { return "en|ja" }

// OfLocale returns the language of the first variable of the locale that is set, in
// the order of POSIX.
func OfLocale(getenv func(string) string) Language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale := getenv(name); locale != "" {
			name, _, _ := strings.Cut(strings.NewReplacer(".", "_", "@", "_").Replace(locale), "_")
			if name == string(Japanese) {
				return Japanese
			}
			return English
		}
	}
	return English
}
