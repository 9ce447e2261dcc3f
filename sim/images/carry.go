package images

import (
	"context"
	"io"

	"labcheck/harness/lang"
)

// ErrArchive reports that a file is not one that Save wrote, or not for this
// labcheck and this engine. The text says which.
var ErrArchive = lang.Errorf("these images can't be loaded")

// Save writes all images as an archive that Load, and engines, read. The same
// images make the same bytes, whichever engine they are on.
func (s *Store) Save(ctx context.Context, w io.Writer) error {
	var all []named
	err := s.eachPresent(ctx, func(_ Name, ref string, i *image) error {
		all = append(all, named{i, []string{ref}})
		return nil
	})
	if err != nil {
		return err
	}
	return writeArchive(w, all)
}

// Archive writes one image as an archive, under the names that InNode gives, or
// else its own.
func (s *Store) Archive(ctx context.Context, n Name, w io.Writer) error {
	ref, err := s.Ref(ctx, n)
	if err != nil {
		return err
	}
	i, err := s.fromEngine(ctx, ref)
	if err != nil {
		return err
	}
	names := InNode(n)
	if names == nil {
		names = []string{ref}
	}
	return writeArchive(w, []named{{i, names}})
}

// eachPresent reads the images from the engine, and fails if one is not there.
func (s *Store) eachPresent(ctx context.Context, do func(Name, string, *image) error) error {
	for _, n := range names() {
		ref, err := s.Ref(ctx, n)
		if err != nil {
			return err
		}
		i, err := s.fromEngine(ctx, ref)
		if err != nil {
			return err
		}
		if err := do(n, ref, i); err != nil {
			return err
		}
	}
	return nil
}

// fromEngine reads an image from the engine.
func (s *Store) fromEngine(ctx context.Context, ref string) (*image, error) {
	stream, err := s.engine.ImageSave(ctx, []string{ref})
	if err != nil {
		return nil, lang.Errorf("save image %s: %w", ref, err)
	}
	defer stream.Close()
	all, err := readArchive(stream)
	if err != nil {
		return nil, lang.Errorf("save image %s: %w", ref, err)
	}
	if len(all) != 1 {
		return nil, lang.Errorf("save image %s: the engine sent %d images, want 1", ref, len(all))
	}
	return all[0].image, nil
}

// Load gives the engine the images of an archive that Save wrote. One that is
// damaged, or was written by a labcheck with other images, is refused before
// anything of it is loaded.
func (s *Store) Load(ctx context.Context, r io.Reader) error {
	all, err := readArchive(r)
	if err != nil {
		return lang.Errorf("%w: not a whole file of labcheck images save: %w", ErrArchive, err)
	}
	found := map[Name]named{}
	for _, i := range all {
		if err := s.accept(ctx, found, i); err != nil {
			return err
		}
	}
	all = nil
	for _, n := range names() {
		i, ok := found[n]
		if !ok {
			return lang.Errorf("%w: the file has no image %s", ErrArchive, n)
		}
		all = append(all, i)
	}
	return s.loadArchive(ctx, all)
}

// accept adds an image of an archive to found if it is what this labcheck needs
// on this engine.
func (s *Store) accept(ctx context.Context, found map[Name]named, i named) error {
	config, err := i.configFile()
	if err != nil {
		return err
	}
	arch, err := s.architecture(ctx)
	if err != nil {
		return err
	}
	if config.Architecture != arch {
		return lang.Errorf("%w: they are for %s, and the engine is %s", ErrArchive, config.Architecture, arch)
	}
	n := Name(config.Config.Labels[labelImage])
	want, err := tag(n, arch)
	if err != nil {
		return err
	}
	if got := config.Config.Labels[labelRecipe]; got != want {
		return lang.Errorf("%w: another version of labcheck saved them: image %q has the tag %q, want %s", ErrArchive, n, got, want)
	}
	ref, err := s.Ref(ctx, n)
	found[n] = named{i.image, []string{ref}}
	return err
}
