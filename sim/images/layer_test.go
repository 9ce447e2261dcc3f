package images

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// tinyLayer has a file of some time in a folder, and a link to it.
func tinyLayer(t testing.TB, text string, at time.Time) *layer {
	t.Helper()
	w := newLayerWriter()
	h := tar.Header{
		Typeflag: tar.TypeReg, Name: "usr/bin/tiny", Mode: 0o104755, Size: int64(len(text)), ModTime: at, AccessTime: at,
		Uname: "somebody", Gname: "staff", Uid: 7, PAXRecords: map[string]string{"LABCHECK.x": "y"},
	}
	err := errors.Join(
		w.add(h, strings.NewReader(text)),
		w.addLink("bin/tiny", "../usr/bin/tiny"),
		w.add(tar.Header{Typeflag: tar.TypeDir, Name: "usr", Mode: 0o700, ModTime: at}, empty()),
	)
	if err != nil {
		t.Fatal(err)
	}
	l, err := w.layer()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLayerIsTheSameEverywhere pins a digest: if it changes, every image does,
// and format has to be raised.
func TestLayerIsTheSameEverywhere(t *testing.T) {
	const want = "sha256:a8c352d0da61ffcecfac044a2ec0da3f6f6f1c840ff9cf4dbb7260e0ee359886"
	for _, at := range []time.Time{{}, time.Now(), time.Unix(1, 1)} {
		if l := tinyLayer(t, "text", at); l.digest.String() != want {
			t.Errorf("the digest is %s, want %s", l.digest, want)
		}
	}
	if tinyLayer(t, "test", epoch).digest == tinyLayer(t, "text", epoch).digest {
		t.Error("another text, and the same digest")
	}
}

func TestLayer(t *testing.T) {
	l := tinyLayer(t, "text", time.Now())
	stream, err := l.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	if l.diffID != hashOf(raw) || l.digest != hashOf(l.compressed) || l.unpacked != 4 {
		t.Errorf("%d bytes of files; the digests are %s, %s", l.unpacked, l.diffID, l.digest)
	}
	type file struct {
		Name, Link string
		Mode       int64
		UID        int
	}
	want := []file{
		{"usr/", "", 0o755, 0},
		{"usr/bin/", "", 0o755, 0},
		{"usr/bin/tiny", "", 0o4755, 7},
		{"bin/", "", 0o755, 0},
		{"bin/tiny", "../usr/bin/tiny", 0o777, 0},
	}
	var got []file
	for in := tar.NewReader(bytes.NewReader(raw)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(epoch) || h.Uname != "" || h.Gname != "" || len(h.PAXRecords) > 0 {
			t.Errorf("%+v", h)
		}
		got = append(got, file{h.Name, h.Linkname, h.Mode, h.Uid})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLayerHasFilesOnce(t *testing.T) {
	w := newLayerWriter()
	if err := w.addFile("a/b", 0o644, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.addFile("a/b", 0o644, nil); err == nil || err.Error() != "the layer has a/b already" {
		t.Errorf("got %v", err)
	}
}

// imageOf is an image of layers, whose configuration is for layers of these
// diff IDs.
func imageOf(t testing.TB, config string, layers ...*layer) *image {
	t.Helper()
	i, err := newImage([]byte(config), layers)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func configOf(ids ...v1.Hash) string {
	var all []string
	for _, id := range ids {
		all = append(all, `"`+id.String()+`"`)
	}
	return `{"rootfs":{"type":"layers","diff_ids":[` + strings.Join(all, ",") + `]}}`
}

func TestImageIsChecked(t *testing.T) {
	one, two := tinyLayer(t, "one", epoch), tinyLayer(t, "two", epoch)
	imageOf(t, configOf(one.diffID, two.diffID, one.diffID), one, two, one)
	for name, c := range map[string]struct {
		config string
		want   string
	}{
		"a layer less":  {configOf(one.diffID, two.diffID), "the image has 1 layers, want 2"},
		"a layer more":  {configOf(), "the image has 1 layers, want 0"},
		"another layer": {configOf(two.diffID), "layer 0 of the image is " + one.diffID.String()},
		"no JSON":       {"{", "unexpected end of JSON"},
	} {
		if _, err := newImage([]byte(c.config), []*layer{one}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
