// Package oci writes OCI images that are the same to the byte wherever they are
// made, keeps them in a folder, and carries them in archives and by registries.
// What is in them is not its matter.
package oci

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"path"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"

	"labcheck/harness/lang"
)

// Epoch is the time of all files and images: Debian 11.11's release.
var Epoch = time.Date(2024, 8, 31, 0, 0, 0, 0, time.UTC)

// Layer is a layer that was written, in memory. It implements v1.Layer.
type Layer struct {
	FileSize int64 // bytes of its files

	digest, diffID v1.Hash
	compressed     []byte
}

// Digest returns the hash of the compressed layer.
func (l *Layer) Digest() (v1.Hash, error) { return l.digest, nil }

// DiffID returns the hash of the layer that is not compressed.
func (l *Layer) DiffID() (v1.Hash, error) { return l.diffID, nil }

// Size returns the bytes of the compressed layer.
func (l *Layer) Size() (int64, error) { return int64(len(l.compressed)), nil }

// MediaType returns that of OCI's layers.
func (l *Layer) MediaType() (types.MediaType, error) { return types.OCILayer, nil }

// Compressed returns the layer as engines and registries take it.
func (l *Layer) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(l.compressed)), nil
}

// Uncompressed returns the layer as a tar archive.
func (l *Layer) Uncompressed() (io.ReadCloser, error) {
	return gzip.NewReader(bytes.NewReader(l.compressed))
}

// LayerWriter writes files into a new layer, with fixed times and without the
// names of users. The same files make the same bytes everywhere: the compressor
// is a pinned module, not Go's own, whose output may change with Go's version.
// After an error nothing is written any more.
type LayerWriter struct {
	tar        *tar.Writer
	gzip       *gzip.Writer
	compressed bytes.Buffer
	sum        hash.Hash // of what is not compressed
	seen       map[string]bool
	fileSize   int64
	err        error
}

// NewLayerWriter returns a writer of a layer that is empty.
func NewLayerWriter() *LayerWriter {
	w := &LayerWriter{sum: sha256.New(), seen: map[string]bool{}}
	w.gzip, _ = gzip.NewWriterLevel(&w.compressed, gzip.BestSpeed) // fails for unknown levels only
	w.tar = tar.NewWriter(io.MultiWriter(w.sum, w.gzip))
	return w
}

// Add writes a file, folder or link after the folders that it is in. A folder
// that is there already is not written again. The error is the writer's first.
func (w *LayerWriter) Add(h tar.Header, content io.Reader) error {
	if w.seen[h.Name] && h.Typeflag == tar.TypeDir {
		return w.err
	}
	if parent := path.Dir(h.Name); parent != "." {
		w.AddFolder(parent, 0o755)
	}
	if w.err == nil {
		w.err = w.write(h, content)
	}
	return w.err
}

func (w *LayerWriter) write(h tar.Header, content io.Reader) error {
	if w.seen[h.Name] {
		return lang.Errorf("the layer has %s already", h.Name)
	}
	w.seen[h.Name] = true
	clean := tar.Header{
		Typeflag: h.Typeflag, Name: h.Name, Linkname: h.Linkname, Mode: h.Mode & 0o7777,
		Uid: h.Uid, Gid: h.Gid, Size: h.Size, ModTime: Epoch,
	}
	if h.Typeflag == tar.TypeDir {
		clean.Name += "/"
	}
	if err := w.tar.WriteHeader(&clean); err != nil {
		return err
	}
	n, err := io.Copy(w.tar, content)
	w.fileSize += n
	return err
}

// AddFolder writes a folder. Finish tells the error, also for AddFile and AddLink.
func (w *LayerWriter) AddFolder(name string, mode int64) {
	_ = w.Add(tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode}, bytes.NewReader(nil))
}

// AddFile writes a file.
func (w *LayerWriter) AddFile(name string, mode int64, content []byte) {
	_ = w.Add(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content))}, bytes.NewReader(content))
}

// AddLink writes a symbolic link.
func (w *LayerWriter) AddLink(name, target string) {
	_ = w.Add(tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}, bytes.NewReader(nil))
}

// Finish returns the layer. The error is the writer's first.
func (w *LayerWriter) Finish() (*Layer, error) {
	if w.err == nil {
		w.err = errors.Join(w.tar.Close(), w.gzip.Close())
	}
	diffID := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(w.sum.Sum(nil))}
	digest, _, err := v1.SHA256(bytes.NewReader(w.compressed.Bytes()))
	return &Layer{w.fileSize, digest, diffID, w.compressed.Bytes()}, cmp.Or(w.err, err)
}

// NewImage returns an image of layers, the lowest first, for an architecture as
// Go spells it.
func NewImage(arch string, c v1.Config, layers ...*Layer) (v1.Image, error) {
	created := v1.Time{Time: Epoch}
	var all []mutate.Addendum
	for _, l := range layers {
		all = append(all, mutate.Addendum{Layer: l, History: v1.History{Created: created, CreatedBy: "labcheck images build"}})
	}
	typed := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	base, err := mutate.ConfigFile(typed, &v1.ConfigFile{
		Architecture: arch, OS: "linux", Created: created, Config: c, RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(base, all...)
}
