package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"labcheck/harness"
)

// TestFilesOfAFlag holds that a flag is two files: that of its command, which defines
// it and reads its value, and the Japanese catalogue. Nothing else lists flags.
func TestFilesOfAFlag(t *testing.T) {
	catalogue, err := os.ReadFile("../../harness/lang/ja.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") {
			sources[file] = string(content)
		}
	}
	seen := 0
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" || f.Name == "no-descriptions" {
				return // cobra's
			}
			seen++
			var in []string
			for file, source := range sources {
				if strings.Contains(source, strconv.Quote(f.Name)+", ") && (strings.Contains(source, f.Usage) || strings.Contains(source, strconv.Quote(f.Usage))) {
					in = append(in, file)
				}
			}
			if len(in) != 1 || !strings.Contains(string(catalogue), strings.ReplaceAll(f.Usage, `"`, `\"`)) {
				t.Errorf("%s --%s: defined in %v, want one file and its usage in the catalogue", c.CommandPath(), f.Name, in)
			}
		})
		for _, below := range c.Commands() {
			visit(below)
		}
	}
	visit((&app{lang: "en"}).root())
	if seen < 40 {
		t.Errorf("%d flags were found", seen)
	}
}

// TestLongTime wants a command that takes long to wait for its parts no longer than others do.
func TestLongTime(t *testing.T) {
	a := &app{timeout: harness.DefaultTimeout, longTime: readingTime}
	ctx, cancel := a.withTimeout(t.Context())
	defer cancel()
	if got := harness.Limit(ctx, time.Minute); got != time.Minute {
		t.Errorf("a minute is %s", got)
	}
	if end, _ := ctx.Deadline(); time.Until(end) < readingTime-time.Minute {
		t.Errorf("it ends at %s", end)
	}
}
