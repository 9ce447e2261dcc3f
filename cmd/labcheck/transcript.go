package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/terminal"
	"labcheck/harness/transcript"
)

// errStale is that a document shows what labcheck does not print.
var errStale = lang.Errorf("stale")

func newTranscriptCommand(a *app) *cobra.Command {
	var update bool
	c := &cobra.Command{
		Use: "transcript [FILE...]", Args: cobra.ArbitraryArgs,
		Short: a.lang.Say("Compare the sessions that README shows with real runs"),
		Long: a.lang.Say(`transcript runs the commands whose sessions a document shows and compares what
they print, times, ids and sizes apart. A session is a fenced block below a line
like <!-- labcheck transcript: labcheck check -->; its lines that begin with $
are left as they are.`),
		RunE: func(cmd *cobra.Command, files []string) error {
			return compareDocuments(cmd.Context(), a, files, update)
		},
	}
	c.Example = "  labcheck transcript --update README.md"
	c.Flags().BoolVar(&update, "update", false, a.lang.Say("write what was printed into the document"))
	return c
}

// compareDocuments compares files, or else the READMEs; the Japanese one may be
// missing.
func compareDocuments(ctx context.Context, a *app, files []string, update bool) (stale error) {
	if len(files) == 0 {
		files = []string{"README.md"}
		if _, err := os.Stat("README.ja.md"); err == nil {
			files = append(files, "README.ja.md")
		}
	}
	for _, name := range files {
		err := compareDocument(ctx, a, name, update)
		if err != nil && !errors.Is(err, errStale) {
			return err
		}
		stale = errors.Join(stale, err)
	}
	return stale
}

func compareDocument(ctx context.Context, a *app, name string, update bool) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return usageError(err, "labcheck transcript README.md")
	}
	document, err := transcript.Parse(string(content))
	if err != nil {
		return usageError(lang.Errorf("%s: %w", name, err), "labcheck transcript --help")
	}
	differs, updated, err := document.Compare(name, func(command string) (string, error) { return rerun(ctx, a, command) })
	_, _ = a.out.Write(differs) // a closed stdout has nobody to tell
	switch {
	case err != nil || len(differs) == 0:
		return err
	case update:
		return os.WriteFile(name, []byte(updated), 0o644)
	}
	err = lang.Errorf("%s is %w: it shows what labcheck does not print", name, errStale)
	return hinted(err, "labcheck transcript --update")
}

// rerun runs a command of labcheck's as in a log, on the lab that this one is
// told, and returns what it prints as a reader has it, whose lab is the tutorial's.
// It is in English, whatever the locale, unless it has a --lang of its own.
func rerun(ctx context.Context, a *app, command string) (string, error) {
	args := append([]string{"--lang", string(lang.English)}, strings.Fields(command)[1:]...)
	subnet := harness.Tutorial().Subnet
	if a.options.Subnet.IsValid() {
		subnet = a.options.Subnet
	}
	lab := map[string]string{"LABCHECK_LAB": a.options.Lab, "LABCHECK_SUBNET": subnet.String()}
	getenv := func(name string) string { return cmp.Or(lab[name], os.Getenv(name)) }
	var out bytes.Buffer
	screen := terminal.New(ctx, strings.NewReader(""), &out, &out)
	if code := runOn(ctx, args, screen, getenv); code != exitHolds {
		return "", lang.Errorf("exit code %d: %s", code, strings.TrimSpace(out.String()))
	}
	said := strings.ReplaceAll(out.String(), " --lab "+a.options.Lab, "")
	const last = "0/24" // of 192.168.33.0/24
	was, is := strings.TrimSuffix(subnet.String(), last), strings.TrimSuffix(harness.Tutorial().Subnet.String(), last)
	return strings.ReplaceAll(said, was, is), nil
}
