package main

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestReadVersion checks where the version, the commit and the date come from.
func TestReadVersion(t *testing.T) {
	const (
		hash = "494b93865f1e5a5f0d0fd1a40e9a0e2ec0ae0e3f"
		day  = "2026-11-29T22:54:01Z"
		goos = runtime.GOOS + "/" + runtime.GOARCH + ")"
	)
	vcs := []debug.BuildSetting{
		{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: hash}, {Key: "vcs.time", Value: day},
	}
	for _, test := range []struct {
		name    string
		release string
		build   *debug.BuildInfo
		want    string
	}{
		{
			"a release", "v1.2.3", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}},
			"v1.2.3 (commit " + hash + ", " + day + ", ",
		},
		{
			"a checkout", "",
			&debug.BuildInfo{Main: debug.Module{Version: "v1.2.4-0.20261129225401-494b93865f1e"}, Settings: vcs},
			"v1.2.4-0.20261129225401-494b93865f1e (commit " + hash + ", " + day + ", ",
		},
		{"go install", "", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3 ("},
		{"a build without a version", "", &debug.BuildInfo{}, "(devel) ("},
		{"a binary without build information", "", nil, "(devel) ("},
	} {
		t.Run(test.name, func(t *testing.T) {
			release, commit, date = test.release, hash, day
			t.Cleanup(func() { release, commit, date = "", "", "" })
			v := readVersion(func() (*debug.BuildInfo, bool) { return test.build, test.build != nil })
			if got, want := v.String(), test.want+runtime.Version()+", "+goos; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
