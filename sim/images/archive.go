package images

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"labcheck/harness"
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
	layoutFile    = "oci-layout"
	layoutContent = `{"imageLayoutVersion":"1.0.0"}`
	indexFile     = "index.json"
	manifestFile  = "manifest.json"
	blobFolder    = "blobs/sha256/"
)

// named is an image, which it is, and its names in an archive.
type named struct {
	v1.Image
	name Name
	refs []string
}

// savedImage is an image as manifest.json lists it.
type savedImage struct {
	Config   string   // name of the configuration's file
	RepoTags []string // names of the image
	Layers   []string // names of the layers' files, the lowest first
}

// writeArchive writes images of the cache as an archive.
func (c *cache) writeArchive(w io.Writer, all []named) error {
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	var saved []savedImage
	var blobs []v1.Descriptor
	for _, i := range all {
		own, err := blobsOf(i)
		if err != nil {
			return err
		}
		blobs = append(blobs, own...)
		one := savedImage{Config: blobFolder + own[1].Digest.Hex, RepoTags: i.refs}
		for _, l := range own[2:] {
			one.Layers = append(one.Layers, blobFolder+l.Digest.Hex)
		}
		saved = append(saved, one)
		for _, ref := range i.refs {
			index.Manifests = append(index.Manifests, describeImage(own[0], ref))
		}
	}
	out := archiveWriter{tar.NewWriter(w), map[string]bool{}}
	err := errors.Join(out.writeText(layoutFile, json.RawMessage(layoutContent)), out.writeText(indexFile, index), out.writeText(manifestFile, saved))
	if err != nil {
		return err
	}
	for _, b := range blobs {
		content, err := c.Blob(b.Digest)
		if err != nil {
			return err
		}
		if err := errors.Join(out.write(blobFolder+b.Digest.Hex, b.Size, content), content.Close()); err != nil {
			return err
		}
	}
	return out.tar.Close()
}

// describeImage is an image in an index, with its name as containerd reads it.
func describeImage(manifest v1.Descriptor, ref string) v1.Descriptor {
	full := "docker.io/" + ref
	if !strings.Contains(ref, "/") {
		full = "docker.io/library/" + ref
	}
	_, tag, _ := strings.Cut(ref, ":")
	manifest.Annotations = map[string]string{"io.containerd.image.name": full, refName: tag}
	return manifest
}

// archiveWriter writes each file of an archive once.
type archiveWriter struct {
	tar  *tar.Writer
	seen map[string]bool
}

func (w archiveWriter) write(name string, size int64, content io.Reader) error {
	if w.seen[name] {
		return nil
	}
	w.seen[name] = true
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, Format: tar.FormatUSTAR}
	if err := w.tar.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.Copy(w.tar, content)
	return err
}

func (w archiveWriter) writeText(name string, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.write(name, int64(len(content)), strings.NewReader(string(content)))
}

// readArchive unpacks an archive into a folder, and returns its images. All
// that they consist of is verified.
func readArchive(r io.Reader, to layout.Path) (all []v1.Image, err error) {
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := unpackFile(h, in, to); err != nil {
			return nil, err
		}
	}
	index, err := to.ImageIndex()
	if err != nil {
		return nil, harness.Errorf("there is no file %s", "ファイル %s がない", indexFile)
	}
	listed, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, d := range listed.Manifests {
		i, err := verifiedImage(index, d, to)
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

// verifiedImage returns an image of an index, whose files are all there and fit
// one another.
func verifiedImage(index v1.ImageIndex, d v1.Descriptor, from layout.Path) (v1.Image, error) {
	i, err := index.Image(d.Digest)
	if err != nil {
		return nil, err
	}
	blobs := []v1.Descriptor{d}
	for n := 0; n < len(blobs); n++ {
		content, err := from.Blob(blobs[n].Digest)
		if err != nil {
			return nil, harness.Errorf("there is no file %s", "ファイル %s がない", blobFolder+blobs[n].Digest.Hex)
		}
		_ = content.Close()
		if n == 0 {
			if blobs, err = blobsOf(i); err != nil {
				return nil, err
			}
		}
	}
	return i, validate.Image(i)
}

// maxIndex is how many bytes the index of an archive may have. Ours has under
// 4 kB.
const maxIndex = 1 << 20

// unpackFile keeps the index of an archive, and blobs, whose names are their
// checksums.
func unpackFile(h *tar.Header, content io.Reader, to layout.Path) error {
	if h.Name == indexFile {
		index, err := io.ReadAll(io.LimitReader(content, maxIndex))
		if err != nil {
			return err
		}
		return to.WriteFile(indexFile, index, 0o644)
	}
	want, ok := strings.CutPrefix(h.Name, blobFolder)
	digest, err := v1.NewHash("sha256:" + want)
	if !ok || err != nil {
		return nil // of no image
	}
	sum := sha256.New()
	if err := to.WriteBlob(digest, io.NopCloser(io.TeeReader(content, sum))); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return harness.Errorf("%s: the SHA-256 checksum is %s", "%s: SHA-256 チェックサムは %s である", h.Name, got)
	}
	return nil
}
