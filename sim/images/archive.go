package images

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strings"

	"labcheck/harness/lang"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// An archive of images is at once an OCI image layout (oci-layout, index.json)
// and what `docker save` writes (manifest.json), so that engines of all ages
// load it: those with the containerd image store keep the images' digests. The
// same images make the same bytes.
//
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
// https://github.com/moby/docker-image-spec (v1.2, "Combined Image JSON +
// Filesystem Changeset Format")
const (
	layoutFile   = "oci-layout"
	indexFile    = "index.json"
	manifestFile = "manifest.json"
	blobFolder   = "blobs/sha256/"
)

// named is an image and its names in an archive.
type named struct {
	*image
	names []string
}

// savedImage is an image as manifest.json lists it.
type savedImage struct {
	Config   string   // name of the configuration's file
	RepoTags []string // names of the image
	Layers   []string // names of the layers' files, the lowest first
}

// writeArchive writes images as an archive.
func writeArchive(w io.Writer, all []named) error {
	index, saved, err := describeArchive(all)
	if err != nil {
		return err
	}
	out := archiveWriter{tar.NewWriter(w), map[string]bool{}}
	err = errors.Join(
		out.write(layoutFile, []byte(`{"imageLayoutVersion":"1.0.0"}`)),
		out.write(indexFile, index),
		out.write(manifestFile, saved),
	)
	if err != nil {
		return err
	}
	for _, i := range all {
		if err := out.writeImage(i.image); err != nil {
			return err
		}
	}
	return out.tar.Close()
}

// describeArchive makes index.json and manifest.json.
func describeArchive(all []named) (index, saved []byte, err error) {
	x := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	var list []savedImage
	for _, i := range all {
		one := savedImage{Config: blobFolder + hashOf(i.config).Hex, RepoTags: i.names}
		for _, l := range i.layers {
			one.Layers = append(one.Layers, blobFolder+l.digest.Hex)
		}
		list = append(list, one)
		for _, name := range i.names {
			x.Manifests = append(x.Manifests, describeImage(i.image, name))
		}
	}
	index, err = json.Marshal(x)
	if err != nil {
		return nil, nil, err
	}
	saved, err = json.Marshal(list)
	return index, saved, err
}

// describeImage is an image in an index, with its name as containerd reads it.
func describeImage(i *image, name string) v1.Descriptor {
	full := "docker.io/" + name
	if !strings.Contains(name, "/") {
		full = "docker.io/library/" + name
	}
	_, tag, _ := strings.Cut(name, ":")
	return v1.Descriptor{
		MediaType: types.OCIManifestSchema1, Size: int64(len(i.manifest)), Digest: i.digest(),
		Annotations: map[string]string{"io.containerd.image.name": full, "org.opencontainers.image.ref.name": tag},
	}
}

// archiveWriter writes each file of an archive once.
type archiveWriter struct {
	tar  *tar.Writer
	seen map[string]bool
}

func (w archiveWriter) write(name string, content []byte) error {
	if w.seen[name] {
		return nil
	}
	w.seen[name] = true
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o644, Format: tar.FormatUSTAR}
	if err := w.tar.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.tar.Write(content)
	return err
}

func (w archiveWriter) writeImage(i *image) error {
	for _, content := range [][]byte{i.manifest, i.config} {
		if err := w.write(blobFolder+hashOf(content).Hex, content); err != nil {
			return err
		}
	}
	for _, l := range i.layers {
		if err := w.write(blobFolder+l.digest.Hex, l.compressed); err != nil {
			return err
		}
	}
	return nil
}

// archive is the content of one that was read.
type archive struct {
	texts  map[string][]byte // JSON files by name
	layers map[string]*layer // by name
	links  map[string]string // and their targets
}

// readArchive reads the images of an archive: one of ours, or one that an
// engine wrote, whose layers may be uncompressed. Digests are verified.
func readArchive(r io.Reader) ([]named, error) {
	a := archive{map[string][]byte{}, map[string]*layer{}, map[string]string{}}
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = a.take(h, in)
		}
		if err != nil {
			return nil, err
		}
	}
	var saved []savedImage
	if err := json.Unmarshal(a.texts[manifestFile], &saved); err != nil {
		return nil, lang.Errorf("%s: %w", manifestFile, err)
	}
	var all []named
	for _, s := range saved {
		i, err := a.image(s)
		if err != nil {
			return nil, err
		}
		all = append(all, named{i, s.RepoTags})
	}
	return all, nil
}

// maxText is how many bytes a JSON file may have. Ours have under 4 kB.
const maxText = 1 << 20

// take keeps a file of an archive. What it is shows by its first byte.
func (a archive) take(h *tar.Header, content io.Reader) error {
	if h.Typeflag == tar.TypeSymlink {
		a.links[h.Name] = path.Join(path.Dir(h.Name), h.Linkname)
	}
	if h.Typeflag != tar.TypeReg || h.Size == 0 {
		return nil
	}
	sum := sha256.New()
	buffered := bufio.NewReader(io.TeeReader(content, sum))
	first, err := buffered.Peek(1)
	if err != nil {
		return err
	}
	if first[0] == '{' || first[0] == '[' {
		a.texts[h.Name], err = io.ReadAll(io.LimitReader(buffered, maxText))
	} else {
		a.layers[h.Name], err = readLayer(buffered)
	}
	if err != nil {
		return lang.Errorf("%s: %w", h.Name, err)
	}
	if want, ok := strings.CutPrefix(h.Name, blobFolder); ok && sumHash(sum).Hex != want {
		return lang.Errorf("%s: the SHA-256 checksum is %s", h.Name, sumHash(sum).Hex)
	}
	return nil
}

func (a archive) image(s savedImage) (*image, error) {
	config, ok := a.texts[s.Config]
	if !ok {
		return nil, lang.Errorf("there is no file %s", s.Config)
	}
	var layers []*layer
	for _, name := range s.Layers {
		if target, ok := a.links[name]; ok {
			name = target
		}
		l, ok := a.layers[name]
		if !ok {
			return nil, lang.Errorf("there is no file %s", name)
		}
		layers = append(layers, l)
	}
	return newImage(config, layers)
}

// readLayer reads a layer, compressed with gzip or not. One that is compressed
// stays as it is, since its digest is of its bytes.
func readLayer(r io.Reader) (*layer, error) {
	buffered := bufio.NewReader(r)
	magic, err := buffered.Peek(2)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		c := newCompressor()
		if _, err := io.Copy(c, buffered); err != nil {
			return nil, err
		}
		return c.layer()
	}
	var compressed bytes.Buffer
	unpacked, err := gzip.NewReader(io.TeeReader(buffered, &compressed))
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, unpacked); err != nil {
		return nil, err
	}
	return &layer{digest: hashOf(compressed.Bytes()), diffID: sumHash(sum), compressed: compressed.Bytes()}, nil
}
