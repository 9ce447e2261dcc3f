package images

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

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
func (s *Store) Save(ctx context.Context, w io.Writer) error { return s.save(ctx, names(), w) }

// Archive writes one image as an archive, under the names that InNode gives, or
// else its own.
func (s *Store) Archive(ctx context.Context, n Name, w io.Writer) error {
	return s.save(ctx, []Name{n}, w)
}

// save writes images as an archive: one alone under its names in a node. While it
// is written the lock is not held: another labcheck may read it, and want the lock.
func (s *Store) save(ctx context.Context, which []Name, w io.Writer) error {
	var a *archive
	err := s.withImages(ctx, which, func(m *maker, all []named) (err error) {
		if refs := InNode(which[0]); len(which) == 1 && refs != nil {
			all[0].refs = refs
		}
		a, err = m.cache.openArchive(all)
		return err
	})
	if err != nil {
		return err
	}
	defer a.close()
	return a.write(w)
}

// Load gives the engine the images of an archive that Save wrote. One that is
// damaged, or was written by a labcheck with other images, is refused before
// anything of it is loaded.
func (s *Store) Load(ctx context.Context, r io.Reader) error {
	archive, err := s.spool(r)
	if err != nil {
		return err
	}
	defer os.Remove(archive.Name()) //nolint:errcheck // only Windows still has it
	defer archive.Close()
	return s.withMaker(ctx, func(m *maker) error {
		if err := m.takeIn(archive); err != nil {
			return err
		}
		return m.giveToEngine(ctx, m.cached(names()))
	})
}

// spool reads all of an archive into a file without a name, before the lock is
// taken: another labcheck that is writing the archive may want the lock, too.
func (s *Store) spool(r io.Reader) (*os.File, error) {
	dir, err := s.inCache("")
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(dir, "load-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(file.Name()) // Windows removes no open file
	_, err = io.Copy(file, r)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
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
