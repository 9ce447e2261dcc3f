package oci

import (
	"maps"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/partial"

	"labcheck/harness/lang"
)

// refName is the annotation of an image in a layout that has its name.
const refName = "org.opencontainers.image.ref.name"

// Layout is a folder of images, an OCI image layout. Each image has a name of the
// form NAME:TAG, and there is one with a NAME. One process at a time may write.
type Layout struct {
	path   layout.Path
	images map[string]v1.Image // that are there
}

// OpenLayout finds the images in a folder, which need not be there. An image that is
// damaged, or was not written to its end, is not there.
func OpenLayout(dir string) *Layout {
	l := &Layout{layout.Path(dir), map[string]v1.Image{}}
	listed, _ := listedIn(l.path) // without an index there is nothing
	for _, d := range listed {
		if i, err := wholeImage(l.path, d.Digest); err == nil {
			l.images[d.Annotations[refName]] = i
		}
	}
	return l
}

// listedIn returns the images that the index of a layout lists.
func listedIn(l layout.Path) ([]v1.Descriptor, error) {
	index, err := l.ImageIndex()
	if err != nil {
		return nil, lang.Errorf("there is no file %s", indexFile)
	}
	listed, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	return listed.Manifests, nil
}

// wholeImage returns an image of a layout. Each of its blobs is there and is what
// its name says.
func wholeImage(l layout.Path, digest v1.Hash) (v1.Image, error) {
	if err := checkBlob(l, digest); err != nil {
		return nil, err
	}
	i, err := l.Image(digest)
	if err != nil {
		return nil, err
	}
	blobs, err := Blobs(i)
	if err != nil {
		return nil, err
	}
	for _, b := range blobs[1:] {
		if err := checkBlob(l, b.Digest); err != nil {
			return nil, err
		}
	}
	return i, nil
}

func checkBlob(l layout.Path, want v1.Hash) error {
	content, err := l.Blob(want)
	if err != nil {
		return lang.Errorf("there is no file %s", blobFolder+want.Hex)
	}
	defer content.Close()
	got, _, err := v1.SHA256(content)
	if err == nil && got != want {
		return lang.Errorf("%s: the SHA-256 checksum is %s", blobFolder+want.Hex, got.Hex)
	}
	return err
}

// Blobs returns the manifest of an image, its configuration and its layers.
func Blobs(i v1.Image) ([]v1.Descriptor, error) {
	d, err := partial.Descriptor(i)
	if err != nil {
		return nil, err
	}
	d.ArtifactType = "" // it is no artifact: an engine may take it for one
	m, err := i.Manifest()
	if err != nil {
		return nil, err
	}
	return append([]v1.Descriptor{*d, m.Config}, m.Layers...), nil
}

// Find returns an image, or nil if it is not there.
func (l *Layout) Find(ref string) v1.Image { return l.images[ref] }

// Put writes an image in the place of the one with its name, whatever the tags. What
// only the one had that was there before goes. The index is written last.
func (l *Layout) Put(ref string, i v1.Image) error {
	digest, err := i.Digest()
	if err != nil {
		return err
	}
	if there := l.Find(ref); there != nil {
		// Another process may be reading it.
		if same, err := there.Digest(); err != nil || same == digest {
			return err
		}
	}
	if _, err := listedIn(l.path); err != nil {
		if _, err := layout.Write(string(l.path), empty.Index); err != nil {
			return err
		}
	}
	name, _, _ := strings.Cut(ref, ":")
	isBefore := func(ref string) bool { return strings.HasPrefix(ref, name+":") }
	maps.DeleteFunc(l.images, func(ref string, _ v1.Image) bool { return isBefore(ref) })
	if err := l.sweep(); err != nil {
		return err
	}
	before := func(d v1.Descriptor) bool { return isBefore(d.Annotations[refName]) }
	if err := l.path.ReplaceImage(i, before, layout.WithAnnotations(map[string]string{refName: ref})); err != nil {
		return err
	}
	l.images[ref], err = l.path.Image(digest) // what was computed need not be kept
	return err
}

// sweep removes the blobs that no image has: ReplaceImage would keep one that is
// damaged or was cut off.
func (l *Layout) sweep() error {
	used := map[string]bool{}
	for _, i := range l.images {
		blobs, err := Blobs(i)
		if err != nil {
			return err
		}
		for _, b := range blobs {
			used[b.Digest.Hex] = true
		}
	}
	there, err := filepath.Glob(filepath.Join(string(l.path), blobFolder, "*"))
	for _, file := range there {
		if !used[filepath.Base(file)] && err == nil {
			err = os.Remove(file)
		}
	}
	return err
}
