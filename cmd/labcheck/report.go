package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/report"
)

// reportFlags are the flags of `labcheck report`.
type reportFlags struct {
	format string
	file   string
	lang   harness.Lang // the run's where it is empty
}

// formats are what evidence can be made into, as --format spells them.
var formats = map[string]func(io.Writer, harness.Evidence, harness.Lang) error{
	"html":     report.HTML,
	"markdown": report.Markdown,
	"junit":    func(w io.Writer, e harness.Evidence, _ harness.Lang) error { return report.JUnit(w, e) },
	"json":     func(w io.Writer, e harness.Evidence, _ harness.Lang) error { return report.Results(w, e) },
}

func (a *app) reportCommand() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use: "report DIR", Short: "Make a report from the evidence in a folder", Args: cobra.ExactArgs(1),
		Long: `report makes a page, a summary or a test report from the evidence that
labcheck check --out DIR has left: anywhere, later, without Docker.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("lang") {
				f.lang = a.lang
			}
			return a.report(args[0], f)
		},
	}
	c.Flags().StringVar(&f.format, "format", "html", "html, markdown, junit or json")
	c.Flags().StringVarP(&f.file, "output", "o", "", "`file` to write, if not stdout")
	return c
}

func (a *app) report(dir string, f reportFlags) error {
	const usage = "labcheck report --help"
	if a.json {
		f.format = "json"
	}
	format, known := formats[f.format]
	if !known {
		return &usageError{harness.Errorf("--format %s: html, markdown, junit and json are possible", "--format %s: 指定できるのは html、markdown、junit、json である", f.format), usage}
	}
	e, err := report.Read(dir)
	if err != nil {
		return &usageError{err, unreadable(err)}
	}
	if f.lang == "" {
		f.lang = e.Run.Lang
	}
	write := func(w io.Writer) error { return format(w, e, f.lang) }
	if f.file == "" || f.file == "-" {
		return write(a.out)
	}
	if err := report.WriteFile(f.file, write); err != nil {
		return &usageError{fmt.Errorf("write the report: %w", err), "another -o"}
	}
	return nil
}

// unreadable is what to do about evidence that can't be read.
func unreadable(err error) string {
	switch {
	case errors.Is(err, report.ErrSchema):
		return "a newer labcheck; this one is " + version()
	case errors.Is(err, fs.ErrNotExist):
		return "labcheck check --out DIR, which leaves evidence there"
	}
	return "labcheck check --out DIR again, or the folder of another run"
}
