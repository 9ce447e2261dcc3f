package images

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"

	"labcheck/harness"
)

// A pack is what Save writes: a tar stream, compressed with zstd, whose first
// file says what follows. The rest is an archive as `docker save` writes it,
// with its files named by their SHA-256 and in a set order, so that the same
// images always make the same bytes.

// packFile is the first file of a pack.
const packFile = "labcheck-images.json"

// packFormat is the version of the format.
const packFormat = 1

// packIndex is what packFile says.
type packIndex struct {
	Format int           `json:"format"`
	Arch   string        `json:"arch"` // as Go spells it
	Images []packedImage `json:"images"`
}

type packedImage struct {
	Name   Name     `json:"name"`
	Ref    string   `json:"ref"`
	Config packed   `json:"config"`
	Layers []packed `json:"layers"` // the lowest first
}

// packed is a file of a pack.
type packed struct {
	Digest string `json:"sha256"` // hexadecimal
	Size   int64  `json:"size"`   // bytes
}

// files are the files that follow the index and the manifest, each once.
func (x packIndex) files() []packed {
	var all []packed
	for _, i := range x.Images {
		for _, f := range append([]packed{i.Config}, i.Layers...) {
			if !slices.Contains(all, f) {
				all = append(all, f)
			}
		}
	}
	return all
}

// manifest is the index as an engine reads it.
func (x packIndex) manifest() ([]byte, error) {
	var images []manifest
	for _, i := range x.Images {
		m := manifest{Config: i.Config.Digest, RepoTags: []string{i.Ref}}
		for _, l := range i.Layers {
			m.Layers = append(m.Layers, l.Digest)
		}
		images = append(images, m)
	}
	return json.Marshal(images)
}

// writeHead writes what comes before the files.
func (x packIndex) writeHead(out *tar.Writer) error {
	index, err := json.Marshal(x)
	if err != nil {
		return err
	}
	manifest, err := x.manifest()
	if err != nil {
		return err
	}
	return errors.Join(writeEntry(out, packFile, index), writeEntry(out, manifestFile, manifest))
}

func writeEntry(out *tar.Writer, name string, content []byte) error {
	return copyEntry(out, packHeader(name, int64(len(content))), bytes.NewReader(content))
}

// packHeader has nothing in it that may be otherwise the next time.
func packHeader(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, Format: tar.FormatUSTAR}
}

// Save writes all images as a stream that Load reads. The same images make the
// same bytes, whichever engine they are on.
func (s *Store) Save(ctx context.Context, w io.Writer) error {
	missing, err := s.Missing(ctx)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return harness.Errorf("images %v are not there: make them first (labcheck images build)", "イメージ %v がない: 先に作成する(labcheck images build)", missing)
	}
	spool, err := s.newSpool()
	if err != nil {
		return err
	}
	return errors.Join(s.save(ctx, w, spool), spool.close())
}

func (s *Store) save(ctx context.Context, w io.Writer, spool *spool) error {
	arch, err := s.architecture(ctx)
	if err != nil {
		return err
	}
	index := packIndex{Format: packFormat, Arch: arch}
	for _, n := range names() {
		ref, err := s.Ref(ctx, n)
		if err != nil {
			return err
		}
		image, err := s.spoolImage(ctx, spool, ref)
		if err != nil {
			return harness.Errorf("save image %s: %w", "イメージ %s の保存: %w", ref, err)
		}
		image.Name = n
		index.Images = append(index.Images, image)
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	return errors.Join(spool.write(z, index), z.Close())
}

func (s *Store) spoolImage(ctx context.Context, spool *spool, ref string) (packedImage, error) {
	stream, err := s.engine.ImageSave(ctx, []string{ref})
	if err != nil {
		return packedImage{}, err
	}
	defer stream.Close()
	image, err := spool.add(stream)
	image.Ref = ref
	return image, err
}

func digest(content []byte) packed {
	sum := sha256.Sum256(content)
	return packed{hex.EncodeToString(sum[:]), int64(len(content))}
}
