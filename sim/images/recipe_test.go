package images

import (
	"archive/tar"
	"bytes"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// changed is the recipes with some files put in place of others.
func changed(t *testing.T, files map[string]string) fs.FS {
	t.Helper()
	all := fstest.MapFS{}
	err := fs.WalkDir(recipes, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(recipes, name)
		all[name] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		all[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return all
}

func hashes(t *testing.T, recipes fs.FS, arch string) map[Name]string {
	t.Helper()
	all := map[Name]string{}
	for _, n := range append(names(), base) {
		hash, err := recipeHash(recipes, n, arch)
		if err != nil {
			t.Fatal(err)
		}
		all[n] = hash
	}
	return all
}

func TestHashIsOfTheRecipe(t *testing.T) {
	for _, n := range names() {
		for _, file := range []string{"Dockerfile", "another"} {
			want := hashes(t, recipes, "amd64")
			got := hashes(t, changed(t, map[string]string{string(n) + "/" + file: "FROM scratch\n"}), "amd64")
			if got[n] == want[n] {
				t.Errorf("%s: %s changed, and not the hash", n, file)
			}
			got[n] = want[n]
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s/%s changed, and so did others:\n%s", n, file, diff)
			}
		}
	}
}

func TestHashIsOfTheArchitecture(t *testing.T) {
	amd, arm := hashes(t, recipes, "amd64"), hashes(t, recipes, "arm64")
	for _, n := range append(names(), base) {
		if amd[n] == arm[n] || len(amd[n]) != hashLength {
			t.Errorf("%s: amd64 %s, arm64 %s", n, amd[n], arm[n])
		}
	}
}

func TestStampLabelsEachStage(t *testing.T) {
	got := string(stamp([]byte(`ARG BASE
FROM ${BASE} AS files
RUN echo \
FROM nothing
from scratch
COPY --from=files / /`), Consul, "abc", "me"))
	want := `ARG BASE
FROM ${BASE} AS files
LABEL labcheck.image="consul" labcheck.recipe="abc" labcheck.maker="me" labcheck.builder="me"
RUN echo \
FROM nothing
from scratch
LABEL labcheck.image="consul" labcheck.recipe="abc" labcheck.maker="me" labcheck.builder="me"
COPY --from=files / /
LABEL labcheck.builder=""
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestContextKeepsProgramsExecutable(t *testing.T) {
	for _, n := range names() {
		files, err := recipeFiles(recipes, n)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := writeContext(&b, append(files, file{"program", []byte("\x7fELF…")})); err != nil {
			t.Fatal(err)
		}
		for in := tar.NewReader(&b); ; {
			h, err := in.Next()
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			data := strings.Contains(h.Name, ".") || h.Name == "Dockerfile"
			if executable := h.Mode&0o111 != 0; executable == data {
				t.Errorf("%s/%s has mode %o", n, h.Name, h.Mode)
			}
		}
	}
}
