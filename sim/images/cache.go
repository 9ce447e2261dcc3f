package images

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

// refName is the annotation of an image in a layout that has its name: in the
// cache ARCHITECTURE/NAME:TAG.
const refName = "org.opencontainers.image.ref.name"

// cache is an OCI image layout with every image that was computed, pulled or
// loaded, until another with its name and architecture takes its place. Who
// writes has the lock (Store.lock).
type cache struct {
	layout.Path
	arch   string              // of the images that are looked for
	images map[string]v1.Image // that are there, by refName
}

// openCache finds the images in a folder. One that is damaged, or was not
// written to its end, is not there.
func openCache(dir, arch string) *cache {
	c := &cache{layout.Path(dir), arch, map[string]v1.Image{}}
	listed, _ := listedIn(c.Path) // without an index there is nothing
	for _, d := range listed {
		if i, err := wholeImage(c.Path, d.Digest); err == nil {
			c.images[d.Annotations[refName]] = i
		}
	}
	return c
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
	blobs, err := blobsOf(i)
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

// blobsOf returns the manifest of an image, its configuration and its layers.
func blobsOf(i v1.Image) ([]v1.Descriptor, error) {
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

// find returns an image, or nil if it is not there under the tag that it has
// now.
func (c *cache) find(n Name) v1.Image { return c.images[c.prefix(n)+tag(n, c.arch)] }

// prefix returns what of an image's name in the cache is before its tag.
func (c *cache) prefix(n Name) string { return c.arch + "/" + string(n) + ":" }

// lacking returns those of some images that are not there, and likewise those
// that are stored in them.
func (c *cache) lacking(which []Name) []Name {
	all := map[Name]bool{}
	for _, n := range which {
		if c.find(n) == nil {
			all[n] = true
			for _, stored := range c.lacking(storedIn(n)) {
				all[stored] = true
			}
		}
	}
	return inOrder(all)
}

// put writes an image under the tag that it has now. What only the one had that
// was there before goes. The index is written last.
func (c *cache) put(n Name, i v1.Image) error {
	digest, err := i.Digest()
	if err != nil {
		return err
	}
	if there := c.find(n); there != nil {
		// Another labcheck may be reading it.
		if same, err := there.Digest(); err != nil || same == digest {
			return err
		}
	}
	if _, err := listedIn(c.Path); err != nil {
		if _, err := layout.Write(string(c.Path), empty.Index); err != nil {
			return err
		}
	}
	maps.DeleteFunc(c.images, func(ref string, _ v1.Image) bool { return strings.HasPrefix(ref, c.prefix(n)) })
	if err := c.sweep(); err != nil {
		return err
	}
	ref := c.prefix(n) + tag(n, c.arch)
	before := func(d v1.Descriptor) bool { return strings.HasPrefix(d.Annotations[refName], c.prefix(n)) }
	if err := c.ReplaceImage(i, before, layout.WithAnnotations(map[string]string{refName: ref})); err != nil {
		return err
	}
	c.images[ref], err = c.Image(digest) // what was computed need not be kept
	return err
}

// sweep removes the blobs that no image has: WriteImage would keep one that is
// damaged or was cut off.
func (c *cache) sweep() error {
	used := map[string]bool{}
	for _, i := range c.images {
		blobs, err := blobsOf(i)
		if err != nil {
			return err
		}
		for _, b := range blobs {
			used[b.Digest.Hex] = true
		}
	}
	there, err := filepath.Glob(filepath.Join(string(c.Path), blobFolder, "*"))
	for _, file := range there {
		if !used[filepath.Base(file)] && err == nil {
			err = os.Remove(file)
		}
	}
	return err
}
