package main

import (
	"errors"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"labcheck/harness/lang"
	"labcheck/harness/report"
)

// reportFlags are the flags of `labcheck report`.
type reportFlags struct {
	format  string
	file    string
	against string        // folder of an earlier run
	lang    lang.Language // the run's where it is empty
}

func newReportCommand(a *app) *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use: "report DIR", Short: a.lang.Say("Make a report from the evidence in a folder"), Args: cobra.ExactArgs(1),
		Long: a.lang.Say(`report makes a page, a summary or a test report from the evidence that
labcheck check --out DIR has left: anywhere, later, without Docker.`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("lang") {
				f.lang = a.lang
			}
			return makeReport(a, args[0], f)
		},
	}
	c.Example = "  labcheck report build/e2e --format markdown --lang ja"
	c.Flags().StringVar(&f.format, "format", "html", a.lang.Say("html, markdown, junit or json"))
	c.Flags().StringVarP(&f.file, "output", "o", "", a.lang.Say("`file` to write, if not stdout"))
	c.Flags().StringVar(&f.against, "against", "", a.lang.Say("`folder` of an earlier run: say what changed since then"))
	_ = c.RegisterFlagCompletionFunc("format", completeFrom("html", "markdown", "junit", "json"))
	return c
}

func makeReport(a *app, dir string, f reportFlags) error {
	if a.json {
		f.format = "json"
	}
	format := report.Format(f.format, nil)
	if format == nil {
		return usageError(lang.Errorf("--format %s: want html, markdown, junit or json", f.format), "labcheck report --help")
	}
	e, err := report.Read(dir)
	if err != nil {
		return usageError(err, hintUnreadable(err, a.lang))
	}
	if f.against != "" {
		old, err := report.Read(f.against)
		if err != nil {
			return usageError(err, hintUnreadable(err, a.lang))
		}
		if format = report.Format(f.format, &old); format == nil {
			return usageError(lang.Errorf("--against: want --format html or markdown"), "labcheck report --help")
		}
	}
	if f.lang == "" {
		f.lang = e.Run.Lang
	}
	write := func(w io.Writer) error { return format(w, e, f.lang) }
	if f.file == "" || f.file == "-" {
		return write(a.out)
	}
	if err := report.WriteFile(f.file, write); err != nil {
		return usageError(lang.Errorf("write the report: %w", err), a.lang.Say("choose another -o"))
	}
	return nil
}

// hintUnreadable says what to do about evidence that can't be read.
func hintUnreadable(err error, l lang.Language) string {
	switch {
	case errors.Is(err, report.ErrSchema):
		return l.Say("a newer labcheck; this one is %s", version())
	case errors.Is(err, fs.ErrNotExist):
		return l.Say("labcheck check --out DIR, which leaves evidence there")
	}
	return l.Say("labcheck check --out DIR again, or the folder of another run")
}
