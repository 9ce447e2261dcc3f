package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestPushImage checks what a registry has after a release and after a prerelease.
func TestPushImage(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	repository := strings.TrimPrefix(server.URL, "http://") + "/Owner/labcheck"
	for _, version := range []string{"1.2.3", "1.3.0-rc.1"} {
		r, err := readRelease(writeRelease(t, version))
		if err == nil {
			err = r.pushImage(repository)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []struct{ tag, arch, binary string }{
		{"1.2.3", "amd64", "1.2.3 amd64"},
		{"1.2.3", "arm64", "1.2.3 arm64"},
		{"1.3.0-rc.1", "amd64", "1.3.0-rc.1 amd64"},
		{"latest", "arm64", "1.2.3 arm64"},
	} {
		ref, err := name.NewTag(strings.ToLower(repository) + ":" + want.tag)
		if err != nil {
			t.Fatal(err)
		}
		image, err := remote.Image(ref, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: want.arch}))
		if err != nil {
			t.Fatal(err)
		}
		wantFiles := map[string]string{
			"tmp": "dtrwxrwxrwx", "work": "dtrwxrwxrwx", "var": "drwxr-xr-x", "var/cache": "dtrwxrwxrwx",
			"usr": "drwxr-xr-x", "usr/bin": "drwxr-xr-x", "usr/bin/labcheck": "-rwxr-xr-x " + want.binary,
		}
		if diff := cmp.Diff(wantFiles, listFiles(t, image)); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", want.tag, want.arch, diff)
		}
	}
}

// writeRelease writes what goreleaser would, as far as an image is made of it.
func writeRelease(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	all := []binary{{Type: "Archive", Path: "labcheck.tar.gz", Goos: "linux", Goarch: "amd64"}}
	for _, platform := range []string{"linux amd64", "linux arm64", "darwin arm64"} {
		goos, arch, _ := strings.Cut(platform, " ")
		file := filepath.Join(dir, goos+arch)
		if err := os.WriteFile(file, []byte(version+" "+arch), 0o600); err != nil {
			t.Fatal(err)
		}
		all = append(all, binary{Type: "Binary", Path: file, Goos: goos, Goarch: arch})
	}
	metadata := release{Version: version, Commit: "4b3d"}
	for file, document := range map[string]any{"artifacts.json": all, "metadata.json": metadata} {
		content, err := json.Marshal(document)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// listFiles returns the files of an image with their modes and contents.
func listFiles(t *testing.T, image v1.Image) map[string]string {
	t.Helper()
	found := map[string]string{}
	root := mutate.Extract(image)
	defer root.Close()
	for r := tar.NewReader(root); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		content, errContent := io.ReadAll(r)
		if err := errors.Join(err, errContent); err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSuffix(h.Name, "/")] = strings.TrimSpace(h.FileInfo().Mode().String() + " " + string(content))
	}
}
