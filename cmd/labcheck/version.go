package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Example: "  labcheck version --json",
		Short: a.lang.Say("Print the version"),
		Run:   func(*cobra.Command, []string) { printVersion(a) },
	}
}

// versionDocument is what --json prints. There is no commit and no date if neither a
// release nor Go recorded them.
type versionDocument struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Date    string `json:"date,omitempty"` // of the commit, RFC 3339
	Go      string `json:"go"`
}

func printVersion(a *app) {
	if v := readVersion(debug.ReadBuildInfo); !a.printJSON(v) {
		fmt.Fprintf(a.out, "labcheck %s\n", v)
	}
}

// String returns what is printed without --json.
func (v versionDocument) String() string {
	details := []string{v.Go, runtime.GOOS + "/" + runtime.GOARCH}
	if v.Commit != "" {
		details = append([]string{"commit " + v.Commit, v.Date}, details...)
	}
	return fmt.Sprintf("%s (%s)", v.Version, strings.Join(details, ", "))
}

// release, commit and date are set when a release is built:
// -ldflags "-X main.release=v1.2.3 -X main.commit=... -X main.date=...".
var release, commit, date string

func version() string { return readVersion(debug.ReadBuildInfo).Version }

// readVersion returns what was set when a release was built, or else what Go recorded
// of the module and the checkout.
func readVersion(readBuild func() (*debug.BuildInfo, bool)) versionDocument {
	if release != "" {
		return versionDocument{release, commit, date, runtime.Version()}
	}
	v := versionDocument{Version: "(devel)", Go: runtime.Version()}
	build, ok := readBuild()
	if !ok {
		return v
	}
	v.Version = cmp.Or(build.Main.Version, v.Version)
	for _, s := range build.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.Date = s.Value
		}
	}
	return v
}
