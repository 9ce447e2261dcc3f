package images

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entry is a file, or a link, of an archive.
type entry struct{ name, content, link string }

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	out := tar.NewWriter(&b)
	for _, e := range entries {
		h := tar.Header{Typeflag: tar.TypeReg, Name: e.name, Size: int64(len(e.content)), Mode: 0o644}
		if e.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		}
		if err := out.WriteHeader(&h); err != nil {
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
		all = append(all, entry{h.Name, string(content), h.Linkname})
	}
}

// raw is a layer without its compression.
func raw(t testing.TB, l *layer) string {
	t.Helper()
	stream, err := l.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// tinyImage has one layer twice, and another.
func tinyImage(t testing.TB) *image {
	one, two := tinyLayer(t, "one", epoch), tinyLayer(t, "two", epoch)
	return imageOf(t, configOf(one.diffID, two.diffID, one.diffID), one, two, one)
}

// archives are the tiny image as engines write it: 20.10 with a link for what
// is there twice, later ones by digest, and containerd's store compressed.
func archives(t testing.TB) map[string][]byte {
	i := tinyImage(t)
	one, two, config := i.layers[0], i.layers[1], string(i.config)
	blob := func(hex string) string { return blobFolder + hex }
	legacy := `[{"Config":"c.json","RepoTags":["labcheck/x:1"],"Layers":["a/layer.tar","b/layer.tar","c/layer.tar"]}]`
	name := blob(hashOf(i.config).Hex)
	manifest := func(a, b string) string {
		return fmt.Sprintf(`[{"Config":%q,"RepoTags":["labcheck/x:1"],"Layers":[%q,%q,%q]}]`, name, a, b, a)
	}
	return map[string][]byte{
		"20.10": tarOf(t,
			entry{"a/VERSION", "1.0", ""}, entry{"a/layer.tar", raw(t, one), ""}, entry{"b/layer.tar", raw(t, two), ""},
			entry{"c/layer.tar", "", "../a/layer.tar"}, entry{"c.json", config, ""},
			entry{manifestFile, legacy, ""}, entry{"repositories", "{}", ""}),
		"25": tarOf(t,
			entry{indexFile, "{}", ""}, entry{manifestFile, manifest(blob(one.diffID.Hex), blob(two.diffID.Hex)), ""},
			entry{blob(two.diffID.Hex), raw(t, two), ""}, entry{blob(one.diffID.Hex), raw(t, one), ""}, entry{name, config, ""}),
		"containerd": tarOf(t,
			entry{blob(one.digest.Hex), string(one.compressed), ""}, entry{blob(two.digest.Hex), string(two.compressed), ""},
			entry{name, config, ""}, entry{manifestFile, manifest(blob(one.digest.Hex), blob(two.digest.Hex)), ""}),
	}
}

func TestReadArchiveOfAnyEngine(t *testing.T) {
	want := tinyImage(t)
	for engine, content := range archives(t) {
		all, err := readArchive(bytes.NewReader(content))
		if err != nil {
			t.Errorf("%s: %v", engine, err)
			continue
		}
		if len(all) != 1 || all[0].digest() != want.digest() || !slices.Equal(all[0].names, []string{"labcheck/x:1"}) {
			t.Errorf("%s: %+v", engine, all)
		}
	}
}

func archiveOf(t testing.TB, all ...named) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := writeArchive(&b, all); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchive(t *testing.T) {
	i := tinyImage(t)
	two := []named{{i, []string{"swarm:latest", "labcheck/x:1"}}, {i, []string{"y:2"}}}
	first := archiveOf(t, two...)
	if !bytes.Equal(first, archiveOf(t, two...)) {
		t.Error("the same images, and other bytes")
	}
	var files []string
	for _, e := range untar(t, first) {
		files = append(files, e.name)
		if hex, ok := strings.CutPrefix(e.name, blobFolder); ok && hashOf([]byte(e.content)).Hex != hex {
			t.Errorf("%s has the checksum %s", e.name, hashOf([]byte(e.content)).Hex)
		}
	}
	want := []string{layoutFile, indexFile, manifestFile}
	blobs := [][]byte{i.manifest, i.config, i.layers[0].compressed, i.layers[1].compressed} // each once
	for _, content := range blobs {
		want = append(want, blobFolder+hashOf(content).Hex)
	}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	index := untar(t, first)[1].content
	for _, name := range []string{"docker.io/library/swarm:latest", "docker.io/labcheck/x:1", "docker.io/library/y:2"} {
		if !strings.Contains(index, `"io.containerd.image.name":"`+name+`"`) {
			t.Errorf("no %s in %s", name, index)
		}
	}
	all, err := readArchive(bytes.NewReader(first))
	if err != nil || len(all) != 2 || all[0].digest() != i.digest() || !bytes.Equal(archiveOf(t, all...), first) {
		t.Errorf("read again: %v, %v", all, err)
	}
}

func TestReadArchiveRefuses(t *testing.T) {
	i := tinyImage(t)
	one, config := entry{"l", raw(t, i.layers[0]), ""}, entry{"c", configOf(i.layers[0].diffID), ""}
	more := entry{"c", configOf(i.layers[0].diffID, i.layers[1].diffID), ""}
	manifest := entry{manifestFile, `[{"Config":"c","Layers":["l"]}]`, ""}
	blob := func(hex, content string) []byte {
		return tarOf(t, entry{blobFolder + hex, content, ""}, one, config, manifest)
	}
	long := strings.Repeat("{", maxText+1)
	if _, err := readArchive(bytes.NewReader(tarOf(t, one, config, manifest))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"nothing":       {nil, manifestFile},
		"text":          {[]byte(strings.Repeat("text ", 500)), "invalid tar header"},
		"no manifest":   {tarOf(t, one, config), manifestFile},
		"no layer":      {tarOf(t, config, manifest), "there is no file l"},
		"no config":     {tarOf(t, one, manifest), "there is no file c"},
		"another layer": {tarOf(t, entry{"l", "two", ""}, config, manifest), "layer 0 of the image is"},
		"another blob":  {blob("00", "two"), "the SHA-256 checksum is"},
		"another text":  {blob("00", "{}"), "the SHA-256 checksum is"},
		"a long text":   {blob(hashOf([]byte(long)).Hex, long), "the SHA-256 checksum is"},
		"a layer more":  {tarOf(t, one, more, manifest), "the image has 1 layers, want 2"},
		"half a gzip":   {tarOf(t, entry{"l", string(i.layers[0].compressed[:40]), ""}, config, manifest), "l: unexpected EOF"},
		"cut off":       {tarOf(t, one)[:700], "unexpected EOF"},
	} {
		if all, err := readArchive(bytes.NewReader(c.content)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, %v, want %q", name, all, err, c.want)
		}
	}
}

func FuzzReadArchive(f *testing.F) {
	for _, content := range archives(f) {
		f.Add(content)
	}
	f.Add(archiveOf(f, named{tinyImage(f), []string{"x:1"}}))
	f.Fuzz(func(t *testing.T, content []byte) {
		all, err := readArchive(bytes.NewReader(content))
		if err != nil {
			return
		}
		again, err := readArchive(bytes.NewReader(archiveOf(t, all...)))
		if err != nil || len(again) != len(all) {
			t.Errorf("read %d images, and again %d: %v", len(all), len(again), err)
		}
	})
}
