package images

import (
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// startRegistry runs a registry in this process, and returns its address.
func startRegistry(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// layerOf is a layer of some files.
func layerOf(t testing.TB, files map[string]string) *layer {
	t.Helper()
	w := newLayerWriter()
	for name, content := range files {
		w.addFile(name, 0o755, []byte(content))
	}
	l := &layer{}
	if err := w.finish(l); err != nil {
		t.Fatal(err)
	}
	return l
}

// publish pushes an image of layers, the lowest first.
func publish(t *testing.T, to string, layers ...*layer) {
	t.Helper()
	oci := imageOf(t, "", "amd64", layers...)
	ref, err := name.ParseReference(to)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, oci); err != nil {
		t.Fatal(err)
	}
}

// TestSwarmWithoutGo takes the binary from the published image: the uppermost
// layer's counts.
func TestSwarmWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	full, other, none := startRegistry(t)+"/path", startRegistry(t), startRegistry(t)
	publish(t, full+"/library/swarm:1.2.9",
		layerOf(t, map[string]string{"swarm": "an older one", "etc/passwd": ""}),
		layerOf(t, map[string]string{"swarm": "the binary", "etc/swarm": "a file"}))
	publish(t, other+"/library/swarm:1.2.9", layerOf(t, map[string]string{"bin/swarm": "elsewhere"}))
	for registry, want := range map[string]string{full: "the binary", full + "/": "the binary", other: "", none: ""} {
		m := &maker{Store: New(nil, Options{Registry: registry}), arch: "amd64"}
		got, err := m.swarmBinary(t.Context())
		if string(got) != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrNoSwarm) {
			t.Errorf("from %s: %q, %v", registry, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), registry) {
			t.Errorf("the error does not name %s: %v", registry, err)
		}
	}
}

func TestCopySwarm(t *testing.T) {
	original := fstest.MapFS{
		"main.go":         {Data: []byte("import \"github.com/Sirupsen/logrus\"\n")},
		"main_test.go":    {Data: []byte("package main\n")},
		"cli/flags.go":    {Data: []byte("package cli\n")},
		"script/build.sh": {Data: []byte("#!/bin/sh\n")},
	}
	dir := t.TempDir()
	if err := copySwarm(dir, original); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(file)
		relative, _ := filepath.Rel(dir, file)
		got[filepath.ToSlash(relative)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"go.mod":       "module github.com/docker/swarm\n",
		"main.go":      "import \"github.com/sirupsen/logrus\"\n",
		"cli/flags.go": "package cli\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
