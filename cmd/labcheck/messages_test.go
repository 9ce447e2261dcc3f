package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"labcheck/features"
	"labcheck/harness/lang"
	"labcheck/harness/suite"
)

// unfit are kinds of messages that a person does not understand at once.
var unfit = map[string]*regexp.Regexp{
	"Go's syntax of a value":     regexp.MustCompile(`%!|<nil>|\[[a-z0-9]+( [a-z0-9]+)+\]|map\[|&\{|0x[0-9a-f]{6}`),
	"two spaces":                 regexp.MustCompile(`\S {2}\S`),
	"a number that does not fit": regexp.MustCompile(`\b1 (claims|hosts|labs|containers|nodes|arguments)\b|\b1 is false`),
}

// english is a sentence, or much of one, in English.
var english = regexp.MustCompile(`(?:\b[a-z]{2,} ){3,}[a-z]{2,}\b`)

// checkFit looks for what is unfit in a text.
func checkFit(t *testing.T, l lang.Language, where, text string) {
	t.Helper()
	for kind, pattern := range unfit {
		if found := pattern.FindString(text); found != "" {
			t.Errorf("%s: %s: %s: %q in %q", l, where, kind, found, text)
		}
	}
	if found := english.FindString(text); l == lang.Japanese && found != "" && !strings.HasPrefix(found, "labcheck ") {
		t.Errorf("ja: %s: %q in %q", where, found, text)
	}
}

// TestMessagesAreFit has every command used wrongly, in each way that all have in
// common, and without an engine; and reads what it says.
func TestMessagesAreFit(t *testing.T) {
	t.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		seen := 0
		var visit func(c *cobra.Command)
		visit = func(c *cobra.Command) {
			path := strings.Fields(c.CommandPath())[1:]
			if c.Hidden || len(path) > 0 && (path[0] == "completion" || path[0] == "help") {
				return
			}
			for _, more := range [][]string{{}, {"a", "b", "c", "d"}, {"--frobnicate"}, {"--timeout", "soon"}, {"nobody"}, {"--target", "ec2", "nobody", "--", "true"}} {
				var out, said bytes.Buffer
				args := append(append([]string{"--lang", string(l)}, path...), more...)
				run(t.Context(), args, strings.NewReader(""), &out, &said)
				// What the system says is in English.
				for line := range strings.Lines(said.String()) {
					line, _, _ = strings.Cut(strings.TrimSpace(line), "Cannot connect to")
					line, _, _ = strings.Cut(line, "open ")
					checkFit(t, l, fmt.Sprint(args), line)
					seen++
				}
			}
			for _, below := range c.Commands() {
				visit(below)
			}
		}
		visit((&app{lang: l}).root())
		if seen < 100 {
			t.Errorf("%s: %d lines were read", l, seen)
		}
	}
}

// TestScenariosAreFit reads every scenario.
func TestScenariosAreFit(t *testing.T) {
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		all, err := suite.Load(features.FS, l)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			checkFit(t, l, s.ID, s.Name)
			for _, step := range s.Steps {
				checkFit(t, l, s.ID, step.Text)
			}
		}
	}
}
