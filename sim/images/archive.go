package images

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"labcheck/harness"
)

// manifestFile is where an archive says which images are in it:
// https://github.com/moby/docker-image-spec (v1.2, "Combined Image JSON +
// Filesystem Changeset Format").
const manifestFile = "manifest.json"

// manifest is an image of an archive.
type manifest struct {
	Config   string   // name of the configuration's file
	RepoTags []string // names of the image
	Layers   []string // names of the layers' files, the lowest first
}

// maxManifest is how many bytes of a manifest are read. Ours have under 2 kB.
const maxManifest = 1 << 20

// Archive writes an image as a stream that an engine loads. The image is in it
// under the names that InNode gives, or else its own.
func (s *Store) Archive(ctx context.Context, n Name, w io.Writer) error {
	ref, err := s.Ref(ctx, n)
	if err != nil {
		return err
	}
	tags := InNode(n)
	if tags == nil {
		tags = []string{ref}
	}
	stream, err := s.engine.ImageSave(ctx, []string{ref})
	if err != nil {
		return harness.Errorf("save image %s: %w", "イメージ %s の保存: %w", ref, err)
	}
	defer stream.Close()
	if err := rename(w, stream, tags); err != nil {
		return harness.Errorf("save image %s: %w", "イメージ %s の保存: %w", ref, err)
	}
	return nil
}

// rename copies an archive of one image and gives the image other names. It
// goes through the archive once: it may be large.
func rename(w io.Writer, r io.Reader, tags []string) error {
	in, out := tar.NewReader(r), tar.NewWriter(w)
	renamed := false
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch h.Name {
		case manifestFile:
			renamed = true
			err = renameManifest(out, h, in, tags)
		case "repositories", "index.json", "oci-layout":
			// They repeat the names, for engines that don't know the manifest, or
			// prefer these; none of our nodes does.
		default:
			err = copyEntry(out, h, in)
		}
		if err != nil {
			return err
		}
	}
	if !renamed {
		return harness.Errorf("the engine's archive has no %s", "Engine のアーカイブに %s がない", manifestFile)
	}
	return out.Close()
}

func copyEntry(out *tar.Writer, h *tar.Header, content io.Reader) error {
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.Copy(out, content)
	return err
}

func renameManifest(out *tar.Writer, h *tar.Header, r io.Reader, tags []string) error {
	images, err := readManifest(r)
	if err != nil {
		return err
	}
	if len(images) != 1 {
		return harness.Errorf("the engine's archive has %d images, not one", "Engine のアーカイブにあるイメージは 1 つではなく %d 個である", len(images))
	}
	images[0].RepoTags = tags
	content, err := json.Marshal(images)
	if err != nil {
		return err
	}
	h.Size = int64(len(content))
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	_, err = out.Write(content)
	return err
}

func readManifest(r io.Reader) ([]manifest, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxManifest))
	if err != nil {
		return nil, err
	}
	var images []manifest
	if err := json.Unmarshal(content, &images); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestFile, err)
	}
	return images, nil
}
