package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"labcheck/harness/lang"
)

// newDocsCommand makes a hidden command, for `make docs` and for packages: it writes a
// page of documentation for each command.
func newDocsCommand(a *app) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "docs DIR", Hidden: true, Args: cobra.ExactArgs(1),
		Short: a.lang.Say("Write a page for each command into a folder"),
		RunE:  func(c *cobra.Command, args []string) error { return writeDocs(c.Root(), args[0], format) },
	}
	c.Flags().StringVar(&format, "format", "markdown", a.lang.Say("markdown or man"))
	return c
}

func writeDocs(root *cobra.Command, dir, format string) error {
	write := doc.GenMarkdownTree
	switch format {
	case "markdown":
	case "man":
		write = func(c *cobra.Command, dir string) error {
			return doc.GenManTree(c, &doc.GenManHeader{Section: "1", Source: "labcheck " + version()}, dir)
		}
	default:
		return usageError(lang.Errorf("--format %s: want markdown or man", format), "labcheck docs --help")
	}
	root.DisableAutoGenTag = true // the day on which it was made
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return usageError(err, "labcheck docs --help")
	}
	return write(root, dir)
}
