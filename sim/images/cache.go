package images

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// refName is the annotation of an image in a layout that has its name: in the
// cache ARCHITECTURE/NAME:TAG.
const refName = "org.opencontainers.image.ref.name"

// cache is an OCI image layout with every image that was computed, pulled or
// loaded, until another with its name and architecture takes its place. Who
// writes has the lock (Store.lock).
type cache struct {
	layout.Path
	arch string // of the images that are looked for

	mu    sync.Mutex
	whole []v1.Descriptor // of the images that are there
}

// openCache finds the images in a folder. One that is damaged, or was not
// written to its end, is not there.
func openCache(dir, arch string) *cache {
	c := &cache{Path: layout.Path(dir), arch: arch}
	index, err := c.ImageIndex()
	if err != nil {
		return c
	}
	if listed, err := index.IndexManifest(); err == nil {
		c.whole = slices.DeleteFunc(listed.Manifests, func(d v1.Descriptor) bool { return !c.isWhole(d) })
	}
	return c
}

// isWhole says whether each blob of an image is what its name says.
func (c *cache) isWhole(d v1.Descriptor) bool {
	blobs, err := c.blobsOf(d)
	return err == nil && !slices.ContainsFunc(blobs, func(b v1.Descriptor) bool {
		content, err := c.Blob(b.Digest)
		if err != nil {
			return true
		}
		defer content.Close()
		got, _, err := v1.SHA256(content)
		return err != nil || got != b.Digest
	})
}

func (c *cache) blobsOf(d v1.Descriptor) ([]v1.Descriptor, error) {
	i, err := c.Image(d.Digest)
	if err != nil {
		return nil, err
	}
	return blobsOf(i)
}

// blobsOf are the manifest of an image, its configuration and its layers.
func blobsOf(i v1.Image) ([]v1.Descriptor, error) {
	d, err := partial.Descriptor(i)
	if err != nil {
		return nil, err
	}
	m, err := i.Manifest()
	if err != nil {
		return nil, err
	}
	return append([]v1.Descriptor{*d, m.Config}, m.Layers...), nil
}

// prefix is what of an image's name in the cache is before its tag.
func (c *cache) prefix(n Name) string { return c.arch + "/" + string(n) + ":" }

// find returns an image, or nil if it is not there under the tag that it has
// now.
func (c *cache) find(n Name) v1.Image {
	hash, err := tag(n, c.arch)
	if err != nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.IndexFunc(c.whole, func(d v1.Descriptor) bool { return d.Annotations[refName] == c.prefix(n)+hash })
	if at < 0 {
		return nil
	}
	i, err := c.Image(c.whole[at].Digest)
	if err != nil {
		return nil
	}
	return i
}

// lacking are those of some images that are not there, and likewise those that
// they are made of. One may be among them twice.
func (c *cache) lacking(which []Name) (all []Name) {
	for _, n := range which {
		if c.find(n) == nil {
			all = append(append(all, n), c.lacking(storedIn(n))...)
		}
	}
	return all
}

// put writes an image under the tag that it has now, and returns it as it is
// there. What only the one had that was there before goes. The index is written
// last.
func (c *cache) put(n Name, i v1.Image) (v1.Image, error) {
	hash, err := tag(n, c.arch)
	if err != nil {
		return nil, err
	}
	d, err := partial.Descriptor(i)
	if err != nil {
		return nil, err
	}
	d.Annotations = map[string]string{refName: c.prefix(n) + hash}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.whole = slices.DeleteFunc(c.whole, func(old v1.Descriptor) bool {
		return strings.HasPrefix(old.Annotations[refName], c.prefix(n))
	})
	if err := c.sweep(); err != nil {
		return nil, err
	}
	if err := c.WriteImage(i); err != nil {
		return nil, err
	}
	c.whole = append(c.whole, *d)
	if err := c.writeIndex(); err != nil {
		return nil, err
	}
	return c.Image(d.Digest)
}

// sweep removes the blobs that no image has. layout.Path's own collector fails
// at a file that was cut off, and WriteImage would keep that.
func (c *cache) sweep() error {
	used := map[string]bool{}
	for _, d := range c.whole {
		blobs, err := c.blobsOf(d)
		if err != nil {
			return err
		}
		for _, b := range blobs {
			used[b.Digest.Hex] = true
		}
	}
	there, err := filepath.Glob(filepath.Join(string(c.Path), "blobs", "sha256", "*"))
	if err != nil {
		return err
	}
	for _, file := range there {
		if !used[filepath.Base(file)] {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeIndex replaces index.json in one step.
func (c *cache) writeIndex() error {
	content, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: c.whole})
	if err != nil {
		return err
	}
	if err := c.WriteFile(layoutFile, []byte(layoutContent), 0o644); err != nil {
		return err
	}
	if err := c.WriteFile(indexFile+".part", content, 0o644); err != nil {
		return err
	}
	file := filepath.Join(string(c.Path), indexFile)
	return os.Rename(file+".part", file)
}
