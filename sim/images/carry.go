package images

import (
	"context"
	"errors"
	"io"
	"io/fs"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"labcheck/harness/lang"
)

// ErrArchive reports that a file is not one that Save wrote, or not for this
// labcheck and this engine. The text says which.
var ErrArchive = lang.Errorf("these images can't be loaded")

// Save writes all images as an archive that Load, and engines, read. The same
// images make the same bytes.
func (s *Store) Save(ctx context.Context, w io.Writer) error {
	return s.withImages(ctx, names(), func(m *maker, all []named) error { return m.cache.writeArchive(w, all) })
}

// Archive writes one image as an archive, under the names that InNode gives, or
// else its own.
func (s *Store) Archive(ctx context.Context, n Name, w io.Writer) error {
	return s.withImages(ctx, []Name{n}, func(m *maker, one []named) error {
		if refs := InNode(n); refs != nil {
			one[0].refs = refs
		}
		return m.cache.writeArchive(w, one)
	})
}

// Load gives the engine the images of an archive that Save wrote. One that is
// damaged, or was written by a labcheck with other images, is refused before
// anything of it is loaded.
func (s *Store) Load(ctx context.Context, r io.Reader) error {
	return s.withMaker(ctx, func(m *maker) error {
		if err := m.takeIn(r); err != nil {
			return err
		}
		return m.giveToEngine(ctx, m.cached(names()))
	})
}

// takeIn puts the images of an archive into the cache.
func (m *maker) takeIn(r io.Reader) error {
	read, err := readArchive(r, layout.Path(m.incoming))
	if err != nil {
		return refused(err)
	}
	found := map[Name]v1.Image{}
	for _, i := range read {
		n, err := m.accept(i)
		if err != nil {
			return err
		}
		found[n] = i
	}
	for _, n := range names() {
		if found[n] == nil {
			return lang.Errorf("%w: the file has no image %s", ErrArchive, n)
		}
	}
	for _, n := range names() {
		if err := m.cache.put(n, found[n]); err != nil {
			return err
		}
	}
	return nil
}

// accept says which image one of an archive is, if it is what this labcheck
// needs on this engine.
func (m *maker) accept(i v1.Image) (Name, error) {
	config, err := i.ConfigFile()
	if err != nil {
		return "", refused(err)
	}
	if config.Architecture != m.arch {
		return "", lang.Errorf("%w: they are for %s, and the engine is %s", ErrArchive, config.Architecture, m.arch)
	}
	n := Name(config.Config.Labels[labelImage])
	if got, want := config.Config.Labels[labelRecipe], tag(n, m.arch); got != want {
		return "", lang.Errorf("%w: another version of labcheck saved them: image %q has the tag %q, want %s", ErrArchive, n, got, want)
	}
	// What has a known digest, and blobs that fit their names, need not be unpacked.
	digest, err := i.Digest()
	if known, _, _ := knownImage(n, m.arch); err == nil && known != digest.String() {
		err = validate.Image(i)
	}
	if err != nil {
		return "", refused(err)
	}
	return n, nil
}

// refused is the error of a file that is damaged or no archive of ours. What this
// machine can't read or write is no fault of the file's.
func refused(err error) error {
	if errors.As(err, new(*fs.PathError)) {
		return err
	}
	return lang.Errorf("%w: not a whole file of labcheck images save: %w", ErrArchive, err)
}
