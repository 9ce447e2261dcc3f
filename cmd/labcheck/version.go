package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Example: "  labcheck version --json",
		Short: a.lang.Say("Print the version"),
		Run:   func(*cobra.Command, []string) { printVersion(a) },
	}
}

// versionDocument is what --json prints.
type versionDocument struct {
	Version string `json:"version"`
	Go      string `json:"go"`
}

func printVersion(a *app) {
	if a.json {
		a.printJSON(versionDocument{version(), runtime.Version()})
		return
	}
	fmt.Fprintf(a.out, "labcheck %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// release is set when a release is built: -ldflags "-X main.release=v1.2.3".
var release string

func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
