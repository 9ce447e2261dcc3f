package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// readmes are the files whose sessions are looked at where none is named; the
// Japanese one may be missing.
var readmes = []string{"README.md", "README.ja.md"}

func (a *app) transcriptCommand() *cobra.Command {
	var update bool
	c := &cobra.Command{
		Use: "transcript [FILE...]", Short: a.lang.Say("Hold the sessions that README shows to real runs"), Args: cobra.ArbitraryArgs,
		Long: a.lang.Say(`transcript runs the commands whose sessions a document shows and compares what
they print, times, ids and sizes apart. A session is a fenced block below a line
like <!-- labcheck transcript: labcheck check -->; its lines that begin with $
are left as they are.`),
		RunE: func(cmd *cobra.Command, files []string) error { return a.transcripts(cmd.Context(), files, update) },
	}
	c.Flags().BoolVar(&update, "update", false, a.lang.Say("write what was printed into the document"))
	return c
}

func (a *app) transcripts(ctx context.Context, files []string, update bool) error {
	named := len(files) > 0
	if !named {
		files = readmes
	}
	var failed error
	for i, name := range files {
		err := a.document(ctx, name, update)
		if !named && i > 0 && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil && !errors.Is(err, errStale) {
			return err
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// errStale is that a document shows what labcheck does not print.
var errStale = lang.Errorf("stale")

// document looks at the sessions of one document.
func (a *app) document(ctx context.Context, name string, update bool) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return &usageError{err, "labcheck transcript README.md"}
	}
	sessions, err := readSessions(string(content))
	if err != nil {
		return &usageError{lang.Errorf("%s: %w", name, err), "labcheck transcript --help"}
	}
	stale, printed := false, string(content)
	for _, s := range sessions {
		out, err := a.rerun(ctx, s.command)
		if err != nil {
			return lang.Errorf("%s: %s: %w", name, s.command, err)
		}
		if normal(out) != normal(s.shown) {
			stale = true
			fmt.Fprintf(a.out, "%s", diff.Diff(name, []byte(normal(s.shown)), s.command, []byte(normal(out))))
			printed = strings.Replace(printed, s.head+s.shown, s.head+out, 1)
		}
	}
	switch {
	case stale && update:
		return os.WriteFile(name, []byte(printed), 0o644)
	case stale:
		return &hintError{lang.Errorf("%s is %w: it shows what labcheck does not print", name, errStale), "labcheck transcript --update"}
	}
	return nil
}

// shownSession is a session in a document.
type shownSession struct {
	command string // what is run
	head    string // from the mark to the last line that begins with $
	shown   string // what it prints, as shown
}

var mark = regexp.MustCompile("(?m)^<!-- labcheck transcript: (.*) -->\n+```[a-z]*\n(?:\\$ .*\n)*")

func readSessions(document string) ([]shownSession, error) {
	var all []shownSession
	for _, at := range mark.FindAllStringSubmatchIndex(document, -1) {
		s := shownSession{command: document[at[2]:at[3]], head: document[at[0]:at[1]]}
		shown, _, closed := strings.Cut(document[at[1]:], "```")
		if !closed || !strings.HasPrefix(s.command, "labcheck ") {
			return nil, lang.Errorf("the session of %q is not one of labcheck, in a fenced block", s.command)
		}
		s.shown = shown
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, lang.Errorf("there is no session in it")
	}
	return all, nil
}

// rerun runs a command of labcheck's as in a log, on the lab that this one is
// told, and gives what it prints as a reader has it, whose lab is the tutorial's.
// It is in English, whatever the locale, unless it has a --lang of its own.
func (a *app) rerun(ctx context.Context, command string) (string, error) {
	args := append([]string{"--lang", string(lang.English)}, strings.Fields(command)[1:]...)
	args = append(args, "--lab", a.lab)
	subnet := harness.Tutorial().Subnet
	if a.subnet.IsValid() {
		subnet = a.subnet.Prefix
		args = append(args, "--subnet", subnet.String())
	}
	var out bytes.Buffer
	if code := run(ctx, args, strings.NewReader(""), &out, &out); code != exitHolds {
		return "", lang.Errorf("exit code %d: %s", code, strings.TrimSpace(out.String()))
	}
	said := strings.ReplaceAll(out.String(), " --lab "+a.lab, "")
	return strings.ReplaceAll(said, network(subnet.String()), network(harness.Tutorial().Subnet.String())), nil
}

// network is 192.168.33. of 192.168.33.0/24.
func network(subnet string) string { return subnet[:strings.LastIndexByte(subnet, '.')+1] }

// volatile is what is another in each run.
var volatile = []struct {
	is   *regexp.Regexp
	word string
}{
	{regexp.MustCompile(`[ (]+(\d+ min )?\d+(\.\d+)? ?(s|ms)\b`), " TIME"},
	{regexp.MustCompile(`\d+(\.\d+)? ?[kKMGT]?i?B\b`), "SIZE"},
	{regexp.MustCompile(`\b([0-9a-f]{64}|[0-9a-f]{12})\b`), "ID"},
}

func normal(printed string) string {
	for _, v := range volatile {
		printed = v.is.ReplaceAllString(printed, v.word)
	}
	return printed
}
