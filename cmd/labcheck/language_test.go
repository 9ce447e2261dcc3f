package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"labcheck/harness/lang"

	"github.com/rivo/uniseg"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var japanese = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}、。]`)

// TestHelpIsInTheLanguage holds that all of the help is Japanese where Japanese
// was asked for, and that none of it is otherwise.
func TestHelpIsInTheLanguage(t *testing.T) {
	for l, want := range map[lang.Language]bool{lang.Japanese: true, lang.English: false} {
		seen := 0
		check := func(what, text string) {
			seen++
			if japanese.MatchString(text) != want {
				t.Errorf("%s: %s is %q", l, what, text)
			}
		}
		var walk func(c *cobra.Command)
		walk = func(c *cobra.Command) {
			if c.Hidden {
				return
			}
			check(c.CommandPath(), c.Short)
			if c.Long != "" {
				check(c.CommandPath(), c.Long)
			}
			for line := range strings.Lines(c.Long) {
				if w := uniseg.StringWidth(strings.TrimSpace(line)); w > 80 && !strings.HasPrefix(c.CommandPath(), "labcheck completion ") { // cobra's
					t.Errorf("%s: %s: %d columns: %s", l, c.CommandPath(), w, line)
				}
			}
			c.InitDefaultHelpFlag()
			c.Flags().VisitAll(func(f *pflag.Flag) { check(c.CommandPath()+" --"+f.Name, f.Usage) })
			for _, sub := range c.Commands() {
				walk(sub)
			}
		}
		root := (&app{lang: l}).root()
		root.PersistentFlags().VisitAll(func(f *pflag.Flag) { check("--"+f.Name, f.Usage) })
		walk(root)
		if seen < 60 {
			t.Errorf("%s: %d texts were found", l, seen)
		}
	}
}

// TestWrongUseIsInTheLanguage gives each kind of wrong use, and what is said of
// it in both languages.
func TestWrongUseIsInTheLanguage(t *testing.T) {
	tests := []struct{ args, en, ja string }{
		{"--frobnicate", "unknown flag: --frobnicate", "フラグ --frobnicate はない"},
		{"-qx", "unknown flag: -x", "フラグ -x はない"},
		{"status --lab", "flag needs an argument: --lab", "フラグ --lab には値が必要である"},
		{"report . -o", "flag needs an argument: -o", "フラグ -o には値が必要である"},
		{"--timeout=soon", `invalid argument "soon" for --timeout: want a duration such as 90s or 5m`, `--timeout に "soon" は指定できない: 90s や 5m のように指定する`},
		{"--nodes=many", `invalid argument "many" for --nodes: want a whole number`, `--nodes に "many" は指定できない: 整数を指定する`},
		{"capture store --port=70000", `invalid argument "70000" for --port: want a whole number up to 65535`, `--port に "70000" は指定できない: 65535 までの整数を指定する`},
		{"--=x", "bad flag syntax: --=x", "フラグの書き方が正しくない: --=x"},
		{"frobnicate", `unknown command "frobnicate" for "labcheck"`, `コマンド "frobnicate" は "labcheck" にない`},
		{"report", "wrong number of arguments, 0: labcheck report DIR [flags]", "引数の数 0 は正しくない: labcheck report DIR [flags]"},
	}
	for _, tt := range tests {
		for l, want := range map[string]string{"en": tt.en, "ja": tt.ja} {
			var out, said bytes.Buffer
			code := run(t.Context(), append([]string{"--lang", l}, strings.Fields(tt.args)...), strings.NewReader(""), &out, &said)
			if first, _, _ := strings.Cut(said.String(), "\n"); code != exitUsage || first != "labcheck: "+want {
				t.Errorf("%s: exit code %d, %q, want %q", tt.args, code, first, want)
			}
		}
	}
}
