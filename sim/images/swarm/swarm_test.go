package swarm

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
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"labcheck/sim/images/oci"
)

// startRegistry runs a registry in this process, and returns its address.
func startRegistry(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// publish pushes an image of layers, the lowest first. A layer is its files.
func publish(t *testing.T, registry string, layers ...map[string]string) {
	t.Helper()
	var all []*oci.Layer
	for _, files := range layers {
		w := oci.NewLayerWriter()
		for name, content := range files {
			w.AddFile(name, 0o755, []byte(content))
		}
		l, err := w.Finish()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	i, errImage := oci.NewImage("amd64", v1.Config{}, all...)
	to, errName := oci.AtRegistry(registry, "library/swarm:1.2.9")
	if err := errors.Join(errImage, errName); err != nil {
		t.Fatal(err)
	}
	if err := oci.Push(t.Context(), to, i); err != nil {
		t.Fatal(err)
	}
}

// TestBinaryWithoutGo takes the binary from the published image: the uppermost
// layer's counts.
func TestBinaryWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	full, other, none := startRegistry(t)+"/path", startRegistry(t), startRegistry(t)
	publish(t, full, map[string]string{"swarm": "an older one", "etc/passwd": ""}, map[string]string{"swarm": "the binary", "etc/swarm": "a file"})
	publish(t, other, map[string]string{"bin/swarm": "elsewhere"})
	for registry, want := range map[string]string{full: "the binary", full + "/": "the binary", other: "", none: ""} {
		got, err := Binary(t.Context(), Options{Arch: "amd64", Registry: registry, Say: func(string, ...any) {}})
		if string(got) != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrUnavailable) {
			t.Errorf("from %s: %q, %v", registry, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), registry) {
			t.Errorf("the error does not name %s: %v", registry, err)
		}
	}
}

func TestCopySource(t *testing.T) {
	original := fstest.MapFS{
		"main.go":         {Data: []byte("import \"github.com/Sirupsen/logrus\"\n")},
		"main_test.go":    {Data: []byte("package main\n")},
		"cli/flags.go":    {Data: []byte("package cli\n")},
		"script/build.sh": {Data: []byte("#!/bin/sh\n")},
	}
	dir := t.TempDir()
	if err := copySource(dir, original); err != nil {
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
