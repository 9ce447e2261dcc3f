package main

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"labcheck/harness/ec2"
	"labcheck/harness/lang"
	"labcheck/harness/report"
)

// schemas are those of the documents that --json prints, made from their types.
//
//go:embed schemas/*.schema.json
var schemas embed.FS

const schemaSuffix = ".schema.json"

// readSchema returns a schema by its name; nil if there is none.
func readSchema(name string) []byte {
	switch name {
	case "check":
		return report.ResultsSchema
	case inventoryName:
		return ec2.Schema
	}
	content, _ := fs.ReadFile(schemas, "schemas/"+name+schemaSuffix) // nil if it does not exist
	return content
}

func schemaNames() []string {
	names := []string{"check", inventoryName}
	files, _ := fs.Glob(schemas, "schemas/*") // the pattern is well formed
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(file, "schemas/"), schemaSuffix))
	}
	return slices.Sorted(slices.Values(names))
}

func newSchemaCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "schema NAME", Short: a.lang.Say("Print the JSON Schema of a document that --json prints"),
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeFrom(schemaNames()...),
		Long: a.lang.Say("schema prints the JSON Schema of a document: that which the command NAME prints\n"+
			"with --json, error, which a command prints that fails before it has another one,\n"+
			"or the file inventory. The names are:\n%s", lang.Fold(strings.Join(schemaNames(), ", "), 0, 80)),
		Example: "  labcheck schema status",
		RunE: func(_ *cobra.Command, args []string) error {
			content := readSchema(args[0])
			if content == nil {
				err := lang.Errorf("there is no schema %s; there are %s", args[0], strings.Join(schemaNames(), ", "))
				return usageError(err, "labcheck schema --help")
			}
			_, err := fmt.Fprint(a.out, string(content))
			return err
		},
	}
}
