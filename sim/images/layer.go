package images

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"path"
	"time"

	"labcheck/harness/lang"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// epoch is the time of all files and images: Debian 11.11's release.
var epoch = time.Date(2024, 8, 31, 0, 0, 0, 0, time.UTC)

// layer is a layer of an image, in memory. It implements v1.Layer.
type layer struct {
	digest, diffID v1.Hash
	compressed     []byte
	unpacked       int64 // bytes of its files
}

func (l *layer) Digest() (v1.Hash, error)            { return l.digest, nil }
func (l *layer) DiffID() (v1.Hash, error)            { return l.diffID, nil }
func (l *layer) Size() (int64, error)                { return int64(len(l.compressed)), nil }
func (l *layer) MediaType() (types.MediaType, error) { return types.OCILayer, nil }
func (l *layer) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(l.compressed)), nil
}

func (l *layer) Uncompressed() (io.ReadCloser, error) {
	return gzip.NewReader(bytes.NewReader(l.compressed))
}

// compressor makes a layer of an uncompressed tar stream. The same stream makes
// the same bytes everywhere: the compressor is a pinned module, not Go's own,
// whose output may change with Go's version.
type compressor struct {
	out  bytes.Buffer
	gzip *gzip.Writer
	sum  hash.Hash
}

func newCompressor() *compressor {
	c := &compressor{sum: sha256.New()}
	c.gzip, _ = gzip.NewWriterLevel(&c.out, gzip.BestSpeed) // fails for unknown levels only
	return c
}

func (c *compressor) Write(p []byte) (int, error) {
	c.sum.Write(p)
	return c.gzip.Write(p)
}

func (c *compressor) layer() (*layer, error) {
	if err := c.gzip.Close(); err != nil {
		return nil, err
	}
	compressed := c.out.Bytes()
	return &layer{digest: hashOf(compressed), diffID: sumHash(c.sum), compressed: compressed}, nil
}

func hashOf(content []byte) v1.Hash {
	sum := sha256.New()
	sum.Write(content)
	return sumHash(sum)
}

func sumHash(sum hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum.Sum(nil))}
}

// layerWriter writes files into a new layer, with fixed times and without the
// names of users.
type layerWriter struct {
	*compressor
	tar      *tar.Writer
	seen     map[string]bool
	unpacked int64
}

func newLayerWriter() *layerWriter {
	c := newCompressor()
	return &layerWriter{compressor: c, tar: tar.NewWriter(c), seen: map[string]bool{}}
}

// add writes a file, folder or link after the folders that it is in. A folder
// that is there already is not written again.
func (w *layerWriter) add(h tar.Header, content io.Reader) error {
	isDir := h.Typeflag == tar.TypeDir
	switch {
	case isDir && w.seen[h.Name]:
		return nil
	case w.seen[h.Name]:
		return lang.Errorf("the layer has %s already", h.Name)
	}
	if err := w.addDir(path.Dir(h.Name)); err != nil {
		return err
	}
	w.seen[h.Name] = true
	clean := tar.Header{
		Typeflag: h.Typeflag, Name: h.Name, Linkname: h.Linkname, Mode: h.Mode & 0o7777,
		Uid: h.Uid, Gid: h.Gid, Size: h.Size, ModTime: epoch,
	}
	if isDir {
		clean.Name += "/"
	}
	if err := w.tar.WriteHeader(&clean); err != nil {
		return err
	}
	n, err := io.Copy(w.tar, content)
	w.unpacked += n
	return err
}

func (w *layerWriter) addDir(name string) error {
	if name == "." || w.seen[name] {
		return nil
	}
	return w.add(tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}, empty())
}

func (w *layerWriter) addFile(name string, mode int64, content []byte) error {
	h := tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content))}
	return w.add(h, bytes.NewReader(content))
}

func (w *layerWriter) addLink(name, target string) error {
	return w.add(tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}, empty())
}

func (w *layerWriter) layer() (*layer, error) {
	if err := w.tar.Close(); err != nil {
		return nil, err
	}
	l, err := w.compressor.layer()
	if err != nil {
		return nil, err
	}
	l.unpacked = w.unpacked
	return l, nil
}

func empty() io.Reader { return bytes.NewReader(nil) }
