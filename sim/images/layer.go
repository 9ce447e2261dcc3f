package images

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"

	"labcheck/harness/lang"
)

// epoch is the time of all files and images: Debian 11.11's release.
var epoch = time.Date(2024, 8, 31, 0, 0, 0, 0, time.UTC)

// layer is a computed layer of an image, in memory. It implements v1.Layer.
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

// layerWriter writes files into a new layer, with fixed times and without the
// names of users. The same files make the same bytes everywhere: the compressor
// is a pinned module, not Go's own, whose output may change with Go's version.
type layerWriter struct {
	tar        *tar.Writer
	gzip       *gzip.Writer
	compressed bytes.Buffer
	sum        hash.Hash // of what is not compressed
	seen       map[string]bool
	unpacked   int64
	err        error
}

func newLayerWriter() *layerWriter {
	w := &layerWriter{sum: sha256.New(), seen: map[string]bool{}}
	w.gzip, _ = gzip.NewWriterLevel(&w.compressed, gzip.BestSpeed) // fails for unknown levels only
	w.tar = tar.NewWriter(io.MultiWriter(w.sum, w.gzip))
	return w
}

// add writes a file, folder or link after the folders that it is in. A folder
// that is there already is not written again. After an error nothing is written
// any more.
func (w *layerWriter) add(h tar.Header, content io.Reader) {
	if w.seen[h.Name] && h.Typeflag == tar.TypeDir {
		return
	}
	if parent := path.Dir(h.Name); parent != "." {
		w.addFolder(parent, 0o755)
	}
	if w.err == nil {
		w.err = w.write(h, content)
	}
}

func (w *layerWriter) write(h tar.Header, content io.Reader) error {
	if w.seen[h.Name] {
		return lang.Errorf("the layer has %s already", h.Name)
	}
	w.seen[h.Name] = true
	clean := tar.Header{
		Typeflag: h.Typeflag, Name: h.Name, Linkname: h.Linkname, Mode: h.Mode & 0o7777,
		Uid: h.Uid, Gid: h.Gid, Size: h.Size, ModTime: epoch,
	}
	if h.Typeflag == tar.TypeDir {
		clean.Name += "/"
	}
	if err := w.tar.WriteHeader(&clean); err != nil {
		return err
	}
	n, err := io.Copy(w.tar, content)
	w.unpacked += n
	return err
}

func (w *layerWriter) addFolder(name string, mode int64) {
	w.add(tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode}, bytes.NewReader(nil))
}

func (w *layerWriter) addFile(name string, mode int64, content []byte) {
	w.add(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content))}, bytes.NewReader(content))
}

func (w *layerWriter) addLink(name, target string) {
	w.add(tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}, bytes.NewReader(nil))
}

// finish ends the layer. The error is the first of all.
func (w *layerWriter) finish(l *layer) error {
	if w.err == nil {
		w.err = errors.Join(w.tar.Close(), w.gzip.Close())
	}
	diffID := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(w.sum.Sum(nil))}
	digest, _, err := v1.SHA256(bytes.NewReader(w.compressed.Bytes()))
	*l = layer{digest, diffID, w.compressed.Bytes(), w.unpacked}
	return cmp.Or(w.err, err)
}

// inOrder returns the keys of a map.
func inOrder[K cmp.Ordered, V any](all map[K]V) []K { return slices.Sorted(maps.Keys(all)) }

// The labels of every image of ours.
const (
	labelImage  = "labcheck.image"  // its name
	labelRecipe = "labcheck.recipe" // its tag
	labelSize   = "labcheck.size"   // bytes of its files: engines count in different ways
)

// assemble makes an image of layers, with the labels of ours.
func assemble(n Name, arch string, c v1.Config, layers []*layer) (v1.Image, error) {
	created := v1.Time{Time: epoch}
	var size int64
	var all []mutate.Addendum
	for _, l := range layers {
		size += l.unpacked
		all = append(all, mutate.Addendum{Layer: l, History: v1.History{Created: created, CreatedBy: "labcheck images build"}})
	}
	c.Labels = map[string]string{labelImage: string(n), labelRecipe: tag(n, arch), labelSize: strconv.FormatInt(size, 10)}
	typed := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	base, err := mutate.ConfigFile(typed, &v1.ConfigFile{
		Architecture: arch, OS: "linux", Created: created, Config: c, RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(base, all...)
}
