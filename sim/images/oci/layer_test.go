package oci

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tinyLayer has a file of some time in a folder, and a link to it.
func tinyLayer(t testing.TB, text string, at time.Time) *Layer {
	t.Helper()
	w := NewLayerWriter()
	h := tar.Header{
		Typeflag: tar.TypeReg, Name: "usr/bin/tiny", Mode: 0o104755, Size: int64(len(text)), ModTime: at, AccessTime: at,
		Uname: "somebody", Gname: "staff", Uid: 7, PAXRecords: map[string]string{"LABCHECK.x": "y"},
	}
	_ = w.Add(h, strings.NewReader(text))
	w.AddLink("bin/tiny", "../usr/bin/tiny")
	w.AddFolder("usr", 0o700)
	l, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLayerIsTheSameEverywhere pins a digest: if it changes, every image does,
// and the format of recipes has to be raised.
func TestLayerIsTheSameEverywhere(t *testing.T) {
	const want = "sha256:a8c352d0da61ffcecfac044a2ec0da3f6f6f1c840ff9cf4dbb7260e0ee359886"
	for _, at := range []time.Time{{}, time.Now(), time.Unix(1, 1)} {
		if l := tinyLayer(t, "text", at); l.digest.String() != want {
			t.Errorf("the digest is %s, want %s", l.digest, want)
		}
	}
	if tinyLayer(t, "test", Epoch).digest == tinyLayer(t, "text", Epoch).digest {
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
	if l.diffID.Hex != sumOf(string(raw)) || l.digest.Hex != sumOf(string(l.compressed)) || l.FileSize != 4 {
		t.Errorf("%d bytes of files; the digests are %s, %s", l.FileSize, l.diffID, l.digest)
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
		if !h.ModTime.Equal(Epoch) || h.Uname != "" || h.Gname != "" || len(h.PAXRecords) > 0 {
			t.Errorf("%+v", h)
		}
		got = append(got, file{h.Name, h.Linkname, h.Mode, h.Uid})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLayerHasFilesOnce(t *testing.T) {
	w := NewLayerWriter()
	w.AddFile("a/b", 0o644, nil)
	w.AddFile("a/b", 0o644, nil)
	w.AddFile("a/c", 0o644, nil) // after an error nothing counts
	if _, err := w.Finish(); err == nil || err.Error() != "the layer has a/b already" || w.seen["a/c"] {
		t.Errorf("got %v", err)
	}
}
