package images

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"labcheck/harness/lang"
	"labcheck/sim/images/oci"
)

// ErrArchive reports that a file is not one that Save wrote, or not for this
// labcheck and this engine. The text says which.
var ErrArchive = lang.Errorf("these images can't be loaded")

// Save writes all images as an archive that Load, and engines, read. The same
// images make the same bytes. While it is written the lock is not held: another
// labcheck may read it, and want the lock.
func (s *Store) Save(ctx context.Context, w io.Writer) error {
	all, err := s.obtainImages(ctx, names())
	if err != nil {
		return err
	}
	return writeArchive(w, all)
}

// Archive writes one image as an archive, under the names that InNode gives, or
// else its own.
func (s *Store) Archive(ctx context.Context, n Name, w io.Writer) error {
	all, err := s.obtainImages(ctx, []Name{n})
	if err != nil {
		return err
	}
	if refs := InNode(n); refs != nil {
		all[0].Refs = refs
	}
	return writeArchive(w, all)
}

// writeArchive writes images as an archive.
func writeArchive(w io.Writer, all []namedImage) error {
	var named []oci.NamedImage
	for _, i := range all {
		named = append(named, i.NamedImage)
	}
	return oci.WriteArchive(w, named)
}

// Push writes all images to the registry, each under its tag.
func (s *Store) Push(ctx context.Context) error {
	all, err := s.obtainImages(ctx, names())
	if err != nil {
		return err
	}
	for _, i := range all {
		to, err := oci.AtRegistry(s.opts.Registry, i.Refs[0])
		if err != nil {
			return err
		}
		s.say(i.name, "pushing %s", to)
		if err := oci.Push(ctx, to, i.Image); err != nil {
			return lang.Errorf("push %s: %w", to, err)
		}
		s.say(i.name, "pushed")
	}
	return nil
}

// Load gives the engine the images of an archive that Save wrote. One that is
// damaged, or was written by a labcheck with other images, is refused before
// anything of it is loaded.
func (s *Store) Load(ctx context.Context, r io.Reader) error {
	dir, err := os.MkdirTemp("", "labcheck-load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system removes it
	// It is read before the lock is taken: another labcheck that is writing the
	// archive may want the lock, too.
	read, err := oci.ReadArchive(r, dir)
	if err != nil {
		return damagedArchiveError(err)
	}
	return s.withMaker(ctx, func(m *maker) error {
		if err := m.cacheArchive(read); err != nil {
			return err
		}
		return s.loadImages(ctx, m.cached(names()))
	})
}

// cacheArchive puts the images of an archive into the cache, if all are there.
func (m *maker) cacheArchive(read []v1.Image) error {
	found := map[Name]v1.Image{}
	for _, i := range read {
		n, err := identifyImage(i, m.arch)
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

// identifyImage says which image one of an archive is, if it is what this labcheck
// needs on an engine of an architecture.
func identifyImage(i v1.Image, arch string) (Name, error) {
	config, err := i.ConfigFile()
	if err != nil {
		return "", damagedArchiveError(err)
	}
	if config.Architecture != arch {
		return "", lang.Errorf("%w: they are for %s, and the engine is %s", ErrArchive, config.Architecture, arch)
	}
	n := Name(config.Config.Labels[labelImage])
	if got, want := config.Config.Labels[labelRecipe], tag(n, arch); got != want {
		return "", lang.Errorf("%w: another version of labcheck saved them: image %q has the tag %q, want %s", ErrArchive, n, got, want)
	}
	// What has a known digest, and blobs that fit their names, need not be unpacked.
	digest, err := i.Digest()
	if known, _, _ := knownImage(n, arch); err == nil && known != digest.String() {
		err = validate.Image(i)
	}
	if err != nil {
		return "", damagedArchiveError(err)
	}
	return n, nil
}

// damagedArchiveError returns the error of a file that is damaged or no archive of ours. What this
// machine can't read or write is no fault of the file's.
func damagedArchiveError(err error) error {
	if errors.As(err, new(*fs.PathError)) {
		return err
	}
	return lang.Errorf("%w: not a whole file of labcheck images save: %w", ErrArchive, err)
}
