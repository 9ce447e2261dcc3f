package oci

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// entry is a file of an archive.
type entry struct{ name, content string }

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	out := tar.NewWriter(&b)
	for _, e := range entries {
		if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: e.name, Size: int64(len(e.content)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(out, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func untar(t testing.TB, content []byte) []entry {
	t.Helper()
	var all []entry
	for in := tar.NewReader(bytes.NewReader(content)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry{h.Name, string(content)})
	}
}

func sumOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func imageOf(t testing.TB, layers ...*Layer) v1.Image {
	t.Helper()
	i, err := NewImage("amd64", v1.Config{}, layers...)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// tinyImage has one layer twice, and another.
func tinyImage(t testing.TB) v1.Image {
	one, two := tinyLayer(t, "one", Epoch), tinyLayer(t, "two", Epoch)
	return imageOf(t, one, two, one)
}

func digestOf(t testing.TB, i v1.Image) v1.Hash {
	t.Helper()
	digest, err := i.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func archiveOf(t testing.TB, all ...NamedImage) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteArchive(&b, all); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchive(t *testing.T) {
	i := tinyImage(t)
	two := []NamedImage{{i, []string{"swarm:latest", "labcheck/x:1"}}, {i, []string{"y:2"}}}
	first := archiveOf(t, two...)
	if !bytes.Equal(first, archiveOf(t, two...)) {
		t.Error("the same images, and other bytes")
	}
	var files []string
	for _, e := range untar(t, first) {
		files = append(files, e.name)
		if want, ok := strings.CutPrefix(e.name, blobFolder); ok && sumOf(e.content) != want {
			t.Errorf("%s has the checksum %s", e.name, sumOf(e.content))
		}
	}
	blobs, err := Blobs(i)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{layoutFile, indexFile, manifestFile}
	for _, b := range blobs[:4] { // each once
		want = append(want, blobFolder+b.Digest.Hex)
	}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	index, manifest := untar(t, first)[1].content, untar(t, first)[2].content
	for _, name := range []string{"docker.io/library/swarm:latest", "docker.io/labcheck/x:1", "docker.io/library/y:2"} {
		if !strings.Contains(index, `"io.containerd.image.name":"`+name+`"`) {
			t.Errorf("no %s in %s", name, index)
		}
	}
	if strings.Contains(index, "artifactType") {
		t.Errorf("an engine could take the images for something else: %s", index)
	}
	one := blobFolder + blobs[2].Digest.Hex
	saved := `[{"Config":"` + blobFolder + blobs[1].Digest.Hex + `","RepoTags":["swarm:latest","labcheck/x:1"],` +
		`"Layers":["` + one + `","` + blobFolder + blobs[3].Digest.Hex + `","` + one + `"]},`
	if !strings.HasPrefix(manifest, saved) {
		t.Errorf("%s, want %s", manifest, saved)
	}
	all, err := ReadArchive(bytes.NewReader(first), t.TempDir())
	if err != nil || len(all) != 3 || slices.ContainsFunc(all, func(read v1.Image) bool { return digestOf(t, read) != digestOf(t, i) }) {
		t.Errorf("read again: %v, %v", all, err)
	}
}

func TestReadArchiveRefuses(t *testing.T) {
	good := archiveOf(t, NamedImage{imageOf(t, tinyLayer(t, "one", Epoch)), []string{"tiny:1"}})
	if _, err := ReadArchive(bytes.NewReader(good), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	files := untar(t, good) // oci-layout, index.json, manifest.json, the manifest, the configuration, the layer
	without := func(n int) []byte { return tarOf(t, slices.Delete(slices.Clone(files), n, n+1)...) }
	changed := func(n int, content string) []byte {
		other := slices.Clone(files)
		other[n].content = content
		return tarOf(t, other...)
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"nothing":          {nil, "there is no file index.json"},
		"text":             {[]byte(strings.Repeat("text ", 500)), "invalid tar header"},
		"of docker save":   {tarOf(t, entry{manifestFile, "[]"}, entry{"a/layer.tar", "x"}), "there is no file index.json"},
		"no manifest":      {without(3), "there is no file " + files[3].name},
		"no configuration": {without(4), "there is no file " + files[4].name},
		"no layer":         {without(5), "there is no file " + files[5].name},
		"another blob":     {changed(5, "two"), "the SHA-256 checksum is " + sumOf("two")},
		"another text":     {changed(4, "{}"), "the SHA-256 checksum is " + sumOf("{}")},
		"no JSON":          {changed(1, "{"), "unexpected end of JSON"},
		"a long index":     {changed(1, strings.Repeat(" ", maxIndex)+files[1].content), "unexpected end of JSON"},
		"a blob first":     {tarOf(t, append([]entry{{files[5].name, "two"}}, files...)...), "the SHA-256 checksum is " + sumOf("two")},
		"cut off":          {good[:len(good)-3000], "unexpected EOF"},
	} {
		if all, err := ReadArchive(bytes.NewReader(c.content), t.TempDir()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, %v, want %q", name, all, err, c.want)
		}
	}
}

func FuzzReadArchive(f *testing.F) {
	f.Add(archiveOf(f, NamedImage{tinyImage(f), []string{"x:1"}}))
	f.Add(tarOf(f, entry{indexFile, "{}"}, entry{manifestFile, "[]"}, entry{blobFolder + "../../x", "y"}))
	f.Fuzz(func(t *testing.T, content []byte) {
		all, err := ReadArchive(bytes.NewReader(content), t.TempDir())
		if err != nil {
			return
		}
		var again []NamedImage
		for _, i := range all {
			again = append(again, NamedImage{i, []string{"x:1"}})
		}
		read, err := ReadArchive(bytes.NewReader(archiveOf(t, again...)), t.TempDir())
		if err != nil || len(read) != len(all) {
			t.Errorf("read %d images, and again %d: %v", len(all), len(read), err)
		}
	})
}
