package images

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"labcheck/sim/images/oci"
)

// cache is every image that was computed, pulled or loaded, until another with its
// name and architecture takes its place. Who writes has the lock (Store.lock).
type cache struct {
	*oci.Layout
	arch string // of the images that are looked for
}

// openCache opens the cache for images of an architecture.
func (s *Store) openCache(arch string) (cache, error) {
	dir, err := s.inCache("images")
	if err != nil {
		return cache{}, err
	}
	return cache{oci.OpenLayout(dir), arch}, nil
}

// ref returns the name of an image in the cache: ARCHITECTURE/NAME:TAG.
func (c cache) ref(n Name) string { return c.arch + "/" + string(n) + ":" + tag(n, c.arch) }

// find returns an image, or nil if it is not there under the tag that it has
// now.
func (c cache) find(n Name) v1.Image { return c.Find(c.ref(n)) }

// put writes an image under the tag that it has now.
func (c cache) put(n Name, i v1.Image) error { return c.Put(c.ref(n), i) }

// lacking returns those of some images that are not there, and likewise those
// that are stored in them.
func (c cache) lacking(which []Name) []Name {
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
