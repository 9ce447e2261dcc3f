package images

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"labcheck/harness"
)

// spool keeps the files of archives on disk, because what they are is said at
// the archives' end.
type spool struct {
	disk  *os.File
	end   int64
	files map[string]extent // by digest
}

// extent is where a file is.
type extent struct {
	packed
	offset int64
}

func (s *Store) newSpool() (*spool, error) {
	dir, err := s.workDir()
	if err != nil {
		return nil, err
	}
	disk, err := os.CreateTemp(dir, "save-*")
	if err != nil {
		return nil, err
	}
	// Without a name it goes when the process does. Where an open file can't be
	// removed, close does it.
	_ = os.Remove(disk.Name())
	return &spool{disk: disk, files: map[string]extent{}}, nil
}

func (s *spool) close() error {
	err := s.disk.Close()
	if gone := os.Remove(s.disk.Name()); !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// add takes the archive of one image, as an engine writes it.
func (s *spool) add(r io.Reader) (packedImage, error) {
	names := map[string]string{} // digest of a file, or its name again where it is a link
	links := map[string]string{}
	var images []manifest
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return packedImage{}, err
		}
		switch {
		case h.Name == manifestFile:
			images, err = readManifest(in)
		case h.Typeflag == tar.TypeReg:
			names[h.Name], err = s.keep(in)
		case h.Typeflag == tar.TypeSymlink:
			links[h.Name] = path.Join(path.Dir(h.Name), h.Linkname)
		}
		if err != nil {
			return packedImage{}, fmt.Errorf("%s: %w", h.Name, err)
		}
	}
	if len(images) != 1 {
		return packedImage{}, harness.Errorf("the engine's archive has %d images, not one", "Engine のアーカイブにあるイメージは 1 つではなく %d 個である", len(images))
	}
	return s.image(images[0], func(name string) string {
		if target, ok := links[name]; ok {
			name = target
		}
		return names[name]
	})
}

// image puts an image together from kept files.
func (s *spool) image(m manifest, digestOf func(string) string) (packedImage, error) {
	config, ok := s.files[digestOf(m.Config)]
	if !ok {
		return packedImage{}, harness.Errorf("the engine's archive lacks %s", "Engine のアーカイブに %s がない", m.Config)
	}
	image := packedImage{Config: config.packed}
	for _, name := range m.Layers {
		layer, ok := s.files[digestOf(name)]
		if !ok {
			return packedImage{}, harness.Errorf("the engine's archive lacks %s", "Engine のアーカイブに %s がない", name)
		}
		image.Layers = append(image.Layers, layer.packed)
	}
	return image, s.checkLayers(config, image.Layers)
}

// checkLayers compares layers with what the configuration, whose digest is the
// image's id, says they are.
func (s *spool) checkLayers(config extent, layers []packed) error {
	var said struct {
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	if err := json.NewDecoder(s.open(config)).Decode(&said); err != nil {
		return harness.Errorf("the image's configuration: %w", "イメージの設定: %w", err)
	}
	if len(said.RootFS.DiffIDs) != len(layers) {
		return harness.Errorf("%d layers, where the image has %d", "レイヤは %d 個だが、イメージでは %d 個である", len(layers), len(said.RootFS.DiffIDs))
	}
	for i, id := range said.RootFS.DiffIDs {
		if id != "sha256:"+layers[i].Digest {
			return harness.Errorf("a layer is sha256:%s, where the image has %s", "レイヤは sha256:%s だが、イメージでは %s である", layers[i].Digest, id)
		}
	}
	return nil
}

// keep appends a file, unpacked: some engines hold layers compressed, and
// compress otherwise than others. It returns the digest.
func (s *spool) keep(r io.Reader) (string, error) {
	content, err := unpacked(bufio.NewReader(r))
	if err != nil {
		return "", err
	}
	if _, err := s.disk.Seek(s.end, io.SeekStart); err != nil {
		return "", err
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(s.disk, sum), content)
	if err != nil {
		return "", err
	}
	name := hex.EncodeToString(sum.Sum(nil))
	if _, ok := s.files[name]; !ok {
		s.files[name] = extent{packed{name, size}, s.end}
		s.end += size
	}
	return name, nil
}

func unpacked(r *bufio.Reader) (io.Reader, error) {
	magic, err := r.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return gzip.NewReader(r)
	}
	return r, nil
}

func (s *spool) open(e extent) io.Reader { return io.NewSectionReader(s.disk, e.offset, e.Size) }

// write writes the pack that the index describes.
func (s *spool) write(w io.Writer, index packIndex) error {
	out := tar.NewWriter(w)
	if err := index.writeHead(out); err != nil {
		return err
	}
	for _, f := range index.files() {
		if err := copyEntry(out, packHeader(f.Digest, f.Size), s.open(s.files[f.Digest])); err != nil {
			return err
		}
	}
	return out.Close()
}
