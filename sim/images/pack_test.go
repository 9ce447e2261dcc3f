package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// entry is a file, or a link, of an archive.
type entry struct{ name, content, link string }

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	out := tar.NewWriter(&b)
	for _, e := range entries {
		h := packHeader(e.name, int64(len(e.content)))
		if e.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		}
		if err := copyEntry(out, h, strings.NewReader(e.content)); err != nil {
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

func configOf(layers ...string) string {
	var ids []string
	for _, l := range layers {
		ids = append(ids, "sha256:"+digest([]byte(l)).Digest)
	}
	content, _ := json.Marshal(map[string]any{"rootfs": map[string]any{"diff_ids": ids}})
	return string(content)
}

func compressed(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

// archives are one image, of a layer twice and another, as engines write it:
// 20.10 with a link for the second, later ones by digest, and containerd's
// store compressed.
func engineArchives(t testing.TB) map[string][]byte {
	config := configOf("one", "two", "one")
	legacy := `[{"Config":"c.json","RepoTags":["labcheck/x:1"],"Layers":["a/layer.tar","b/layer.tar","c/layer.tar"]}]`
	blobs := `[{"Config":"blobs/sha256/c","RepoTags":["labcheck/x:1"],"Layers":["blobs/sha256/1","blobs/sha256/2","blobs/sha256/1"]}]`
	return map[string][]byte{
		"20.10": tarOf(t, entry{name: "a/VERSION", content: "1.0"}, entry{name: "a/layer.tar", content: "one"}, entry{name: "b/layer.tar", content: "two"},
			entry{name: "c/layer.tar", link: "../a/layer.tar"}, entry{name: "c.json", content: config},
			entry{name: "manifest.json", content: legacy}, entry{name: "repositories", content: "{}"}),
		"25": tarOf(t, entry{name: "index.json", content: "{}"}, entry{name: "manifest.json", content: blobs}, entry{name: "blobs/sha256/2", content: "two"},
			entry{name: "blobs/sha256/1", content: "one"}, entry{name: "blobs/sha256/c", content: config}),
		"containerd": tarOf(t, entry{name: "blobs/sha256/1", content: compressed("one")}, entry{name: "blobs/sha256/2", content: compressed("two")},
			entry{name: "blobs/sha256/c", content: config}, entry{name: "manifest.json", content: blobs}),
	}
}

func testSpool(t testing.TB) *spool {
	t.Helper()
	s, err := (&Store{dir: t.TempDir()}).newSpool()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// packOf packs one image, uncompressed.
func packOf(t testing.TB, archive []byte) (packIndex, []byte) {
	t.Helper()
	s := testSpool(t)
	image, err := s.add(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	image.Name, image.Ref = Workload, "labcheck/x:1"
	index := packIndex{Format: packFormat, Arch: "amd64", Images: []packedImage{image}}
	var b bytes.Buffer
	if err := s.write(&b, index); err != nil {
		t.Fatal(err)
	}
	return index, b.Bytes()
}

func TestPackIsTheSameFromAnyEngine(t *testing.T) {
	all := engineArchives(t)
	index, want := packOf(t, all["20.10"])
	for engine, archive := range all {
		if _, got := packOf(t, archive); !bytes.Equal(got, want) {
			t.Errorf("engine %s: another pack", engine)
		}
	}
	one, two, config := digest([]byte("one")), digest([]byte("two")), digest([]byte(configOf("one", "two", "one")))
	manifest := fmt.Sprintf(`[{"Config":%q,"RepoTags":["labcheck/x:1"],"Layers":[%q,%q,%q]}]`, config.Digest, one.Digest, two.Digest, one.Digest)
	head, _ := json.Marshal(index)
	files := []entry{
		{packFile, string(head), ""},
		{manifestFile, manifest, ""},
		{config.Digest, configOf("one", "two", "one"), ""},
		{one.Digest, "one", ""},
		{two.Digest, "two", ""},
	}
	if diff := cmp.Diff(files, untar(t, want), cmp.AllowUnexported(entry{})); diff != "" {
		t.Error(diff)
	}
}

func TestPackRefusesArchivesThatDoNotAddUp(t *testing.T) {
	manifest := `[{"Config":"c","Layers":["l"]}]`
	for name, archive := range map[string][]byte{
		"no manifest":   tarOf(t, entry{name: "c", content: configOf("one")}),
		"no layer":      tarOf(t, entry{name: "c", content: configOf("one")}, entry{name: "manifest.json", content: manifest}),
		"no config":     tarOf(t, entry{name: "l", content: "one"}, entry{name: "manifest.json", content: manifest}),
		"another layer": tarOf(t, entry{name: "l", content: "two"}, entry{name: "c", content: configOf("one")}, entry{name: "manifest.json", content: manifest}),
		"a layer more":  tarOf(t, entry{name: "l", content: "one"}, entry{name: "c", content: configOf("one", "two")}, entry{name: "manifest.json", content: manifest}),
		"cut off":       tarOf(t, entry{name: "l", content: "one"})[:700],
	} {
		if image, err := testSpool(t).add(bytes.NewReader(archive)); err == nil {
			t.Errorf("%s: got %+v, want an error", name, image)
		}
	}
}

// unpackTo reads a pack as Load does, without an engine.
func unpackTo(w io.Writer, pack []byte) error {
	r := bytes.NewReader(pack)
	in := tar.NewReader(r)
	index, err := readIndex(in)
	if err != nil {
		return err
	}
	return passOn(w, index, in, r)
}

func TestUnpackGivesTheEngineAnArchive(t *testing.T) {
	_, pack := packOf(t, engineArchives(t)["20.10"])
	var got bytes.Buffer
	if err := unpackTo(&got, pack); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(untar(t, pack)[1:], untar(t, got.Bytes()), cmp.AllowUnexported(entry{})); diff != "" {
		t.Error(diff)
	}
}

// whole says whether an engine would take what it was sent for an archive.
func whole(content []byte) bool {
	return len(content) >= 1024 && bytes.Equal(content[len(content)-1024:], make([]byte, 1024))
}

func TestUnpackRefusesDamage(t *testing.T) {
	_, pack := packOf(t, engineArchives(t)["20.10"])
	entries := untar(t, pack)
	var good bytes.Buffer
	if err := unpackTo(&good, pack); err != nil {
		t.Fatal(err)
	}
	for i := range pack {
		damaged := bytes.Clone(pack)
		damaged[i] ^= 1
		var sent bytes.Buffer
		err := unpackTo(&sent, damaged)
		switch {
		case err == nil && !bytes.Equal(sent.Bytes(), good.Bytes()): // else it is in what is not passed on
			t.Fatalf("byte %d: not seen", i)
		case err != nil && !errors.Is(err, ErrPack):
			t.Fatalf("byte %d: %v, want ErrPack", i, err)
		case err != nil && whole(sent.Bytes()):
			t.Fatalf("byte %d: the engine was sent a whole archive", i)
		}
	}
	for _, cut := range []int{0, 100, 512, 600, len(pack) / 2, len(pack) - 1537} {
		if err := unpackTo(io.Discard, pack[:cut]); !errors.Is(err, ErrPack) {
			t.Errorf("cut at %d: %v, want ErrPack", cut, err)
		}
	}
	more := tarOf(t, append(entries, entry{name: "more", content: "x"})...)
	if err := unpackTo(io.Discard, more); !errors.Is(err, ErrPack) {
		t.Errorf("a file more: %v, want ErrPack", err)
	}
}

func TestLoadRefusesWhatIsNoPack(t *testing.T) {
	var plain bytes.Buffer
	z, _ := zstd.NewWriter(&plain)
	_, _ = z.Write(engineArchives(t)["20.10"])
	_ = z.Close()
	for name, content := range map[string][]byte{
		"nothing": nil, "text": []byte("hello\n"), "docker save": engineArchives(t)["20.10"], "docker save, compressed": plain.Bytes(),
	} {
		// No engine is asked: the store has none.
		if err := (&Store{}).Load(t.Context(), bytes.NewReader(content)); !errors.Is(err, ErrPack) {
			t.Errorf("%s: %v, want ErrPack", name, err)
		}
	}
}

func TestRenameChangesNamesOnly(t *testing.T) {
	for engine, archive := range engineArchives(t) {
		var got bytes.Buffer
		if err := rename(&got, bytes.NewReader(archive), []string{"swarm:latest", "swarm:1.2.9"}); err != nil {
			t.Fatal(err)
		}
		var want []entry
		for _, e := range untar(t, archive) {
			if e.name == "repositories" || e.name == "index.json" {
				continue
			}
			if e.name == manifestFile {
				e.content = strings.Replace(e.content, `["labcheck/x:1"]`, `["swarm:latest","swarm:1.2.9"]`, 1)
			}
			want = append(want, e)
		}
		if diff := cmp.Diff(want, untar(t, got.Bytes()), cmp.AllowUnexported(entry{})); diff != "" {
			t.Errorf("engine %s:\n%s", engine, diff)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	_, pack := packOf(f, engineArchives(f)["20.10"])
	f.Add(pack)
	f.Add(pack[:1500])
	f.Fuzz(func(t *testing.T, content []byte) {
		var sent bytes.Buffer
		if err := unpackTo(&sent, content); err != nil && whole(sent.Bytes()) {
			t.Errorf("the engine was sent a whole archive, and then %v", err)
		}
	})
}

func FuzzEngineArchive(f *testing.F) {
	for _, archive := range engineArchives(f) {
		f.Add(archive)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		_, _ = testSpool(t).add(bytes.NewReader(content))
		_ = rename(io.Discard, bytes.NewReader(content), []string{"x:1"})
	})
}
