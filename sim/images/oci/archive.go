package oci

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
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

// NamedImage is an image and its names, as in labcheck/node:TAG.
type NamedImage struct {
	v1.Image
	Refs []string
}

// WriteArchive writes images as an archive.
func WriteArchive(w io.Writer, all []NamedImage) error {
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	var saved tarball.Manifest
	for _, i := range all {
		own, err := Blobs(i)
		if err != nil {
			return err
		}
		one := tarball.Descriptor{Config: blobFolder + own[1].Digest.Hex, RepoTags: i.Refs}
		for _, l := range own[2:] {
			one.Layers = append(one.Layers, blobFolder+l.Digest.Hex)
		}
		saved = append(saved, one)
		for _, ref := range i.Refs {
			index.Manifests = append(index.Manifests, describeImage(own[0], ref))
		}
	}
	out := tar.NewWriter(w)
	err := errors.Join(
		writeText(out, layoutFile, json.RawMessage(layoutContent)),
		writeText(out, indexFile, index),
		writeText(out, manifestFile, saved),
	)
	written := map[v1.Hash]bool{}
	for _, i := range all {
		if err == nil {
			err = writeBlobs(out, i, written)
		}
	}
	if err != nil {
		return err
	}
	return out.Close()
}

// describeImage returns an image in an index, with its name as containerd reads it.
func describeImage(manifest v1.Descriptor, ref string) v1.Descriptor {
	full := "docker.io/" + ref
	if !strings.Contains(ref, "/") {
		full = "docker.io/library/" + ref
	}
	_, tag, _ := strings.Cut(ref, ":")
	manifest.Annotations = map[string]string{"io.containerd.image.name": full, refName: tag}
	return manifest
}

// writeBlobs writes each blob of an image that was not written yet.
func writeBlobs(to *tar.Writer, i v1.Image, written map[v1.Hash]bool) error {
	own, err := Blobs(i)
	if err != nil {
		return err
	}
	for _, b := range own {
		if written[b.Digest] {
			continue
		}
		written[b.Digest] = true
		content, err := openBlob(i, b)
		if err != nil {
			return err
		}
		err = writeEntry(to, blobFolder+b.Digest.Hex, b.Size, content)
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
	}
	return nil
}

func openBlob(i v1.Image, b v1.Descriptor) (io.ReadCloser, error) {
	if b.MediaType.IsImage() {
		manifest, err := i.RawManifest()
		return io.NopCloser(bytes.NewReader(manifest)), err
	}
	l, err := i.LayerByDigest(b.Digest) // also of the configuration
	if err != nil {
		return nil, err
	}
	return l.Compressed()
}

func writeText(to *tar.Writer, name string, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeEntry(to, name, int64(len(content)), bytes.NewReader(content))
}

func writeEntry(to *tar.Writer, name string, size int64, content io.Reader) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, Format: tar.FormatUSTAR}
	if err := to.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.Copy(to, content)
	return err
}

// ReadArchive unpacks an archive into a folder, and returns its images, whose
// blobs are all there and are what their names say.
func ReadArchive(r io.Reader, dir string) (all []v1.Image, err error) {
	to := layout.Path(dir)
	if err := WalkTar(r, func(h *tar.Header, content io.Reader) error {
		return unpackFile(h, content, to)
	}); err != nil {
		return nil, err
	}
	listed, err := listedIn(to)
	if err != nil {
		return nil, err
	}
	for _, d := range listed {
		i, err := wholeImage(to, d.Digest)
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

// maxIndex is how many bytes the index of an archive may have. Ours has under
// 4 kB.
const maxIndex = 1 << 20

// unpackFile keeps the index of an archive, and blobs.
func unpackFile(h *tar.Header, content io.Reader, to layout.Path) error {
	if h.Name == indexFile {
		index, err := io.ReadAll(io.LimitReader(content, maxIndex))
		if err != nil {
			return err
		}
		return to.WriteFile(indexFile, index, 0o644)
	}
	sum, ok := strings.CutPrefix(h.Name, blobFolder)
	digest, err := v1.NewHash("sha256:" + sum)
	if !ok || err != nil {
		return nil // of no image
	}
	return to.WriteBlob(digest, io.NopCloser(content))
}

// WalkTar calls visit for each entry of a tar archive, in its order.
func WalkTar(r io.Reader, visit func(*tar.Header, io.Reader) error) error {
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(h, in); err != nil {
			return err
		}
	}
}
